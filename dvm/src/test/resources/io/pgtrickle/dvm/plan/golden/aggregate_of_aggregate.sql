--: table src: id int4!, region text!, category text!, amount int4!, score int4!; key id
--: query SELECT max(q.total) AS highest FROM ( SELECT src.region, sum(src.amount) AS total FROM public.src GROUP BY src.region) q
--: output highest int8
--: probe region text!, __pgt_sum_amount int4, sum_amount int8
--: probe __pgt_max_total int8, max_total int8
--: changes src

-- ---- plan

-- stage 1: GROUP BY src.region: sum(src.amount)
-- stage 1: sum(src.amount) is added up
-- stage 2: aggregate max(q.total)
-- stage 2: max(q.total) is compared with the stored one; groups that lose it are read again
-- apply: one row at most, updated in place

-- ---- tables

CREATE TABLE pgtrickle_state.st_1_s1 WITH (fillfactor = 70) AS
SELECT hash_record_extended(ROW(src.region), 0) AS __pgt_h, src.region, count(*) AS __pgt_n, sum(src.amount) AS sum_amount
FROM public.src AS src
GROUP BY src.region
WITH NO DATA;
CREATE INDEX ON pgtrickle_state.st_1_s1 (__pgt_h);
CREATE TABLE pgtrickle_state.st_1_s2 WITH (fillfactor = 70) AS
SELECT 0::bigint AS __pgt_h, count(*) AS __pgt_n, max(q.total) AS max_total
FROM (SELECT region, sum_amount AS total
FROM (SELECT src.region, sum(src.amount) AS sum_amount
FROM public.src AS src
GROUP BY src.region) AS stage1) AS q
WITH NO DATA;
CREATE INDEX ON pgtrickle_state.st_1_s2 (__pgt_h);

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
-- stage 1: GROUP BY src.region: sum(src.amount)
-- change rows of what is aggregated
stage1_delta AS (
  SELECT src.region, src.amount AS __pgt_x1, src.__pgt_w
  FROM changes_1 AS src
),
-- stage 1: touched groups, changes added up
stage1_groups AS (
  SELECT hash_record_extended(ROW(d.region), 0) AS __pgt_h,
    d.region,
    sum(d.__pgt_w) AS __pgt_w,
    sum(d.__pgt_x1) FILTER (WHERE d.__pgt_w > 0) AS came_sum_amount,
    sum(d.__pgt_x1) FILTER (WHERE d.__pgt_w < 0) AS went_sum_amount
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
    g.came_sum_amount,
    g.went_sum_amount
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
    t.old_sum_amount
  FROM stage1_touched AS t
),
-- stage 1: the state table follows
stage1_write AS (
  MERGE INTO pgtrickle_state.st_1_s1 AS s
  USING stage1_next AS n
  ON s.__pgt_h = n.__pgt_h AND s.region = n.region
  WHEN MATCHED AND n.__pgt_n <= 0 THEN DELETE
  WHEN MATCHED AND NOT (s.__pgt_n = n.__pgt_n AND s.sum_amount IS NOT DISTINCT FROM n.sum_amount) THEN UPDATE SET __pgt_n = n.__pgt_n, sum_amount = n.sum_amount
  WHEN NOT MATCHED AND n.__pgt_n > 0 THEN
    INSERT (__pgt_h, region, __pgt_n, sum_amount)
    VALUES (n.__pgt_h, n.region, n.__pgt_n, n.sum_amount)
),
-- stage 1: the old rows of changed groups go, the new ones come
stage1_changes AS (
  SELECT region, old_sum_amount AS sum_amount, -1 AS __pgt_w
  FROM stage1_next
  WHERE old___pgt_n > 0 AND NOT (old___pgt_n > 0 AND __pgt_n > 0 AND old_sum_amount IS NOT DISTINCT FROM sum_amount)
  UNION ALL
  SELECT region, sum_amount AS sum_amount, 1 AS __pgt_w
  FROM stage1_next
  WHERE __pgt_n > 0 AND NOT (old___pgt_n > 0 AND __pgt_n > 0 AND old_sum_amount IS NOT DISTINCT FROM sum_amount)
),
-- stage 2: aggregate max(q.total)
-- change rows of what is aggregated
stage2_delta AS (
  SELECT q.total AS __pgt_x1, q.__pgt_w
  FROM (SELECT region, sum_amount AS total, stage1_changes.__pgt_w
  FROM stage1_changes) AS q
),
-- stage 2: touched groups, changes added up
stage2_groups AS (
  SELECT 0::bigint AS __pgt_h,
    sum(d.__pgt_w) AS __pgt_w,
    max(d.__pgt_x1) FILTER (WHERE d.__pgt_w > 0) AS came_max_total,
    max(d.__pgt_x1) FILTER (WHERE d.__pgt_w < 0) AS went_max_total,
    sum(d.__pgt_w) FILTER (WHERE d.__pgt_x1 = o.max_total) AS stored_max_total
  FROM stage2_delta AS d
  LEFT JOIN pgtrickle_state.st_1_s2 AS o ON o.__pgt_h = 0::bigint
  HAVING count(*) > 0
),
-- stage 2: beside what is stored
stage2_touched AS (
  SELECT t.*, row_number() OVER () AS __pgt_g,
    (coalesce(CASE WHEN t.came_max_total IS NOT NULL AND (t.old_max_total IS NULL OR t.came_max_total > t.old_max_total) THEN t.went_max_total >= t.came_max_total ELSE t.stored_max_total < 0 END, false)) AS __pgt_rescan
  FROM (
    SELECT g.__pgt_h,
      coalesce(o.__pgt_n, 0) AS old___pgt_n,
      coalesce(o.__pgt_n, 0) + g.__pgt_w AS __pgt_n,
      o.max_total AS old_max_total,
      g.came_max_total,
      g.went_max_total,
      g.stored_max_total
    FROM stage2_groups AS g
    LEFT JOIN pgtrickle_state.st_1_s2 AS o ON o.__pgt_h = g.__pgt_h
  ) AS t
),
-- stage 2: groups that must be read again
stage2_rescan AS (
  SELECT f.__pgt_g, r.*
  FROM (SELECT __pgt_g FROM stage2_touched WHERE __pgt_rescan) AS f,
    (
      SELECT max(q.total) AS max_total
      FROM (SELECT region, sum_amount AS total
      FROM (SELECT s.region, s.sum_amount
      FROM pgtrickle_state.st_1_s1 AS s
      WHERE NOT EXISTS (SELECT FROM stage1_next AS n WHERE n.__pgt_h = s.__pgt_h AND n.region = s.region)
      UNION ALL
      SELECT n.region, n.sum_amount
      FROM stage1_next AS n
      WHERE n.__pgt_n > 0) AS stage1) AS q
      WHERE EXISTS (SELECT FROM stage2_touched WHERE __pgt_rescan)
    ) AS r
),
-- stage 2: the new state of the touched groups
stage2_next AS (
  SELECT t.__pgt_h,
    t.old___pgt_n,
    t.__pgt_n,
    CASE WHEN t.__pgt_rescan THEN r.max_total ELSE CASE WHEN t.came_max_total IS NOT NULL AND (t.old_max_total IS NULL OR t.came_max_total > t.old_max_total) THEN t.came_max_total ELSE t.old_max_total END END AS max_total,
    t.old_max_total
  FROM stage2_touched AS t
  LEFT JOIN stage2_rescan AS r ON r.__pgt_g = t.__pgt_g
),
-- stage 2: the state table follows
stage2_write AS (
  MERGE INTO pgtrickle_state.st_1_s2 AS s
  USING stage2_next AS n
  ON s.__pgt_h = n.__pgt_h
  WHEN MATCHED AND NOT (s.__pgt_n = n.__pgt_n AND s.max_total IS NOT DISTINCT FROM n.max_total) THEN UPDATE SET __pgt_n = n.__pgt_n, max_total = n.max_total
  WHEN NOT MATCHED THEN
    INSERT (__pgt_h, __pgt_n, max_total)
    VALUES (n.__pgt_h, n.__pgt_n, n.max_total)
),
-- stage 2: the old rows of changed groups go, the new ones come
stage2_changes AS (
  SELECT old_max_total AS max_total, -1 AS __pgt_w
  FROM stage2_next
  WHERE NOT (old_max_total IS NOT DISTINCT FROM max_total)
  UNION ALL
  SELECT max_total AS max_total, 1 AS __pgt_w
  FROM stage2_next
  WHERE NOT (old_max_total IS NOT DISTINCT FROM max_total)
),
-- what comes and goes, by row
net AS (
  SELECT max_total AS highest, stage2_changes.__pgt_w
  FROM stage2_changes
),
-- one row for each touched key: the new row, or the old one where none comes
changed AS (
  SELECT d.highest, true AS __pgt_present
  FROM net AS d
  WHERE d.__pgt_w > 0
  UNION ALL
  SELECT d.highest, false
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
  WHEN MATCHED AND NOT (t.highest IS NOT DISTINCT FROM d.highest) THEN
    UPDATE SET highest = d.highest
  WHEN NOT MATCHED AND d.__pgt_present THEN
    INSERT (highest)
    VALUES (d.highest)
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
    OR EXISTS (SELECT FROM stage2_next WHERE __pgt_n < 0)
    OR EXISTS (SELECT FROM net WHERE abs(__pgt_w) > 1) OR (SELECT deleted FROM done) <> (SELECT count(*) FROM changed WHERE NOT __pgt_present) AS broken;

-- ---- full

WITH
-- stage 1: GROUP BY src.region: sum(src.amount)
-- all groups
stage1_groups AS (
  SELECT hash_record_extended(ROW(src.region), 0) AS __pgt_h, src.region, count(*) AS __pgt_n, sum(src.amount) AS sum_amount
  FROM public.src AS src
  GROUP BY src.region
),
-- stage 1: the state table becomes equal to them
stage1_write AS (
  MERGE INTO pgtrickle_state.st_1_s1 AS s
  USING stage1_groups AS n
  ON s.__pgt_h = n.__pgt_h AND s.region = n.region
  WHEN MATCHED AND n.__pgt_n <= 0 THEN DELETE
  WHEN MATCHED AND NOT (s.__pgt_n = n.__pgt_n AND s.sum_amount IS NOT DISTINCT FROM n.sum_amount) THEN UPDATE SET __pgt_n = n.__pgt_n, sum_amount = n.sum_amount
  WHEN NOT MATCHED AND n.__pgt_n > 0 THEN
    INSERT (__pgt_h, region, __pgt_n, sum_amount)
    VALUES (n.__pgt_h, n.region, n.__pgt_n, n.sum_amount)
  WHEN NOT MATCHED BY SOURCE THEN DELETE
),
-- stage 2: aggregate max(q.total)
-- all groups
stage2_groups AS (
  SELECT 0::bigint AS __pgt_h, count(*) AS __pgt_n, max(q.total) AS max_total
  FROM (SELECT region, sum_amount AS total
  FROM (SELECT s.region, s.sum_amount
  FROM stage1_groups AS s) AS stage1) AS q
),
-- stage 2: the state table becomes equal to them
stage2_write AS (
  MERGE INTO pgtrickle_state.st_1_s2 AS s
  USING stage2_groups AS n
  ON s.__pgt_h = n.__pgt_h
  WHEN MATCHED AND NOT (s.__pgt_n = n.__pgt_n AND s.max_total IS NOT DISTINCT FROM n.max_total) THEN UPDATE SET __pgt_n = n.__pgt_n, max_total = n.max_total
  WHEN NOT MATCHED THEN
    INSERT (__pgt_h, __pgt_n, max_total)
    VALUES (n.__pgt_h, n.__pgt_n, n.max_total)
  WHEN NOT MATCHED BY SOURCE THEN DELETE
),
-- what the table shall hold
wanted AS (
  SELECT max_total AS highest
  FROM (SELECT s.max_total
  FROM stage2_groups AS s) AS stage2
),
-- it becomes equal to that
applied AS (
  MERGE INTO public.st AS t
  USING wanted AS d
  ON true
  WHEN MATCHED AND NOT (t.highest IS NOT DISTINCT FROM d.highest) THEN
    UPDATE SET highest = d.highest
  WHEN NOT MATCHED THEN
    INSERT (highest)
    VALUES (d.highest)
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

