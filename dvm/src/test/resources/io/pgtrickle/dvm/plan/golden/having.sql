--: table src: id int4!, region text!, category text!, amount int4!, score int4!; key id
--: table dim: region text!, region_name text!; key region
--: query SELECT d.region_name, sum(s.amount) AS total FROM (public.src s JOIN public.dim d ON ((d.region = s.region))) GROUP BY d.region_name HAVING (count(*) > 3)
--: output region_name text, total int8
--: probe region_name text!, __pgt_sum_amount int4, sum_amount int8, count int8
--: changes src

-- ---- plan

-- stage 1: GROUP BY d.region_name: sum(s.amount), count(*)
-- stage 1: sum(s.amount) is added up
-- stage 1: count(*) is added up
-- apply: updated in place by key (region_name), found by its hash

-- ---- tables

CREATE TABLE pgtrickle_state.st_1_s1 WITH (fillfactor = 70) AS
SELECT hash_record_extended(ROW(d.region_name), 0) AS __pgt_h, d.region_name, count(*) AS __pgt_n, sum(s.amount) AS sum_amount
FROM public.src AS s,
  public.dim AS d
WHERE (d.region = s.region)
GROUP BY d.region_name
WITH NO DATA;
CREATE INDEX ON pgtrickle_state.st_1_s1 (__pgt_h);
CREATE INDEX ON public.st (hash_record_extended(ROW(region_name), 0));

-- ---- changes of src

