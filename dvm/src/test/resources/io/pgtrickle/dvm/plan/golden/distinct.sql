--: table src: id int4!, region text, price numeric; key id
--: query SELECT DISTINCT region, price FROM public.src
--: output region text, price numeric
--: probe region text, price numeric
--: changes src

-- ---- plan

-- stage 1: DISTINCT rows.region, rows.price
-- apply: updated in place by key (region, price), found by its hash

-- ---- tables

CREATE TABLE pgtrickle_state.st_1_s1 WITH (fillfactor = 70) AS
SELECT hash_record_extended(ROW(rows.region, rows.price), 0) AS __pgt_h, rows.region, rows.price, count(*) AS __pgt_n
FROM (SELECT region, price
FROM public.src AS src) AS rows
GROUP BY rows.region, rows.price
WITH NO DATA;
CREATE INDEX ON pgtrickle_state.st_1_s1 (__pgt_h);
CREATE INDEX ON public.st (hash_record_extended(ROW(region, price), 0));

-- ---- changes of src

WITH
-- what changed in public.src since the frontier; the second SELECT has no rows and tells the planner how many to expect
changes_1 AS (
  SELECT b.region, b.price, b.__pgt_w
  FROM pgtrickle_changes.changes_1 AS b
  WHERE (b.__pgt_xid >= '900'::xid8 OR b.__pgt_xid = ANY ('{801,850}'::xid8[]))
  UNION ALL
  SELECT NULL, NULL, NULL
  FROM generate_series(1, 10)
  WHERE pg_backend_pid() = 0
  LIMIT 10
),
-- stage 1: DISTINCT rows.region, rows.price
-- change rows of what is aggregated
stage1_delta AS (
  SELECT rows.region, rows.price, rows.__pgt_w
  FROM (SELECT region, price, src.__pgt_w
  FROM changes_1 AS src) AS rows
),
-- stage 1: touched groups, changes added up
stage1_groups AS (
  SELECT hash_record_extended(ROW(d.region, d.price), 0) AS __pgt_h,
    d.region,
    d.price,
    sum(d.__pgt_w) AS __pgt_w,
    sum(d.__pgt_w) FILTER (WHERE (d.price)::text = (o.price)::text) AS stored_price,
    count(*) FILTER (WHERE d.__pgt_w < 0) AS __pgt_went
  FROM stage1_delta AS d
  LEFT JOIN pgtrickle_state.st_1_s1 AS o ON o.__pgt_h = hash_record_extended(ROW(d.region, d.price), 0) AND o.region IS NOT DISTINCT FROM d.region AND o.price IS NOT DISTINCT FROM d.price
  GROUP BY d.region, d.price
),
-- stage 1: beside what is stored
stage1_touched AS (
  SELECT t.*, row_number() OVER () AS __pgt_g,
    t.__pgt_n > 0 AND (coalesce(CASE WHEN t.old___pgt_n > 0 THEN t.stored_price < 0 ELSE t.__pgt_went > 0 END, false)) AS __pgt_rescan
  FROM (
    SELECT g.__pgt_h,
      g.region,
      g.price,
      o.price AS old_price, g.stored_price,
      g.__pgt_went,
      coalesce(o.__pgt_n, 0) AS old___pgt_n,
      coalesce(o.__pgt_n, 0) + g.__pgt_w AS __pgt_n
    FROM stage1_groups AS g
    LEFT JOIN pgtrickle_state.st_1_s1 AS o ON o.__pgt_h = g.__pgt_h AND o.region IS NOT DISTINCT FROM g.region AND o.price IS NOT DISTINCT FROM g.price
  ) AS t
),
-- stage 1: groups that must be read again
stage1_rescan AS (
  SELECT __pgt_f.__pgt_g,
    any_value((rows.price)) AS price
  FROM (SELECT __pgt_g, region AS __pgt_k1, price AS __pgt_k2 FROM stage1_touched WHERE __pgt_rescan AND num_nulls(region, price) = 0) AS __pgt_f,
    (SELECT region, price
  FROM public.src AS src) AS rows
  WHERE (rows.region) = __pgt_f.__pgt_k1
    AND (rows.price) = __pgt_f.__pgt_k2
    AND EXISTS (SELECT FROM stage1_touched WHERE __pgt_rescan AND num_nulls(region, price) = 0)
  GROUP BY __pgt_f.__pgt_g
  UNION ALL
  SELECT __pgt_f.__pgt_g,
    any_value((rows.price)) AS price
  FROM (SELECT __pgt_g, region AS __pgt_k1, price AS __pgt_k2 FROM stage1_touched WHERE __pgt_rescan AND num_nulls(region, price) > 0) AS __pgt_f,
    (SELECT region, price
  FROM public.src AS src) AS rows
  WHERE (rows.region) IS NOT DISTINCT FROM __pgt_f.__pgt_k1
    AND (rows.price) IS NOT DISTINCT FROM __pgt_f.__pgt_k2
    AND EXISTS (SELECT FROM stage1_touched WHERE __pgt_rescan AND num_nulls(region, price) > 0)
  GROUP BY __pgt_f.__pgt_g
),
-- stage 1: the new state of the touched groups
stage1_next AS (
  SELECT t.__pgt_h,
    t.region,
    CASE WHEN t.__pgt_rescan THEN r.price WHEN t.old___pgt_n > 0 THEN t.old_price ELSE t.price END AS price,
    t.old_price,
    t.old___pgt_n,
    t.__pgt_n
  FROM stage1_touched AS t
  LEFT JOIN stage1_rescan AS r ON r.__pgt_g = t.__pgt_g
),
-- stage 1: the state table follows
stage1_write AS (
  MERGE INTO pgtrickle_state.st_1_s1 AS s
  USING stage1_next AS n
  ON s.__pgt_h = n.__pgt_h AND s.region IS NOT DISTINCT FROM n.region AND s.price IS NOT DISTINCT FROM n.price
  WHEN MATCHED AND n.__pgt_n <= 0 THEN DELETE
  WHEN MATCHED AND NOT ((s.price, scale(s.price)) IS NOT DISTINCT FROM (n.price, scale(n.price)) AND s.__pgt_n = n.__pgt_n) THEN UPDATE SET price = n.price, __pgt_n = n.__pgt_n
  WHEN NOT MATCHED AND n.__pgt_n > 0 THEN
    INSERT (__pgt_h, region, price, __pgt_n)
    VALUES (n.__pgt_h, n.region, n.price, n.__pgt_n)
),
-- stage 1: the old rows of changed groups go, the new ones come
stage1_changes AS (
  SELECT region, old_price AS price, -1 AS __pgt_w
  FROM stage1_next
  WHERE old___pgt_n > 0 AND NOT (old___pgt_n > 0 AND __pgt_n > 0 AND (old_price, scale(old_price)) IS NOT DISTINCT FROM (price, scale(price)))
  UNION ALL
  SELECT region, price, 1 AS __pgt_w
  FROM stage1_next
  WHERE __pgt_n > 0 AND NOT (old___pgt_n > 0 AND __pgt_n > 0 AND (old_price, scale(old_price)) IS NOT DISTINCT FROM (price, scale(price)))
),
-- what comes and goes, by row
net AS (
  SELECT region, price, stage1_changes.__pgt_w
  FROM stage1_changes
),
-- one row for each touched key: the new row, or the old one where none comes
changed AS (
  SELECT d.region, d.price, true AS __pgt_present
  FROM net AS d
  WHERE d.__pgt_w > 0
  UNION ALL
  SELECT d.region, d.price, false
  FROM net AS d
  WHERE d.__pgt_w < 0
    AND NOT EXISTS (SELECT FROM net AS n WHERE n.__pgt_w > 0 AND hash_record_extended(ROW(n.region, n.price), 0) = hash_record_extended(ROW(d.region, d.price), 0) AND n.region IS NOT DISTINCT FROM d.region AND n.price IS NOT DISTINCT FROM d.price)
),
-- the visible table follows
applied AS (
  MERGE INTO public.st AS t
  USING changed AS d
  ON hash_record_extended(ROW(t.region, t.price), 0) = hash_record_extended(ROW(d.region, d.price), 0) AND t.region IS NOT DISTINCT FROM d.region AND t.price IS NOT DISTINCT FROM d.price
  WHEN MATCHED AND NOT d.__pgt_present THEN DELETE
  WHEN MATCHED AND NOT ((t.price, scale(t.price)) IS NOT DISTINCT FROM (d.price, scale(d.price))) THEN
    UPDATE SET price = d.price
  WHEN NOT MATCHED AND d.__pgt_present THEN
    INSERT (region, price)
    VALUES (d.region, d.price)
  RETURNING merge_action() AS action
),
-- how many
done AS (
  SELECT count(*) FILTER (WHERE action = 'INSERT') AS inserted, count(*) FILTER (WHERE action = 'UPDATE') AS updated,
    count(*) FILTER (WHERE action = 'DELETE') AS deleted
  FROM applied
)
SELECT pg_current_snapshot()::text AS snapshot,
  (SELECT inserted FROM done)::bigint AS rows_inserted,
  (SELECT updated FROM done)::bigint AS rows_updated,
  (SELECT deleted FROM done)::bigint AS rows_deleted,
  (10)::bigint AS delta_rows,
  EXISTS (SELECT FROM stage1_next WHERE __pgt_n < 0)
    OR EXISTS (SELECT FROM net WHERE abs(__pgt_w) > 1) OR (SELECT deleted FROM done) <> (SELECT count(*) FROM changed WHERE NOT __pgt_present) AS broken;

