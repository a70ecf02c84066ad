--: table src: id int4!, region text, price numeric; key id
--: query SELECT region, min(price) AS lowest, max(price) AS highest FROM public.src GROUP BY region
--: output region text, lowest numeric, highest numeric
--: probe region text, __pgt_min_price numeric, __pgt_max_price numeric, min_price numeric, max_price numeric
--: changes src

-- ---- plan

-- stage 1: GROUP BY region: min(price), max(price)
-- stage 1: min(price) is compared with the stored one; groups that lose it are read again
-- stage 1: max(price) is compared with the stored one; groups that lose it are read again
-- apply: updated in place by key (region), found by its hash

-- ---- tables

CREATE TABLE pgtrickle_state.st_1_s1 WITH (fillfactor = 70) AS
SELECT hash_record_extended(ROW(region), 0) AS __pgt_h, region, count(*) AS __pgt_n, min(price) AS min_price, max(price) AS max_price
FROM public.src AS src
GROUP BY region
WITH NO DATA;
CREATE INDEX ON pgtrickle_state.st_1_s1 (__pgt_h);
CREATE INDEX ON public.st (hash_record_extended(ROW(region), 0));

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
-- stage 1: GROUP BY region: min(price), max(price)
-- change rows of what is aggregated
stage1_delta AS (
  SELECT region, price AS __pgt_x1, src.__pgt_w
  FROM changes_1 AS src
),
-- stage 1: touched groups, changes added up
stage1_groups AS (
  SELECT hash_record_extended(ROW(d.region), 0) AS __pgt_h,
    d.region,
    sum(d.__pgt_w) AS __pgt_w,
    min(d.__pgt_x1) FILTER (WHERE d.__pgt_w > 0) AS came_min_price,
    min(d.__pgt_x1) FILTER (WHERE d.__pgt_w < 0) AS went_min_price,
    sum(d.__pgt_w) FILTER (WHERE (d.__pgt_x1)::text = (o.min_price)::text) AS stored_min_price,
    max(d.__pgt_x1) FILTER (WHERE d.__pgt_w > 0) AS came_max_price,
    max(d.__pgt_x1) FILTER (WHERE d.__pgt_w < 0) AS went_max_price,
    sum(d.__pgt_w) FILTER (WHERE (d.__pgt_x1)::text = (o.max_price)::text) AS stored_max_price
  FROM stage1_delta AS d
  LEFT JOIN pgtrickle_state.st_1_s1 AS o ON o.__pgt_h = hash_record_extended(ROW(d.region), 0) AND o.region IS NOT DISTINCT FROM d.region
  GROUP BY d.region
),
-- stage 1: beside what is stored
stage1_touched AS (
  SELECT t.*, row_number() OVER () AS __pgt_g,
    t.__pgt_n > 0 AND (coalesce(CASE WHEN t.came_min_price IS NOT NULL AND (t.old_min_price IS NULL OR t.came_min_price < t.old_min_price) THEN t.went_min_price <= t.came_min_price ELSE t.stored_min_price < 0 END, false)
      OR coalesce(CASE WHEN t.came_max_price IS NOT NULL AND (t.old_max_price IS NULL OR t.came_max_price > t.old_max_price) THEN t.went_max_price >= t.came_max_price ELSE t.stored_max_price < 0 END, false)) AS __pgt_rescan
  FROM (
    SELECT g.__pgt_h,
      g.region,
      coalesce(o.__pgt_n, 0) AS old___pgt_n,
      coalesce(o.__pgt_n, 0) + g.__pgt_w AS __pgt_n,
      o.min_price AS old_min_price,
      o.max_price AS old_max_price,
      g.came_min_price,
      g.went_min_price,
      g.stored_min_price,
      g.came_max_price,
      g.went_max_price,
      g.stored_max_price
    FROM stage1_groups AS g
    LEFT JOIN pgtrickle_state.st_1_s1 AS o ON o.__pgt_h = g.__pgt_h AND o.region IS NOT DISTINCT FROM g.region
  ) AS t
),
-- stage 1: groups that must be read again
stage1_rescan AS (
  SELECT __pgt_f.__pgt_g,
    min(price) AS min_price,
    max(price) AS max_price
  FROM (SELECT __pgt_g, region AS __pgt_k1 FROM stage1_touched WHERE __pgt_rescan AND num_nulls(region) = 0) AS __pgt_f,
    public.src AS src
  WHERE (region) = __pgt_f.__pgt_k1
    AND EXISTS (SELECT FROM stage1_touched WHERE __pgt_rescan AND num_nulls(region) = 0)
  GROUP BY __pgt_f.__pgt_g
  UNION ALL
  SELECT __pgt_f.__pgt_g,
    min(price) AS min_price,
    max(price) AS max_price
  FROM (SELECT __pgt_g, region AS __pgt_k1 FROM stage1_touched WHERE __pgt_rescan AND num_nulls(region) > 0) AS __pgt_f,
    public.src AS src
  WHERE (region) IS NOT DISTINCT FROM __pgt_f.__pgt_k1
    AND EXISTS (SELECT FROM stage1_touched WHERE __pgt_rescan AND num_nulls(region) > 0)
  GROUP BY __pgt_f.__pgt_g
),
-- stage 1: the new state of the touched groups
stage1_next AS (
  SELECT t.__pgt_h,
    t.region,
    t.old___pgt_n,
    t.__pgt_n,
    CASE WHEN t.__pgt_rescan THEN r.min_price ELSE CASE WHEN t.came_min_price IS NOT NULL AND (t.old_min_price IS NULL OR t.came_min_price < t.old_min_price) THEN t.came_min_price ELSE t.old_min_price END END AS min_price,
    t.old_min_price,
    CASE WHEN t.__pgt_rescan THEN r.max_price ELSE CASE WHEN t.came_max_price IS NOT NULL AND (t.old_max_price IS NULL OR t.came_max_price > t.old_max_price) THEN t.came_max_price ELSE t.old_max_price END END AS max_price,
    t.old_max_price
  FROM stage1_touched AS t
  LEFT JOIN stage1_rescan AS r ON r.__pgt_g = t.__pgt_g
),
-- stage 1: the state table follows
stage1_write AS (
  MERGE INTO pgtrickle_state.st_1_s1 AS s
  USING stage1_next AS n
  ON s.__pgt_h = n.__pgt_h AND s.region IS NOT DISTINCT FROM n.region
  WHEN MATCHED AND n.__pgt_n <= 0 THEN DELETE
  WHEN MATCHED AND NOT (s.__pgt_n = n.__pgt_n AND (s.min_price, scale(s.min_price)) IS NOT DISTINCT FROM (n.min_price, scale(n.min_price)) AND (s.max_price, scale(s.max_price)) IS NOT DISTINCT FROM (n.max_price, scale(n.max_price))) THEN UPDATE SET __pgt_n = n.__pgt_n, min_price = n.min_price, max_price = n.max_price
  WHEN NOT MATCHED AND n.__pgt_n > 0 THEN
    INSERT (__pgt_h, region, __pgt_n, min_price, max_price)
    VALUES (n.__pgt_h, n.region, n.__pgt_n, n.min_price, n.max_price)
),
-- stage 1: the old rows of changed groups go, the new ones come
stage1_changes AS (
  SELECT region, old_min_price AS min_price, old_max_price AS max_price, -1 AS __pgt_w
  FROM stage1_next
  WHERE old___pgt_n > 0 AND NOT (old___pgt_n > 0 AND __pgt_n > 0 AND (old_min_price, scale(old_min_price)) IS NOT DISTINCT FROM (min_price, scale(min_price)) AND (old_max_price, scale(old_max_price)) IS NOT DISTINCT FROM (max_price, scale(max_price)))
  UNION ALL
  SELECT region, min_price AS min_price, max_price AS max_price, 1 AS __pgt_w
  FROM stage1_next
  WHERE __pgt_n > 0 AND NOT (old___pgt_n > 0 AND __pgt_n > 0 AND (old_min_price, scale(old_min_price)) IS NOT DISTINCT FROM (min_price, scale(min_price)) AND (old_max_price, scale(old_max_price)) IS NOT DISTINCT FROM (max_price, scale(max_price)))
),
-- what comes and goes, by row
net AS (
  SELECT region, min_price AS lowest, max_price AS highest, stage1_changes.__pgt_w
  FROM stage1_changes
),
-- one row for each touched key: the new row, or the old one where none comes
changed AS (
  SELECT d.region, d.lowest, d.highest, true AS __pgt_present
  FROM net AS d
  WHERE d.__pgt_w > 0
  UNION ALL
  SELECT d.region, d.lowest, d.highest, false
  FROM net AS d
  WHERE d.__pgt_w < 0
    AND NOT EXISTS (SELECT FROM net AS n WHERE n.__pgt_w > 0 AND hash_record_extended(ROW(n.region), 0) = hash_record_extended(ROW(d.region), 0) AND n.region IS NOT DISTINCT FROM d.region)
),
-- the visible table follows
applied AS (
  MERGE INTO public.st AS t
  USING changed AS d
  ON hash_record_extended(ROW(t.region), 0) = hash_record_extended(ROW(d.region), 0) AND t.region IS NOT DISTINCT FROM d.region
  WHEN MATCHED AND NOT d.__pgt_present THEN DELETE
  WHEN MATCHED AND NOT ((t.lowest, scale(t.lowest)) IS NOT DISTINCT FROM (d.lowest, scale(d.lowest)) AND (t.highest, scale(t.highest)) IS NOT DISTINCT FROM (d.highest, scale(d.highest))) THEN
    UPDATE SET lowest = d.lowest, highest = d.highest
  WHEN NOT MATCHED AND d.__pgt_present THEN
    INSERT (region, lowest, highest)
    VALUES (d.region, d.lowest, d.highest)
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
-- stage 1: GROUP BY region: min(price), max(price)
-- all groups
stage1_groups AS (
  SELECT hash_record_extended(ROW(region), 0) AS __pgt_h, region, count(*) AS __pgt_n, min(price) AS min_price, max(price) AS max_price
  FROM public.src AS src
  GROUP BY region
),
-- stage 1: the state table becomes equal to them
stage1_write AS (
  MERGE INTO pgtrickle_state.st_1_s1 AS s
  USING stage1_groups AS n
  ON s.__pgt_h = n.__pgt_h AND s.region IS NOT DISTINCT FROM n.region
  WHEN MATCHED AND n.__pgt_n <= 0 THEN DELETE
  WHEN MATCHED AND NOT (s.__pgt_n = n.__pgt_n AND (s.min_price, scale(s.min_price)) IS NOT DISTINCT FROM (n.min_price, scale(n.min_price)) AND (s.max_price, scale(s.max_price)) IS NOT DISTINCT FROM (n.max_price, scale(n.max_price))) THEN UPDATE SET __pgt_n = n.__pgt_n, min_price = n.min_price, max_price = n.max_price
  WHEN NOT MATCHED AND n.__pgt_n > 0 THEN
    INSERT (__pgt_h, region, __pgt_n, min_price, max_price)
    VALUES (n.__pgt_h, n.region, n.__pgt_n, n.min_price, n.max_price)
  WHEN NOT MATCHED BY SOURCE THEN DELETE
),
-- what the table shall hold
wanted AS (
  SELECT region, min_price AS lowest, max_price AS highest
  FROM (SELECT s.region, s.min_price, s.max_price
  FROM stage1_groups AS s) AS stage1
),
-- it becomes equal to that
applied AS (
  MERGE INTO public.st AS t
  USING wanted AS d
  ON hash_record_extended(ROW(t.region), 0) = hash_record_extended(ROW(d.region), 0) AND t.region IS NOT DISTINCT FROM d.region
  WHEN MATCHED AND NOT ((t.lowest, scale(t.lowest)) IS NOT DISTINCT FROM (d.lowest, scale(d.lowest)) AND (t.highest, scale(t.highest)) IS NOT DISTINCT FROM (d.highest, scale(d.highest))) THEN
    UPDATE SET lowest = d.lowest, highest = d.highest
  WHEN NOT MATCHED THEN
    INSERT (region, lowest, highest)
    VALUES (d.region, d.lowest, d.highest)
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

