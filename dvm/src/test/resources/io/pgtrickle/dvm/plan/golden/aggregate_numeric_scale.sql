--: table src: id int4!, region text!, price numeric; key id
--: query SELECT region, sum(price) AS total FROM public.src GROUP BY region
--: output region text, total numeric
--: probe region text!, __pgt_sum_price numeric, sum_price numeric
--: changes src

-- ---- plan

-- stage 1: GROUP BY region: sum(price)
-- stage 1: sum(price) is added up
-- apply: updated in place by key (region), found by its hash

-- ---- tables

CREATE TABLE pgtrickle_state.st_1_s1 WITH (fillfactor = 70) AS
SELECT hash_record_extended(ROW(region), 0) AS __pgt_h, region, count(*) AS __pgt_n, count(price) AS count_price, coalesce(sum(CASE scale(price) WHEN 0 THEN 1 WHEN 1 THEN 1e12 WHEN 2 THEN 1e24 WHEN 3 THEN 1e36 WHEN 4 THEN 1e48 ELSE ('1e' || 12 * CASE WHEN scale(price) >= 10000 THEN 10000 ELSE scale(price) END)::numeric END), 0) AS scales_price, sum(price) AS sum_price
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
-- stage 1: GROUP BY region: sum(price)
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
    count(d.__pgt_x1) FILTER (WHERE d.__pgt_w > 0) - count(d.__pgt_x1) FILTER (WHERE d.__pgt_w < 0) AS d_count_price,
    coalesce(sum(CASE scale(d.__pgt_x1) WHEN 0 THEN 1 WHEN 1 THEN 1e12 WHEN 2 THEN 1e24 WHEN 3 THEN 1e36 WHEN 4 THEN 1e48 ELSE ('1e' || 12 * CASE WHEN scale(d.__pgt_x1) >= 10000 THEN 10000 ELSE scale(d.__pgt_x1) END)::numeric END) FILTER (WHERE d.__pgt_w > 0), 0) - coalesce(sum(CASE scale(d.__pgt_x1) WHEN 0 THEN 1 WHEN 1 THEN 1e12 WHEN 2 THEN 1e24 WHEN 3 THEN 1e36 WHEN 4 THEN 1e48 ELSE ('1e' || 12 * CASE WHEN scale(d.__pgt_x1) >= 10000 THEN 10000 ELSE scale(d.__pgt_x1) END)::numeric END) FILTER (WHERE d.__pgt_w < 0), 0) AS d_scales_price,
    sum(d.__pgt_x1) FILTER (WHERE d.__pgt_w > 0) AS came_sum_price,
    sum(d.__pgt_x1) FILTER (WHERE d.__pgt_w < 0) AS went_sum_price
  FROM stage1_delta AS d
  GROUP BY d.region
),
-- stage 1: beside what is stored
stage1_touched AS (
  SELECT t.*, row_number() OVER () AS __pgt_g,
    t.__pgt_n > 0 AND (coalesce(coalesce(t.old_scales_price, 0) + t.d_scales_price >= '1e120000', false)
      OR coalesce(t.went_sum_price IN ('NaN', 'Infinity', '-Infinity') OR t.went_sum_price IS NOT NULL AND t.old_sum_price IN ('NaN', 'Infinity', '-Infinity'), false)) AS __pgt_rescan
  FROM (
    SELECT g.__pgt_h,
      g.region,
      coalesce(o.__pgt_n, 0) AS old___pgt_n,
      coalesce(o.__pgt_n, 0) + g.__pgt_w AS __pgt_n,
      o.count_price AS old_count_price,
      o.scales_price AS old_scales_price,
      o.sum_price AS old_sum_price,
      g.d_count_price,
      g.d_scales_price,
      g.came_sum_price,
      g.went_sum_price
    FROM stage1_groups AS g
    LEFT JOIN pgtrickle_state.st_1_s1 AS o ON o.__pgt_h = g.__pgt_h AND o.region = g.region
  ) AS t
),
-- stage 1: groups that must be read again
stage1_rescan AS (
  SELECT __pgt_f.__pgt_g,
    count(price) AS count_price,
    coalesce(sum(CASE scale(price) WHEN 0 THEN 1 WHEN 1 THEN 1e12 WHEN 2 THEN 1e24 WHEN 3 THEN 1e36 WHEN 4 THEN 1e48 ELSE ('1e' || 12 * CASE WHEN scale(price) >= 10000 THEN 10000 ELSE scale(price) END)::numeric END), 0) AS scales_price,
    sum(price) AS sum_price
  FROM (SELECT __pgt_g, region AS __pgt_k1 FROM stage1_touched WHERE __pgt_rescan) AS __pgt_f,
    public.src AS src
  WHERE (region) = __pgt_f.__pgt_k1
    AND EXISTS (SELECT FROM stage1_touched WHERE __pgt_rescan)
  GROUP BY __pgt_f.__pgt_g
),
-- stage 1: the new state of the touched groups
stage1_next AS (
  SELECT t.__pgt_h,
    t.region,
    t.old___pgt_n,
    t.__pgt_n,
    CASE WHEN t.__pgt_rescan THEN r.count_price ELSE coalesce(t.old_count_price, 0) + t.d_count_price END AS count_price,
    t.old_count_price,
    CASE WHEN t.__pgt_rescan THEN r.scales_price ELSE coalesce(t.old_scales_price, 0) + t.d_scales_price END AS scales_price,
    t.old_scales_price,
    CASE WHEN t.__pgt_rescan THEN r.sum_price ELSE CASE WHEN (coalesce(t.old_count_price, 0) + t.d_count_price) > 0 THEN round(coalesce(t.old_sum_price, 0) + coalesce(t.came_sum_price, 0) - coalesce(t.went_sum_price, 0), (length((coalesce(t.old_scales_price, 0) + t.d_scales_price)::text) - 1) / 12) END END AS sum_price,
    t.old_sum_price
  FROM stage1_touched AS t
  LEFT JOIN stage1_rescan AS r ON r.__pgt_g = t.__pgt_g
),
-- stage 1: the state table follows
stage1_write AS (
  MERGE INTO pgtrickle_state.st_1_s1 AS s
  USING stage1_next AS n
  ON s.__pgt_h = n.__pgt_h AND s.region = n.region
  WHEN MATCHED AND n.__pgt_n <= 0 THEN DELETE
  WHEN MATCHED AND NOT (s.__pgt_n = n.__pgt_n AND s.count_price IS NOT DISTINCT FROM n.count_price AND s.scales_price IS NOT DISTINCT FROM n.scales_price AND (s.sum_price, scale(s.sum_price)) IS NOT DISTINCT FROM (n.sum_price, scale(n.sum_price))) THEN UPDATE SET __pgt_n = n.__pgt_n, count_price = n.count_price, scales_price = n.scales_price, sum_price = n.sum_price
  WHEN NOT MATCHED AND n.__pgt_n > 0 THEN
    INSERT (__pgt_h, region, __pgt_n, count_price, scales_price, sum_price)
    VALUES (n.__pgt_h, n.region, n.__pgt_n, n.count_price, n.scales_price, n.sum_price)
),
-- stage 1: the old rows of changed groups go, the new ones come
stage1_changes AS (
  SELECT region, old_sum_price AS sum_price, -1 AS __pgt_w
  FROM stage1_next
  WHERE old___pgt_n > 0 AND NOT (old___pgt_n > 0 AND __pgt_n > 0 AND (old_sum_price, scale(old_sum_price)) IS NOT DISTINCT FROM (sum_price, scale(sum_price)))
  UNION ALL
  SELECT region, sum_price AS sum_price, 1 AS __pgt_w
  FROM stage1_next
  WHERE __pgt_n > 0 AND NOT (old___pgt_n > 0 AND __pgt_n > 0 AND (old_sum_price, scale(old_sum_price)) IS NOT DISTINCT FROM (sum_price, scale(sum_price)))
),
-- what comes and goes, by row
net AS (
  SELECT region, sum_price AS total, stage1_changes.__pgt_w
  FROM stage1_changes
),
-- one row for each touched key: the new row, or the old one where none comes
changed AS (
  SELECT d.region, d.total, true AS __pgt_present
  FROM net AS d
  WHERE d.__pgt_w > 0
  UNION ALL
  SELECT d.region, d.total, false
  FROM net AS d
  WHERE d.__pgt_w < 0
    AND NOT EXISTS (SELECT FROM net AS n WHERE n.__pgt_w > 0 AND hash_record_extended(ROW(n.region), 0) = hash_record_extended(ROW(d.region), 0) AND n.region = d.region)
),
-- the visible table follows
applied AS (
  MERGE INTO public.st AS t
  USING changed AS d
  ON hash_record_extended(ROW(t.region), 0) = hash_record_extended(ROW(d.region), 0) AND t.region = d.region
  WHEN MATCHED AND NOT d.__pgt_present THEN DELETE
  WHEN MATCHED AND NOT ((t.total, scale(t.total)) IS NOT DISTINCT FROM (d.total, scale(d.total))) THEN
    UPDATE SET total = d.total
  WHEN NOT MATCHED AND d.__pgt_present THEN
    INSERT (region, total)
    VALUES (d.region, d.total)
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
-- stage 1: GROUP BY region: sum(price)
-- all groups
stage1_groups AS (
  SELECT hash_record_extended(ROW(region), 0) AS __pgt_h, region, count(*) AS __pgt_n, count(price) AS count_price, coalesce(sum(CASE scale(price) WHEN 0 THEN 1 WHEN 1 THEN 1e12 WHEN 2 THEN 1e24 WHEN 3 THEN 1e36 WHEN 4 THEN 1e48 ELSE ('1e' || 12 * CASE WHEN scale(price) >= 10000 THEN 10000 ELSE scale(price) END)::numeric END), 0) AS scales_price, sum(price) AS sum_price
  FROM public.src AS src
  GROUP BY region
),
-- stage 1: the state table becomes equal to them
stage1_write AS (
  MERGE INTO pgtrickle_state.st_1_s1 AS s
  USING stage1_groups AS n
  ON s.__pgt_h = n.__pgt_h AND s.region = n.region
  WHEN MATCHED AND n.__pgt_n <= 0 THEN DELETE
  WHEN MATCHED AND NOT (s.__pgt_n = n.__pgt_n AND s.count_price IS NOT DISTINCT FROM n.count_price AND s.scales_price IS NOT DISTINCT FROM n.scales_price AND (s.sum_price, scale(s.sum_price)) IS NOT DISTINCT FROM (n.sum_price, scale(n.sum_price))) THEN UPDATE SET __pgt_n = n.__pgt_n, count_price = n.count_price, scales_price = n.scales_price, sum_price = n.sum_price
  WHEN NOT MATCHED AND n.__pgt_n > 0 THEN
    INSERT (__pgt_h, region, __pgt_n, count_price, scales_price, sum_price)
    VALUES (n.__pgt_h, n.region, n.__pgt_n, n.count_price, n.scales_price, n.sum_price)
  WHEN NOT MATCHED BY SOURCE THEN DELETE
),
-- what the table shall hold
wanted AS (
  SELECT region, sum_price AS total
  FROM (SELECT s.region, s.sum_price
  FROM stage1_groups AS s) AS stage1
),
-- it becomes equal to that
applied AS (
  MERGE INTO public.st AS t
  USING wanted AS d
  ON hash_record_extended(ROW(t.region), 0) = hash_record_extended(ROW(d.region), 0) AND t.region = d.region
  WHEN MATCHED AND NOT ((t.total, scale(t.total)) IS NOT DISTINCT FROM (d.total, scale(d.total))) THEN
    UPDATE SET total = d.total
  WHEN NOT MATCHED THEN
    INSERT (region, total)
    VALUES (d.region, d.total)
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

