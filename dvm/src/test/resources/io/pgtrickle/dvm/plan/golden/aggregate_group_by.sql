--: table src: id int4!, region text!, category text!, amount int4!, score int4!; key id
--: query SELECT region, sum(amount) AS total, count(*) AS n, avg(score) AS mean FROM public.src GROUP BY region
--: output region text, total int8, n int8, mean numeric
--: probe region text!, __pgt_sum_amount int4, __pgt_avg_score int4, sum_amount int8, count int8, avg_score numeric
--: changes src

-- ---- plan

-- stage 1: GROUP BY region: sum(amount), count(*), avg(score)
-- stage 1: sum(amount) is added up
-- stage 1: count(*) is added up
-- stage 1: avg(score) is added up
-- apply: updated in place by key (region), found by its hash

-- ---- tables

CREATE TABLE pgtrickle_state.st_1_s1 WITH (fillfactor = 70) AS
SELECT hash_record_extended(ROW(region), 0) AS __pgt_h, region, count(*) AS __pgt_n, sum(amount) AS sum_amount, sum(score) AS sum_score
FROM public.src AS src
GROUP BY region
WITH NO DATA;
CREATE INDEX ON pgtrickle_state.st_1_s1 (__pgt_h);
CREATE INDEX ON public.st (hash_record_extended(ROW(region), 0));

-- ---- changes of src