-- ---- full

WITH
-- stage 1: DISTINCT rows.region, rows.price
-- all groups
stage1_groups AS (
  SELECT hash_record_extended(ROW(rows.region, rows.price), 0) AS __pgt_h, rows.region, rows.price, count(*) AS __pgt_n
  FROM (SELECT region, price
  FROM public.src AS src) AS rows
  GROUP BY rows.region, rows.price
),
-- stage 1: the state table becomes equal to them
stage1_write AS (
  MERGE INTO pgtrickle_state.st_1_s1 AS s
  USING stage1_groups AS n
  ON s.__pgt_h = n.__pgt_h AND s.region IS NOT DISTINCT FROM n.region AND s.price IS NOT DISTINCT FROM n.price
  WHEN MATCHED AND n.__pgt_n <= 0 THEN DELETE
  WHEN MATCHED AND NOT ((s.price, scale(s.price)) IS NOT DISTINCT FROM (n.price, scale(n.price)) AND s.__pgt_n = n.__pgt_n) THEN UPDATE SET price = n.price, __pgt_n = n.__pgt_n
  WHEN NOT MATCHED AND n.__pgt_n > 0 THEN
    INSERT (__pgt_h, region, price, __pgt_n)
    VALUES (n.__pgt_h, n.region, n.price, n.__pgt_n)
  WHEN NOT MATCHED BY SOURCE THEN DELETE
),
-- what the table shall hold
wanted AS (
  SELECT region, price
  FROM (SELECT s.region, s.price
  FROM stage1_groups AS s) AS stage1
),
-- it becomes equal to that
applied AS (
  MERGE INTO public.st AS t
  USING wanted AS d
  ON hash_record_extended(ROW(t.region, t.price), 0) = hash_record_extended(ROW(d.region, d.price), 0) AND t.region IS NOT DISTINCT FROM d.region AND t.price IS NOT DISTINCT FROM d.price
  WHEN MATCHED AND NOT ((t.price, scale(t.price)) IS NOT DISTINCT FROM (d.price, scale(d.price))) THEN
    UPDATE SET price = d.price
  WHEN NOT MATCHED THEN
    INSERT (region, price)
    VALUES (d.region, d.price)
  WHEN NOT MATCHED BY SOURCE THEN DELETE
  RETURNING merge_action() AS action
),
-- how many
done AS (
  SELECT count(*) FILTER (WHERE action = 'INSERT') AS inserted, count(*) FILTER (WHERE action = 'UPDATE') AS updated,
    count(*) FILTER (WHERE action = 'DELETE') AS deleted
  FROM applied
)
SELECT pg_current_snapshot()::text AS snapshot,
  (SELECT inserted FROM done)::bigint AS rows_inserted,
  (SELECT updated FROM done)::bigint AS rows_updated,
  (SELECT deleted FROM done)::bigint AS rows_deleted,
  (0)::bigint AS delta_rows,
  false AS broken;

