--: table src: id int4!, amount int4; key id
--: query SELECT (sum(amount) / NULLIF(count(*), 0)) AS mean, count(amount) FILTER (WHERE (amount > 10)) AS large FROM public.src
--: output mean int8, large int8
--: probe __pgt_sum_amount int4, __pgt_count_amount int4, sum_amount int8, count int8, count_amount int8
--: changes src

-- ---- plan

-- stage 1: aggregate sum(amount), count(*), count(amount) FILTER (WHERE (amount > 10))
-- stage 1: sum(amount) is added up
-- stage 1: count(*) is added up
-- stage 1: count(amount) FILTER (WHERE (amount > 10)) is added up
-- apply: one row at most, updated in place

-- ---- tables

CREATE TABLE pgtrickle_state.st_1_s1 WITH (fillfactor = 70) AS
SELECT 0::bigint AS __pgt_h, count(*) AS __pgt_n, count(amount) AS count_amount, sum(amount) AS sum_amount, count(CASE WHEN (amount > 10) THEN amount END) AS count_amount_2
FROM public.src AS src
WITH NO DATA;
CREATE INDEX ON pgtrickle_state.st_1_s1 (__pgt_h);

-- ---- changes of src

WITH
-- what changed in public.src since the frontier; the second SELECT has no rows and tells the planner how many to expect
changes_1 AS (
  SELECT b.amount, b.__pgt_w
  FROM pgtrickle_changes.changes_1 AS b
  WHERE (b.__pgt_xid >= '900'::xid8 OR b.__pgt_xid = ANY ('{801,850}'::xid8[]))
  UNION ALL
  SELECT NULL, NULL
  FROM generate_series(1, 10)
  WHERE pg_backend_pid() = 0
  LIMIT 10
),
-- stage 1: aggregate sum(amount), count(*), count(amount) FILTER (WHERE (amount > 10))
-- change rows of what is aggregated
stage1_delta AS (
  SELECT amount AS __pgt_x1, CASE WHEN (amount > 10) THEN amount END AS __pgt_x2, src.__pgt_w
  FROM changes_1 AS src
),
-- stage 1: touched groups, changes added up
stage1_groups AS (
  SELECT 0::bigint AS __pgt_h,
    sum(d.__pgt_w) AS __pgt_w,
    count(d.__pgt_x1) FILTER (WHERE d.__pgt_w > 0) - count(d.__pgt_x1) FILTER (WHERE d.__pgt_w < 0) AS d_count_amount,
    sum(d.__pgt_x1) FILTER (WHERE d.__pgt_w > 0) AS came_sum_amount,
    sum(d.__pgt_x1) FILTER (WHERE d.__pgt_w < 0) AS went_sum_amount,
    count(d.__pgt_x2) FILTER (WHERE d.__pgt_w > 0) - count(d.__pgt_x2) FILTER (WHERE d.__pgt_w < 0) AS d_count_amount_2
  FROM stage1_delta AS d
  HAVING count(*) > 0
),
-- stage 1: beside what is stored
stage1_touched AS (
  SELECT g.__pgt_h,
    coalesce(o.__pgt_n, 0) AS old___pgt_n,
    coalesce(o.__pgt_n, 0) + g.__pgt_w AS __pgt_n,
    o.count_amount AS old_count_amount,
    o.sum_amount AS old_sum_amount,
    o.count_amount_2 AS old_count_amount_2,
    g.d_count_amount,
    g.came_sum_amount,
    g.went_sum_amount,
    g.d_count_amount_2
  FROM stage1_groups AS g
  LEFT JOIN pgtrickle_state.st_1_s1 AS o ON o.__pgt_h = g.__pgt_h
),
-- stage 1: the new state of the touched groups
stage1_next AS (
  SELECT t.__pgt_h,
    t.old___pgt_n,
    t.__pgt_n,
    coalesce(t.old_count_amount, 0) + t.d_count_amount AS count_amount,
    t.old_count_amount,
    CASE WHEN (coalesce(t.old_count_amount, 0) + t.d_count_amount) > 0 THEN coalesce(t.old_sum_amount, 0) + coalesce(t.came_sum_amount, 0) - coalesce(t.went_sum_amount, 0) END AS sum_amount,
    t.old_sum_amount,
    coalesce(t.old_count_amount_2, 0) + t.d_count_amount_2 AS count_amount_2,
    t.old_count_amount_2
  FROM stage1_touched AS t
),
-- stage 1: the state table follows
stage1_write AS (
  MERGE INTO pgtrickle_state.st_1_s1 AS s
  USING stage1_next AS n
  ON s.__pgt_h = n.__pgt_h
  WHEN MATCHED AND NOT (s.__pgt_n = n.__pgt_n AND s.count_amount IS NOT DISTINCT FROM n.count_amount AND s.sum_amount IS NOT DISTINCT FROM n.sum_amount AND s.count_amount_2 IS NOT DISTINCT FROM n.count_amount_2) THEN UPDATE SET __pgt_n = n.__pgt_n, count_amount = n.count_amount, sum_amount = n.sum_amount, count_amount_2 = n.count_amount_2
  WHEN NOT MATCHED THEN
    INSERT (__pgt_h, __pgt_n, count_amount, sum_amount, count_amount_2)
    VALUES (n.__pgt_h, n.__pgt_n, n.count_amount, n.sum_amount, n.count_amount_2)
),
-- stage 1: the old rows of changed groups go, the new ones come
stage1_changes AS (
  SELECT old_sum_amount AS sum_amount, old___pgt_n AS count, old_count_amount_2 AS count_amount, -1 AS __pgt_w
  FROM stage1_next
  WHERE NOT (old_sum_amount IS NOT DISTINCT FROM sum_amount AND old___pgt_n = __pgt_n AND old_count_amount_2 IS NOT DISTINCT FROM count_amount_2)
  UNION ALL
  SELECT sum_amount AS sum_amount, __pgt_n AS count, count_amount_2 AS count_amount, 1 AS __pgt_w
  FROM stage1_next
  WHERE NOT (old_sum_amount IS NOT DISTINCT FROM sum_amount AND old___pgt_n = __pgt_n AND old_count_amount_2 IS NOT DISTINCT FROM count_amount_2)
),
-- what comes and goes, by row
net AS (
  SELECT (sum_amount / NULLIF(count, 0)) AS mean, count_amount AS large, stage1_changes.__pgt_w
  FROM stage1_changes
),
-- one row for each touched key: the new row, or the old one where none comes
changed AS (
  SELECT d.mean, d.large, true AS __pgt_present
  FROM net AS d
  WHERE d.__pgt_w > 0
  UNION ALL
  SELECT d.mean, d.large, false
  FROM net AS d
  WHERE d.__pgt_w < 0
    AND NOT EXISTS (SELECT FROM net AS n WHERE n.__pgt_w > 0)
),
-- the visible table follows
applied AS (
  MERGE INTO public.st AS t
  USING changed AS d
  ON true
  WHEN MATCHED AND NOT d.__pgt_present THEN DELETE
  WHEN MATCHED AND NOT (t.mean IS NOT DISTINCT FROM d.mean AND t.large IS NOT DISTINCT FROM d.large) THEN
    UPDATE SET mean = d.mean, large = d.large
  WHEN NOT MATCHED AND d.__pgt_present THEN
    INSERT (mean, large)
    VALUES (d.mean, d.large)
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
-- stage 1: aggregate sum(amount), count(*), count(amount) FILTER (WHERE (amount > 10))
-- all groups
stage1_groups AS (
  SELECT 0::bigint AS __pgt_h, count(*) AS __pgt_n, count(amount) AS count_amount, sum(amount) AS sum_amount, count(CASE WHEN (amount > 10) THEN amount END) AS count_amount_2
  FROM public.src AS src
),
-- stage 1: the state table becomes equal to them
stage1_write AS (
  MERGE INTO pgtrickle_state.st_1_s1 AS s
  USING stage1_groups AS n
  ON s.__pgt_h = n.__pgt_h
  WHEN MATCHED AND NOT (s.__pgt_n = n.__pgt_n AND s.count_amount IS NOT DISTINCT FROM n.count_amount AND s.sum_amount IS NOT DISTINCT FROM n.sum_amount AND s.count_amount_2 IS NOT DISTINCT FROM n.count_amount_2) THEN UPDATE SET __pgt_n = n.__pgt_n, count_amount = n.count_amount, sum_amount = n.sum_amount, count_amount_2 = n.count_amount_2
  WHEN NOT MATCHED THEN
    INSERT (__pgt_h, __pgt_n, count_amount, sum_amount, count_amount_2)
    VALUES (n.__pgt_h, n.__pgt_n, n.count_amount, n.sum_amount, n.count_amount_2)
  WHEN NOT MATCHED BY SOURCE THEN DELETE
),
-- what the table shall hold
wanted AS (
  SELECT (sum_amount / NULLIF(count, 0)) AS mean, count_amount AS large
  FROM (SELECT s.sum_amount, s.__pgt_n AS count, s.count_amount_2 AS count_amount
  FROM stage1_groups AS s) AS stage1
),
-- it becomes equal to that
applied AS (
  MERGE INTO public.st AS t
  USING wanted AS d
  ON true
  WHEN MATCHED AND NOT (t.mean IS NOT DISTINCT FROM d.mean AND t.large IS NOT DISTINCT FROM d.large) THEN
    UPDATE SET mean = d.mean, large = d.large
  WHEN NOT MATCHED THEN
    INSERT (mean, large)
    VALUES (d.mean, d.large)
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

