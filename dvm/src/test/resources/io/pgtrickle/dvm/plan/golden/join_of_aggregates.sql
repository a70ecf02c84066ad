--: table src: id int4!, region text!, category text!, amount int4!, score int4!; key id
--: query SELECT a.region, a.total, b.n FROM (( SELECT src.region, sum(src.amount) AS total FROM public.src GROUP BY src.region) a JOIN ( SELECT src.category, count(*) AS n FROM public.src GROUP BY src.category) b ON ((a.total > b.n)))
--: output region text, total int8, n int8
--: probe region text!, __pgt_sum_amount int4, sum_amount int8
--: probe category text!, count int8
--: changes src

-- ---- plan

-- stage 1: GROUP BY src.region: sum(src.amount)
-- stage 1: sum(src.amount) is added up
-- stage 2: GROUP BY src.category: count(*)
-- stage 2: count(*) is added up
-- apply: no key is known; as many copies of a row go or come as changed, found by the row's hash

-- ---- tables

CREATE TABLE pgtrickle_state.st_1_s1 WITH (fillfactor = 70) AS
SELECT hash_record_extended(ROW(src.region), 0) AS __pgt_h, src.region, count(*) AS __pgt_n, sum(src.amount) AS sum_amount
FROM public.src AS src
GROUP BY src.region
WITH NO DATA;
CREATE INDEX ON pgtrickle_state.st_1_s1 (__pgt_h);
CREATE TABLE pgtrickle_state.st_1_s2 WITH (fillfactor = 70) AS
SELECT hash_record_extended(ROW(src.category), 0) AS __pgt_h, src.category, count(*) AS __pgt_n
FROM public.src AS src
GROUP BY src.category
WITH NO DATA;
CREATE INDEX ON pgtrickle_state.st_1_s2 (__pgt_h);
CREATE INDEX ON public.st (hash_record_extended(ROW(region, total, n), 0));

-- ---- changes of src