WITH
-- what changed in public.src since the frontier; the second SELECT has no rows and tells the planner how many to expect
changes_1 AS (
  SELECT b.region, b.amount, b.score, b.__pgt_w
  FROM pgtrickle_changes.changes_1 AS b
  WHERE (b.__pgt_xid >= '900'::xid8 OR b.__pgt_xid = ANY ('{801,850}'::xid8[]))
  UNION ALL
  SELECT NULL, NULL, NULL, NULL
  FROM generate_series(1, 10)
  WHERE pg_backend_pid() = 0
  LIMIT 10
),
-- stage 1: GROUP BY region: sum(amount), count(*), avg(score)
-- change rows of what is aggregated
stage1_delta AS (
  SELECT region, amount AS __pgt_x1, score AS __pgt_x2, src.__pgt_w
  FROM changes_1 AS src
),
-- stage 1: touched groups, changes added up
stage1_groups AS (
  SELECT hash_record_extended(ROW(d.region), 0) AS __pgt_h,
    d.region,
    sum(d.__pgt_w) AS __pgt_w,
    sum(d.__pgt_x1) FILTER (WHERE d.__pgt_w > 0) AS came_sum_amount,
    sum(d.__pgt_x1) FILTER (WHERE d.__pgt_w < 0) AS went_sum_amount,
    sum(d.__pgt_x2) FILTER (WHERE d.__pgt_w > 0) AS came_sum_score,
    sum(d.__pgt_x2) FILTER (WHERE d.__pgt_w < 0) AS went_sum_score
  FROM stage1_delta AS d
  GROUP BY d.region
),
-- stage 1: beside what is stored
stage1_touched AS (
  SELECT g.__pgt_h,
    g.region,
    coalesce(o.__pgt_n, 0) AS old___pgt_n,
    coalesce(o.__pgt_n, 0) + g.__pgt_w AS __pgt_n,
    o.sum_amount AS old_sum_amount,
    o.sum_score AS old_sum_score,
    g.came_sum_amount,
    g.went_sum_amount,
    g.came_sum_score,
    g.went_sum_score
  FROM stage1_groups AS g
  LEFT JOIN pgtrickle_state.st_1_s1 AS o ON o.__pgt_h = g.__pgt_h AND o.region = g.region
),
-- stage 1: the new state of the touched groups
stage1_next AS (
  SELECT t.__pgt_h,
    t.region,
    t.old___pgt_n,
    t.__pgt_n,
    CASE WHEN t.__pgt_n > 0 THEN coalesce(t.old_sum_amount, 0) + coalesce(t.came_sum_amount, 0) - coalesce(t.went_sum_amount, 0) END AS sum_amount,
    t.old_sum_amount,
    CASE WHEN t.__pgt_n > 0 THEN coalesce(t.old_sum_score, 0) + coalesce(t.came_sum_score, 0) - coalesce(t.went_sum_score, 0) END AS sum_score,
    t.old_sum_score
  FROM stage1_touched AS t
),
-- stage 1: the state table follows
stage1_write AS (
  MERGE INTO pgtrickle_state.st_1_s1 AS s
  USING stage1_next AS n
  ON s.__pgt_h = n.__pgt_h AND s.region = n.region
  WHEN MATCHED AND n.__pgt_n <= 0 THEN DELETE
  WHEN MATCHED AND NOT (s.__pgt_n = n.__pgt_n AND s.sum_amount IS NOT DISTINCT FROM n.sum_amount AND s.sum_score IS NOT DISTINCT FROM n.sum_score) THEN UPDATE SET __pgt_n = n.__pgt_n, sum_amount = n.sum_amount, sum_score = n.sum_score
  WHEN NOT MATCHED AND n.__pgt_n > 0 THEN
    INSERT (__pgt_h, region, __pgt_n, sum_amount, sum_score)
    VALUES (n.__pgt_h, n.region, n.__pgt_n, n.sum_amount, n.sum_score)
),
-- stage 1: the old rows of changed groups go, the new ones come
stage1_changes AS (
  SELECT region, old_sum_amount AS sum_amount, old___pgt_n AS count, old_sum_score::numeric / old___pgt_n::numeric AS avg_score, -1 AS __pgt_w
  FROM stage1_next
  WHERE old___pgt_n > 0 AND NOT (old___pgt_n > 0 AND __pgt_n > 0 AND old_sum_amount IS NOT DISTINCT FROM sum_amount AND old___pgt_n = __pgt_n AND old_sum_score IS NOT DISTINCT FROM sum_score)
  UNION ALL
  SELECT region, sum_amount AS sum_amount, __pgt_n AS count, sum_score::numeric / __pgt_n::numeric AS avg_score, 1 AS __pgt_w
  FROM stage1_next
  WHERE __pgt_n > 0 AND NOT (old___pgt_n > 0 AND __pgt_n > 0 AND old_sum_amount IS NOT DISTINCT FROM sum_amount AND old___pgt_n = __pgt_n AND old_sum_score IS NOT DISTINCT FROM sum_score)
),
-- what comes and goes, by row
net AS (
  SELECT region, sum_amount AS total, count AS n, avg_score AS mean, stage1_changes.__pgt_w
  FROM stage1_changes
),
-- one row for each touched key: the new row, or the old one where none comes
changed AS (
  SELECT d.region, d.total, d.n, d.mean, true AS __pgt_present
  FROM net AS d
  WHERE d.__pgt_w > 0
  UNION ALL
  SELECT d.region, d.total, d.n, d.mean, false
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
  WHEN MATCHED AND NOT (t.total IS NOT DISTINCT FROM d.total AND t.n IS NOT DISTINCT FROM d.n AND (t.mean, scale(t.mean)) IS NOT DISTINCT FROM (d.mean, scale(d.mean))) THEN
    UPDATE SET total = d.total, n = d.n, mean = d.mean
  WHEN NOT MATCHED AND d.__pgt_present THEN
    INSERT (region, total, n, mean)
    VALUES (d.region, d.total, d.n, d.mean)
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
-- stage 1: GROUP BY region: sum(amount), count(*), avg(score)
-- all groups
stage1_groups AS (
  SELECT hash_record_extended(ROW(region), 0) AS __pgt_h, region, count(*) AS __pgt_n, sum(amount) AS sum_amount, sum(score) AS sum_score
  FROM public.src AS src
  GROUP BY region
),
-- stage 1: the state table becomes equal to them
stage1_write AS (
  MERGE INTO pgtrickle_state.st_1_s1 AS s
  USING stage1_groups AS n
  ON s.__pgt_h = n.__pgt_h AND s.region = n.region
  WHEN MATCHED AND n.__pgt_n <= 0 THEN DELETE
  WHEN MATCHED AND NOT (s.__pgt_n = n.__pgt_n AND s.sum_amount IS NOT DISTINCT FROM n.sum_amount AND s.sum_score IS NOT DISTINCT FROM n.sum_score) THEN UPDATE SET __pgt_n = n.__pgt_n, sum_amount = n.sum_amount, sum_score = n.sum_score
  WHEN NOT MATCHED AND n.__pgt_n > 0 THEN
    INSERT (__pgt_h, region, __pgt_n, sum_amount, sum_score)
    VALUES (n.__pgt_h, n.region, n.__pgt_n, n.sum_amount, n.sum_score)
  WHEN NOT MATCHED BY SOURCE THEN DELETE
),
-- what the table shall hold
wanted AS (
  SELECT region, sum_amount AS total, count AS n, avg_score AS mean
  FROM (SELECT s.region, s.sum_amount, s.__pgt_n AS count, s.sum_score::numeric / s.__pgt_n::numeric AS avg_score
  FROM stage1_groups AS s) AS stage1
),
-- it becomes equal to that
applied AS (
  MERGE INTO public.st AS t
  USING wanted AS d
  ON hash_record_extended(ROW(t.region), 0) = hash_record_extended(ROW(d.region), 0) AND t.region = d.region
  WHEN MATCHED AND NOT (t.total IS NOT DISTINCT FROM d.total AND t.n IS NOT DISTINCT FROM d.n AND (t.mean, scale(t.mean)) IS NOT DISTINCT FROM (d.mean, scale(d.mean))) THEN
    UPDATE SET total = d.total, n = d.n, mean = d.mean
  WHEN NOT MATCHED THEN
    INSERT (region, total, n, mean)
    VALUES (d.region, d.total, d.n, d.mean)
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