WITH
-- what changed in public.src since the frontier; the second SELECT has no rows and tells the planner how many to expect
changes_1 AS (
  SELECT b.region, b.amount, b.__pgt_w
  FROM pgtrickle_changes.changes_1 AS b
  WHERE (b.__pgt_xid >= '900'::xid8 OR b.__pgt_xid = ANY ('{801,850}'::xid8[]))
  UNION ALL
  SELECT NULL, NULL, NULL
  FROM generate_series(1, 10)
  WHERE pg_backend_pid() = 0
  LIMIT 10
),
-- stage 1: GROUP BY d.region_name: sum(s.amount), count(*)
-- change rows of what is aggregated
stage1_delta AS (
  SELECT d.region_name, s.amount AS __pgt_x1, s.__pgt_w
  FROM changes_1 AS s,
    public.dim AS d
  WHERE (d.region = s.region)
),
-- stage 1: touched groups, changes added up
stage1_groups AS (
  SELECT hash_record_extended(ROW(d.region_name), 0) AS __pgt_h,
    d.region_name,
    sum(d.__pgt_w) AS __pgt_w,
    sum(d.__pgt_x1) FILTER (WHERE d.__pgt_w > 0) AS came_sum_amount,
    sum(d.__pgt_x1) FILTER (WHERE d.__pgt_w < 0) AS went_sum_amount
  FROM stage1_delta AS d
  GROUP BY d.region_name
),
-- stage 1: beside what is stored
stage1_touched AS (
  SELECT g.__pgt_h,
    g.region_name,
    coalesce(o.__pgt_n, 0) AS old___pgt_n,
    coalesce(o.__pgt_n, 0) + g.__pgt_w AS __pgt_n,
    o.sum_amount AS old_sum_amount,
    g.came_sum_amount,
    g.went_sum_amount
  FROM stage1_groups AS g
  LEFT JOIN pgtrickle_state.st_1_s1 AS o ON o.__pgt_h = g.__pgt_h AND o.region_name = g.region_name
),
-- stage 1: the new state of the touched groups
stage1_next AS (
  SELECT t.__pgt_h,
    t.region_name,
    t.old___pgt_n,
    t.__pgt_n,
    CASE WHEN t.__pgt_n > 0 THEN coalesce(t.old_sum_amount, 0) + coalesce(t.came_sum_amount, 0) - coalesce(t.went_sum_amount, 0) END AS sum_amount,
    t.old_sum_amount
  FROM stage1_touched AS t
),
-- stage 1: the state table follows
stage1_write AS (
  MERGE INTO pgtrickle_state.st_1_s1 AS s
  USING stage1_next AS n
  ON s.__pgt_h = n.__pgt_h AND s.region_name = n.region_name
  WHEN MATCHED AND n.__pgt_n <= 0 THEN DELETE
  WHEN MATCHED AND NOT (s.__pgt_n = n.__pgt_n AND s.sum_amount IS NOT DISTINCT FROM n.sum_amount) THEN UPDATE SET __pgt_n = n.__pgt_n, sum_amount = n.sum_amount
  WHEN NOT MATCHED AND n.__pgt_n > 0 THEN
    INSERT (__pgt_h, region_name, __pgt_n, sum_amount)
    VALUES (n.__pgt_h, n.region_name, n.__pgt_n, n.sum_amount)
),
-- stage 1: the old rows of changed groups go, the new ones come
stage1_changes AS (
  SELECT region_name, old_sum_amount AS sum_amount, old___pgt_n AS count, -1 AS __pgt_w
  FROM stage1_next
  WHERE old___pgt_n > 0 AND NOT (old___pgt_n > 0 AND __pgt_n > 0 AND old_sum_amount IS NOT DISTINCT FROM sum_amount AND old___pgt_n = __pgt_n)
  UNION ALL
  SELECT region_name, sum_amount AS sum_amount, __pgt_n AS count, 1 AS __pgt_w
  FROM stage1_next
  WHERE __pgt_n > 0 AND NOT (old___pgt_n > 0 AND __pgt_n > 0 AND old_sum_amount IS NOT DISTINCT FROM sum_amount AND old___pgt_n = __pgt_n)
),
-- what comes and goes, by row
net AS (
  SELECT region_name, sum_amount AS total, stage1_changes.__pgt_w
  FROM stage1_changes
  WHERE (count > 3)
),
-- one row for each touched key: the new row, or the old one where none comes
changed AS (
  SELECT d.region_name, d.total, true AS __pgt_present
  FROM net AS d
  WHERE d.__pgt_w > 0
  UNION ALL
  SELECT d.region_name, d.total, false
  FROM net AS d
  WHERE d.__pgt_w < 0
    AND NOT EXISTS (SELECT FROM net AS n WHERE n.__pgt_w > 0 AND hash_record_extended(ROW(n.region_name), 0) = hash_record_extended(ROW(d.region_name), 0) AND n.region_name = d.region_name)
),
-- the visible table follows
applied AS (
  MERGE INTO public.st AS t
  USING changed AS d
  ON hash_record_extended(ROW(t.region_name), 0) = hash_record_extended(ROW(d.region_name), 0) AND t.region_name = d.region_name
  WHEN MATCHED AND NOT d.__pgt_present THEN DELETE
  WHEN MATCHED AND NOT (t.total IS NOT DISTINCT FROM d.total) THEN
    UPDATE SET total = d.total
  WHEN NOT MATCHED AND d.__pgt_present THEN
    INSERT (region_name, total)
    VALUES (d.region_name, d.total)
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
-- stage 1: GROUP BY d.region_name: sum(s.amount), count(*)
-- all groups
stage1_groups AS (
  SELECT hash_record_extended(ROW(d.region_name), 0) AS __pgt_h, d.region_name, count(*) AS __pgt_n, sum(s.amount) AS sum_amount
  FROM public.src AS s,
    public.dim AS d
  WHERE (d.region = s.region)
  GROUP BY d.region_name
),
-- stage 1: the state table becomes equal to them
stage1_write AS (
  MERGE INTO pgtrickle_state.st_1_s1 AS s
  USING stage1_groups AS n
  ON s.__pgt_h = n.__pgt_h AND s.region_name = n.region_name
  WHEN MATCHED AND n.__pgt_n <= 0 THEN DELETE
  WHEN MATCHED AND NOT (s.__pgt_n = n.__pgt_n AND s.sum_amount IS NOT DISTINCT FROM n.sum_amount) THEN UPDATE SET __pgt_n = n.__pgt_n, sum_amount = n.sum_amount
  WHEN NOT MATCHED AND n.__pgt_n > 0 THEN
    INSERT (__pgt_h, region_name, __pgt_n, sum_amount)
    VALUES (n.__pgt_h, n.region_name, n.__pgt_n, n.sum_amount)
  WHEN NOT MATCHED BY SOURCE THEN DELETE
),
-- what the table shall hold
wanted AS (
  SELECT region_name, sum_amount AS total
  FROM (SELECT s.region_name, s.sum_amount, s.__pgt_n AS count
  FROM stage1_groups AS s) AS stage1
  WHERE (count > 3)
),
-- it becomes equal to that
applied AS (
  MERGE INTO public.st AS t
  USING wanted AS d
  ON hash_record_extended(ROW(t.region_name), 0) = hash_record_extended(ROW(d.region_name), 0) AND t.region_name = d.region_name
  WHEN MATCHED AND NOT (t.total IS NOT DISTINCT FROM d.total) THEN
    UPDATE SET total = d.total
  WHEN NOT MATCHED THEN
    INSERT (region_name, total)
    VALUES (d.region_name, d.total)
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