WITH
-- what changed in public.src since the frontier; the second SELECT has no rows and tells the planner how many to expect
changes_1 AS (
  SELECT b.region, b.category, b.amount, b.__pgt_w
  FROM pgtrickle_changes.changes_1 AS b
  WHERE (b.__pgt_xid >= '900'::xid8 OR b.__pgt_xid = ANY ('{801,850}'::xid8[]))
  UNION ALL
  SELECT NULL, NULL, NULL, NULL
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
-- stage 2: GROUP BY src.category: count(*)
-- change rows of what is aggregated
stage2_delta AS (
  SELECT src.category, src.__pgt_w
  FROM changes_1 AS src
),
-- stage 2: touched groups, changes added up
stage2_groups AS (
  SELECT hash_record_extended(ROW(d.category), 0) AS __pgt_h,
    d.category,
    sum(d.__pgt_w) AS __pgt_w
  FROM stage2_delta AS d
  GROUP BY d.category
),
-- stage 2: beside what is stored
stage2_touched AS (
  SELECT g.__pgt_h,
    g.category,
    coalesce(o.__pgt_n, 0) AS old___pgt_n,
    coalesce(o.__pgt_n, 0) + g.__pgt_w AS __pgt_n
  FROM stage2_groups AS g
  LEFT JOIN pgtrickle_state.st_1_s2 AS o ON o.__pgt_h = g.__pgt_h AND o.category = g.category
),
-- stage 2: the new state of the touched groups
stage2_next AS (
  SELECT t.__pgt_h,
    t.category,
    t.old___pgt_n,
    t.__pgt_n
  FROM stage2_touched AS t
),
-- stage 2: the state table follows
stage2_write AS (
  MERGE INTO pgtrickle_state.st_1_s2 AS s
  USING stage2_next AS n
  ON s.__pgt_h = n.__pgt_h AND s.category = n.category
  WHEN MATCHED AND n.__pgt_n <= 0 THEN DELETE
  WHEN MATCHED AND NOT (s.__pgt_n = n.__pgt_n) THEN UPDATE SET __pgt_n = n.__pgt_n
  WHEN NOT MATCHED AND n.__pgt_n > 0 THEN
    INSERT (__pgt_h, category, __pgt_n)
    VALUES (n.__pgt_h, n.category, n.__pgt_n)
),
-- stage 2: the old rows of changed groups go, the new ones come
stage2_changes AS (
  SELECT category, old___pgt_n AS count, -1 AS __pgt_w
  FROM stage2_next
  WHERE old___pgt_n > 0 AND NOT (old___pgt_n > 0 AND __pgt_n > 0 AND old___pgt_n = __pgt_n)
  UNION ALL
  SELECT category, __pgt_n AS count, 1 AS __pgt_w
  FROM stage2_next
  WHERE __pgt_n > 0 AND NOT (old___pgt_n > 0 AND __pgt_n > 0 AND old___pgt_n = __pgt_n)
),
-- what comes and goes, by row
net AS (
  SELECT d.region, d.total, d.n, hash_record_extended(ROW(any_value(d.region), any_value(d.total), any_value(d.n)), 0) AS __pgt_h, sum(d.__pgt_w) AS __pgt_w
  FROM (
    SELECT a.region, a.total, b.n, a.__pgt_w
    FROM (SELECT region, sum_amount AS total, stage1_changes.__pgt_w
    FROM stage1_changes) AS a,
      (SELECT category, count AS n
    FROM (SELECT s.category, s.__pgt_n AS count
    FROM pgtrickle_state.st_1_s2 AS s) AS stage2) AS b
    WHERE (a.total > b.n)
    UNION ALL
    SELECT a.region, a.total, b.n, b.__pgt_w
    FROM (SELECT region, sum_amount AS total
    FROM (SELECT s.region, s.sum_amount
    FROM pgtrickle_state.st_1_s1 AS s) AS stage1) AS a,
      (SELECT category, count AS n, stage2_changes.__pgt_w
    FROM stage2_changes) AS b
    WHERE (a.total > b.n)
    UNION ALL
    SELECT a.region, a.total, b.n, a.__pgt_w * b.__pgt_w AS __pgt_w
    FROM (SELECT region, sum_amount AS total, stage1_changes.__pgt_w
    FROM stage1_changes) AS a,
      (SELECT category, count AS n, stage2_changes.__pgt_w
    FROM stage2_changes) AS b
    WHERE (a.total > b.n)
  ) AS d
  GROUP BY d.region, d.total, d.n
  HAVING sum(d.__pgt_w) <> 0
),
-- exactly as many stored copies as shall go
doomed AS (
  SELECT v.ctid
  FROM net AS d
  CROSS JOIN LATERAL (
      SELECT t.ctid
      FROM public.st AS t
      WHERE hash_record_extended(ROW(t.region, t.total, t.n), 0) = d.__pgt_h
        AND t.region IS NOT DISTINCT FROM d.region
        AND t.total IS NOT DISTINCT FROM d.total
        AND t.n IS NOT DISTINCT FROM d.n
      LIMIT -d.__pgt_w
    ) AS v
  WHERE d.__pgt_w < 0
),
-- they go
deleted AS (
  DELETE FROM public.st WHERE ctid = ANY (ARRAY(SELECT ctid FROM doomed))
  RETURNING 1
),
-- the new copies come
inserted AS (
  INSERT INTO public.st (region, total, n)
  SELECT d.region, d.total, d.n
  FROM net AS d, generate_series(1, d.__pgt_w)
  WHERE d.__pgt_w > 0
  RETURNING 1
)
SELECT pg_current_snapshot()::text AS snapshot,
  (SELECT count(*) FROM inserted)::bigint AS rows_inserted,
  0::bigint AS rows_updated,
  (SELECT count(*) FROM deleted)::bigint AS rows_deleted,
  (10)::bigint AS delta_rows,
  EXISTS (SELECT FROM stage1_next WHERE __pgt_n < 0)
    OR EXISTS (SELECT FROM stage2_next WHERE __pgt_n < 0)
    OR (SELECT count(*) FROM deleted) <> (SELECT coalesce(-sum(__pgt_w) FILTER (WHERE __pgt_w < 0), 0) FROM net) AS broken;

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
-- stage 2: GROUP BY src.category: count(*)
-- all groups
stage2_groups AS (
  SELECT hash_record_extended(ROW(src.category), 0) AS __pgt_h, src.category, count(*) AS __pgt_n
  FROM public.src AS src
  GROUP BY src.category
),
-- stage 2: the state table becomes equal to them
stage2_write AS (
  MERGE INTO pgtrickle_state.st_1_s2 AS s
  USING stage2_groups AS n
  ON s.__pgt_h = n.__pgt_h AND s.category = n.category
  WHEN MATCHED AND n.__pgt_n <= 0 THEN DELETE
  WHEN MATCHED AND NOT (s.__pgt_n = n.__pgt_n) THEN UPDATE SET __pgt_n = n.__pgt_n
  WHEN NOT MATCHED AND n.__pgt_n > 0 THEN
    INSERT (__pgt_h, category, __pgt_n)
    VALUES (n.__pgt_h, n.category, n.__pgt_n)
  WHEN NOT MATCHED BY SOURCE THEN DELETE
),
-- what comes and goes, by row
net AS (
  SELECT d.region, d.total, d.n, hash_record_extended(ROW(any_value(d.region), any_value(d.total), any_value(d.n)), 0) AS __pgt_h, sum(d.__pgt_w) AS __pgt_w
  FROM (
    SELECT q.region, q.total, q.n, 1 AS __pgt_w
    FROM (
      SELECT a.region, a.total, b.n
      FROM (SELECT region, sum_amount AS total
      FROM (SELECT s.region, s.sum_amount
      FROM stage1_groups AS s) AS stage1) AS a,
        (SELECT category, count AS n
      FROM (SELECT s.category, s.__pgt_n AS count
      FROM stage2_groups AS s) AS stage2) AS b
      WHERE (a.total > b.n)
    ) AS q
    UNION ALL
    SELECT t.region, t.total, t.n, -1 AS __pgt_w
    FROM public.st AS t
  ) AS d
  GROUP BY d.region, d.total, d.n
  HAVING sum(d.__pgt_w) <> 0
),
-- exactly as many stored copies as shall go
doomed AS (
  SELECT v.ctid
  FROM net AS d
  CROSS JOIN LATERAL (
      SELECT t.ctid
      FROM public.st AS t
      WHERE hash_record_extended(ROW(t.region, t.total, t.n), 0) = d.__pgt_h
        AND t.region IS NOT DISTINCT FROM d.region
        AND t.total IS NOT DISTINCT FROM d.total
        AND t.n IS NOT DISTINCT FROM d.n
      LIMIT -d.__pgt_w
    ) AS v
  WHERE d.__pgt_w < 0
),
-- they go
deleted AS (
  DELETE FROM public.st WHERE ctid = ANY (ARRAY(SELECT ctid FROM doomed))
  RETURNING 1
),
-- the new copies come
inserted AS (
  INSERT INTO public.st (region, total, n)
  SELECT d.region, d.total, d.n
  FROM net AS d, generate_series(1, d.__pgt_w)
  WHERE d.__pgt_w > 0
  RETURNING 1
)
SELECT pg_current_snapshot()::text AS snapshot,
  (SELECT count(*) FROM inserted)::bigint AS rows_inserted,
  0::bigint AS rows_updated,
  (SELECT count(*) FROM deleted)::bigint AS rows_deleted,
  (0)::bigint AS delta_rows,
  (SELECT count(*) FROM deleted) <> (SELECT coalesce(-sum(__pgt_w) FILTER (WHERE __pgt_w < 0), 0) FROM net) AS broken;

