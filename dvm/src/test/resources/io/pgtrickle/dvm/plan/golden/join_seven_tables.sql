--: table t1: id int4!, v text; key id
--: table t2: id int4!, v text; key id
--: table t3: id int4!, v numeric; key id
--: table t4: id int4!, v text; key id
--: table t5: id int4!, v text; key id
--: table t6: id int4!, v text; key id
--: table t7: id int4!, v text; key id
--: query SELECT t1.id, t1.v AS v1, t2.v AS v2, t3.v AS v3, t4.v AS v4, t5.v AS v5, t6.v AS v6, t7.v AS v7 FROM ((((((public.t1 JOIN public.t2 ON ((t2.id = t1.id))) JOIN public.t3 ON ((t3.id = t1.id))) JOIN public.t4 ON ((t4.id = t1.id))) JOIN public.t5 ON ((t5.id = t1.id))) JOIN public.t6 ON ((t6.id = t1.id))) JOIN public.t7 ON ((t7.id = t1.id)))
--: output id int4, v1 text, v2 text, v3 numeric, v4 text, v5 text, v6 text, v7 text
--: changes t2, t5
--: changes t1, t2, t3, t4, t5, t6, t7

-- ---- plan

-- apply: updated in place by key (id)

-- ---- tables

CREATE UNIQUE INDEX ON public.st (id);

-- ---- changes of t2, t5

WITH
-- what changed in public.t2 since the frontier; the second SELECT has no rows and tells the planner how many to expect
read_2 AS (
  SELECT b.id, b.v, b.__pgt_w
  FROM pgtrickle_changes.changes_2 AS b
  WHERE (b.__pgt_xid >= '900'::xid8 OR b.__pgt_xid = ANY ('{801,850}'::xid8[]))
  UNION ALL
  SELECT NULL, NULL, NULL
  FROM generate_series(1, 10)
  WHERE pg_backend_pid() = 0
  LIMIT 10
),
-- the same without what came and went again
changes_2 AS (
  SELECT n.id, n.v, sign(n.__pgt_w)::smallint AS __pgt_w
  FROM (SELECT r.id, r.v, sum(r.__pgt_w) AS __pgt_w FROM read_2 AS r GROUP BY r.id, r.v) AS n,
    generate_series(1, abs(n.__pgt_w))
  LIMIT 10
),
-- what changed in public.t5 since the frontier; the second SELECT has no rows and tells the planner how many to expect
read_5 AS (
  SELECT b.id, b.v, b.__pgt_w
  FROM pgtrickle_changes.changes_5 AS b
  WHERE (b.__pgt_xid >= '900'::xid8 OR b.__pgt_xid = ANY ('{801,850}'::xid8[]))
  UNION ALL
  SELECT NULL, NULL, NULL
  FROM generate_series(1, 10)
  WHERE pg_backend_pid() = 0
  LIMIT 10
),
-- the same without what came and went again
changes_5 AS (
  SELECT n.id, n.v, sign(n.__pgt_w)::smallint AS __pgt_w
  FROM (SELECT r.id, r.v, sum(r.__pgt_w) AS __pgt_w FROM read_5 AS r GROUP BY r.id, r.v) AS n,
    generate_series(1, abs(n.__pgt_w))
  LIMIT 10
),
-- what comes and goes, by row
net AS (
  SELECT d.id, d.v1, d.v2, d.v3, d.v4, d.v5, d.v6, d.v7, sum(d.__pgt_w) AS __pgt_w
  FROM (
    SELECT t1.id, t1.v AS v1, t2.v AS v2, t3.v AS v3, t4.v AS v4, t5.v AS v5, t6.v AS v6, t7.v AS v7, t2.__pgt_w
    FROM public.t1 AS t1,
      changes_2 AS t2,
      public.t3 AS t3,
      public.t4 AS t4,
      public.t5 AS t5,
      public.t6 AS t6,
      public.t7 AS t7
    WHERE (t2.id = t1.id)
      AND (t3.id = t1.id)
      AND (t4.id = t1.id)
      AND (t5.id = t1.id)
      AND (t6.id = t1.id)
      AND (t7.id = t1.id)
    UNION ALL
    SELECT t1.id, t1.v AS v1, t2.v AS v2, t3.v AS v3, t4.v AS v4, t5.v AS v5, t6.v AS v6, t7.v AS v7, t5.__pgt_w
    FROM public.t1 AS t1,
      public.t2 AS t2,
      public.t3 AS t3,
      public.t4 AS t4,
      changes_5 AS t5,
      public.t6 AS t6,
      public.t7 AS t7
    WHERE (t2.id = t1.id)
      AND (t3.id = t1.id)
      AND (t4.id = t1.id)
      AND (t5.id = t1.id)
      AND (t6.id = t1.id)
      AND (t7.id = t1.id)
    UNION ALL
    SELECT t1.id, t1.v AS v1, t2.v AS v2, t3.v AS v3, t4.v AS v4, t5.v AS v5, t6.v AS v6, t7.v AS v7, -(t2.__pgt_w * t5.__pgt_w) AS __pgt_w
    FROM public.t1 AS t1,
      changes_2 AS t2,
      public.t3 AS t3,
      public.t4 AS t4,
      changes_5 AS t5,
      public.t6 AS t6,
      public.t7 AS t7
    WHERE (t2.id = t1.id)
      AND (t3.id = t1.id)
      AND (t4.id = t1.id)
      AND (t5.id = t1.id)
      AND (t6.id = t1.id)
      AND (t7.id = t1.id)
  ) AS d
  GROUP BY d.id, d.v1, d.v2, d.v3, scale(d.v3), d.v4, d.v5, d.v6, d.v7
  HAVING sum(d.__pgt_w) <> 0
),
-- one row for each touched key: the new row, or the old one where none comes
changed AS (
  SELECT d.id, d.v1, d.v2, d.v3, d.v4, d.v5, d.v6, d.v7, true AS __pgt_present
  FROM net AS d
  WHERE d.__pgt_w > 0
  UNION ALL
  SELECT d.id, d.v1, d.v2, d.v3, d.v4, d.v5, d.v6, d.v7, false
  FROM net AS d
  WHERE d.__pgt_w < 0
    AND NOT EXISTS (SELECT FROM net AS n WHERE n.__pgt_w > 0 AND n.id = d.id)
),
-- the visible table follows
applied AS (
  MERGE INTO public.st AS t
  USING changed AS d
  ON t.id = d.id
  WHEN MATCHED AND NOT d.__pgt_present THEN DELETE
  WHEN MATCHED AND NOT (t.v1 IS NOT DISTINCT FROM d.v1 AND t.v2 IS NOT DISTINCT FROM d.v2 AND (t.v3, scale(t.v3)) IS NOT DISTINCT FROM (d.v3, scale(d.v3)) AND t.v4 IS NOT DISTINCT FROM d.v4 AND t.v5 IS NOT DISTINCT FROM d.v5 AND t.v6 IS NOT DISTINCT FROM d.v6 AND t.v7 IS NOT DISTINCT FROM d.v7) THEN
    UPDATE SET v1 = d.v1, v2 = d.v2, v3 = d.v3, v4 = d.v4, v5 = d.v5, v6 = d.v6, v7 = d.v7
  WHEN NOT MATCHED AND d.__pgt_present THEN
    INSERT (id, v1, v2, v3, v4, v5, v6, v7)
    VALUES (d.id, d.v1, d.v2, d.v3, d.v4, d.v5, d.v6, d.v7)
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
  (10 + 10)::bigint AS delta_rows,
  EXISTS (SELECT FROM net WHERE abs(__pgt_w) > 1) OR (SELECT deleted FROM done) <> (SELECT count(*) FROM changed WHERE NOT __pgt_present) AS broken;

-- ---- changes of t1, t2, t3, t4, t5, t6, t7

WITH
-- what changed in public.t1 since the frontier; the second SELECT has no rows and tells the planner how many to expect
read_1 AS (
  SELECT b.id, b.v, b.__pgt_w
  FROM pgtrickle_changes.changes_1 AS b
  WHERE (b.__pgt_xid >= '900'::xid8 OR b.__pgt_xid = ANY ('{801,850}'::xid8[]))
  UNION ALL
  SELECT NULL, NULL, NULL
  FROM generate_series(1, 10)
  WHERE pg_backend_pid() = 0
  LIMIT 10
),
-- the same without what came and went again
changes_1 AS (
  SELECT n.id, n.v, sign(n.__pgt_w)::smallint AS __pgt_w
  FROM (SELECT r.id, r.v, sum(r.__pgt_w) AS __pgt_w FROM read_1 AS r GROUP BY r.id, r.v) AS n,
    generate_series(1, abs(n.__pgt_w))
  LIMIT 10
),
-- what changed in public.t2 since the frontier; the second SELECT has no rows and tells the planner how many to expect
read_2 AS (
  SELECT b.id, b.v, b.__pgt_w
  FROM pgtrickle_changes.changes_2 AS b
  WHERE (b.__pgt_xid >= '900'::xid8 OR b.__pgt_xid = ANY ('{801,850}'::xid8[]))
  UNION ALL
  SELECT NULL, NULL, NULL
  FROM generate_series(1, 10)
  WHERE pg_backend_pid() = 0
  LIMIT 10
),
-- the same without what came and went again
changes_2 AS (
  SELECT n.id, n.v, sign(n.__pgt_w)::smallint AS __pgt_w
  FROM (SELECT r.id, r.v, sum(r.__pgt_w) AS __pgt_w FROM read_2 AS r GROUP BY r.id, r.v) AS n,
    generate_series(1, abs(n.__pgt_w))
  LIMIT 10
),
-- what changed in public.t3 since the frontier; the second SELECT has no rows and tells the planner how many to expect
read_3 AS (
  SELECT b.id, b.v, b.__pgt_w
  FROM pgtrickle_changes.changes_3 AS b
  WHERE (b.__pgt_xid >= '900'::xid8 OR b.__pgt_xid = ANY ('{801,850}'::xid8[]))
  UNION ALL
  SELECT NULL, NULL, NULL
  FROM generate_series(1, 10)
  WHERE pg_backend_pid() = 0
  LIMIT 10
),
-- the same without what came and went again
changes_3 AS (
  SELECT n.id, n.v, sign(n.__pgt_w)::smallint AS __pgt_w
  FROM (SELECT r.id, r.v, sum(r.__pgt_w) AS __pgt_w FROM read_3 AS r GROUP BY r.id, r.v, scale(r.v)) AS n,
    generate_series(1, abs(n.__pgt_w))
  LIMIT 10
),
-- what changed in public.t4 since the frontier; the second SELECT has no rows and tells the planner how many to expect
read_4 AS (
  SELECT b.id, b.v, b.__pgt_w
  FROM pgtrickle_changes.changes_4 AS b
  WHERE (b.__pgt_xid >= '900'::xid8 OR b.__pgt_xid = ANY ('{801,850}'::xid8[]))
  UNION ALL
  SELECT NULL, NULL, NULL
  FROM generate_series(1, 10)
  WHERE pg_backend_pid() = 0
  LIMIT 10
),
-- the same without what came and went again
changes_4 AS (
  SELECT n.id, n.v, sign(n.__pgt_w)::smallint AS __pgt_w
  FROM (SELECT r.id, r.v, sum(r.__pgt_w) AS __pgt_w FROM read_4 AS r GROUP BY r.id, r.v) AS n,
    generate_series(1, abs(n.__pgt_w))
  LIMIT 10
),
-- what changed in public.t5 since the frontier; the second SELECT has no rows and tells the planner how many to expect
read_5 AS (
  SELECT b.id, b.v, b.__pgt_w
  FROM pgtrickle_changes.changes_5 AS b
  WHERE (b.__pgt_xid >= '900'::xid8 OR b.__pgt_xid = ANY ('{801,850}'::xid8[]))
  UNION ALL
  SELECT NULL, NULL, NULL
  FROM generate_series(1, 10)
  WHERE pg_backend_pid() = 0
  LIMIT 10
),
-- the same without what came and went again
changes_5 AS (
  SELECT n.id, n.v, sign(n.__pgt_w)::smallint AS __pgt_w
  FROM (SELECT r.id, r.v, sum(r.__pgt_w) AS __pgt_w FROM read_5 AS r GROUP BY r.id, r.v) AS n,
    generate_series(1, abs(n.__pgt_w))
  LIMIT 10
),
-- what changed in public.t6 since the frontier; the second SELECT has no rows and tells the planner how many to expect
read_6 AS (
  SELECT b.id, b.v, b.__pgt_w
  FROM pgtrickle_changes.changes_6 AS b
  WHERE (b.__pgt_xid >= '900'::xid8 OR b.__pgt_xid = ANY ('{801,850}'::xid8[]))
  UNION ALL
  SELECT NULL, NULL, NULL
  FROM generate_series(1, 10)
  WHERE pg_backend_pid() = 0
  LIMIT 10
),
-- the same without what came and went again
changes_6 AS (
  SELECT n.id, n.v, sign(n.__pgt_w)::smallint AS __pgt_w
  FROM (SELECT r.id, r.v, sum(r.__pgt_w) AS __pgt_w FROM read_6 AS r GROUP BY r.id, r.v) AS n,
    generate_series(1, abs(n.__pgt_w))
  LIMIT 10
),
-- what changed in public.t7 since the frontier; the second SELECT has no rows and tells the planner how many to expect
read_7 AS (
  SELECT b.id, b.v, b.__pgt_w
  FROM pgtrickle_changes.changes_7 AS b
  WHERE (b.__pgt_xid >= '900'::xid8 OR b.__pgt_xid = ANY ('{801,850}'::xid8[]))
  UNION ALL
  SELECT NULL, NULL, NULL
  FROM generate_series(1, 10)
  WHERE pg_backend_pid() = 0
  LIMIT 10
),
-- the same without what came and went again
changes_7 AS (
  SELECT n.id, n.v, sign(n.__pgt_w)::smallint AS __pgt_w
  FROM (SELECT r.id, r.v, sum(r.__pgt_w) AS __pgt_w FROM read_7 AS r GROUP BY r.id, r.v) AS n,
    generate_series(1, abs(n.__pgt_w))
  LIMIT 10
),
-- what comes and goes, by row
net AS (
  SELECT d.id, d.v1, d.v2, d.v3, d.v4, d.v5, d.v6, d.v7, sum(d.__pgt_w) AS __pgt_w
  FROM (
    SELECT t1.id, t1.v AS v1, t2.v AS v2, t3.v AS v3, t4.v AS v4, t5.v AS v5, t6.v AS v6, t7.v AS v7, t1.__pgt_w
    FROM changes_1 AS t1,
      (SELECT t2.id, t2.v, CASE WHEN (t2.id) IN (SELECT id FROM changes_2 WHERE __pgt_w > 0) THEN 0 ELSE 1 END AS __pgt_w
    FROM public.t2 AS t2
    UNION ALL
    SELECT t2.id, t2.v, 1 AS __pgt_w
    FROM changes_2 AS t2
    WHERE t2.__pgt_w < 0) AS t2,
      (SELECT t3.id, t3.v, CASE WHEN (t3.id) IN (SELECT id FROM changes_3 WHERE __pgt_w > 0) THEN 0 ELSE 1 END AS __pgt_w
    FROM public.t3 AS t3
    UNION ALL
    SELECT t3.id, t3.v, 1 AS __pgt_w
    FROM changes_3 AS t3
    WHERE t3.__pgt_w < 0) AS t3,
      (SELECT t4.id, t4.v, CASE WHEN (t4.id) IN (SELECT id FROM changes_4 WHERE __pgt_w > 0) THEN 0 ELSE 1 END AS __pgt_w
    FROM public.t4 AS t4
    UNION ALL
    SELECT t4.id, t4.v, 1 AS __pgt_w
    FROM changes_4 AS t4
    WHERE t4.__pgt_w < 0) AS t4,
      (SELECT t5.id, t5.v, CASE WHEN (t5.id) IN (SELECT id FROM changes_5 WHERE __pgt_w > 0) THEN 0 ELSE 1 END AS __pgt_w
    FROM public.t5 AS t5
    UNION ALL
    SELECT t5.id, t5.v, 1 AS __pgt_w
    FROM changes_5 AS t5
    WHERE t5.__pgt_w < 0) AS t5,
      (SELECT t6.id, t6.v, CASE WHEN (t6.id) IN (SELECT id FROM changes_6 WHERE __pgt_w > 0) THEN 0 ELSE 1 END AS __pgt_w
    FROM public.t6 AS t6
    UNION ALL
    SELECT t6.id, t6.v, 1 AS __pgt_w
    FROM changes_6 AS t6
    WHERE t6.__pgt_w < 0) AS t6,
      (SELECT t7.id, t7.v, CASE WHEN (t7.id) IN (SELECT id FROM changes_7 WHERE __pgt_w > 0) THEN 0 ELSE 1 END AS __pgt_w
    FROM public.t7 AS t7
    UNION ALL
    SELECT t7.id, t7.v, 1 AS __pgt_w
    FROM changes_7 AS t7
    WHERE t7.__pgt_w < 0) AS t7
    WHERE (t2.id = t1.id)
      AND (t3.id = t1.id)
      AND (t4.id = t1.id)
      AND (t5.id = t1.id)
      AND (t6.id = t1.id)
      AND (t7.id = t1.id)
      AND t2.__pgt_w = 1
      AND t3.__pgt_w = 1
      AND t4.__pgt_w = 1
      AND t5.__pgt_w = 1
      AND t6.__pgt_w = 1
      AND t7.__pgt_w = 1
    UNION ALL
    SELECT t1.id, t1.v AS v1, t2.v AS v2, t3.v AS v3, t4.v AS v4, t5.v AS v5, t6.v AS v6, t7.v AS v7, t2.__pgt_w
    FROM public.t1 AS t1,
      changes_2 AS t2,
      (SELECT t3.id, t3.v, CASE WHEN (t3.id) IN (SELECT id FROM changes_3 WHERE __pgt_w > 0) THEN 0 ELSE 1 END AS __pgt_w
    FROM public.t3 AS t3
    UNION ALL
    SELECT t3.id, t3.v, 1 AS __pgt_w
    FROM changes_3 AS t3
    WHERE t3.__pgt_w < 0) AS t3,
      (SELECT t4.id, t4.v, CASE WHEN (t4.id) IN (SELECT id FROM changes_4 WHERE __pgt_w > 0) THEN 0 ELSE 1 END AS __pgt_w
    FROM public.t4 AS t4
    UNION ALL
    SELECT t4.id, t4.v, 1 AS __pgt_w
    FROM changes_4 AS t4
    WHERE t4.__pgt_w < 0) AS t4,
      (SELECT t5.id, t5.v, CASE WHEN (t5.id) IN (SELECT id FROM changes_5 WHERE __pgt_w > 0) THEN 0 ELSE 1 END AS __pgt_w
    FROM public.t5 AS t5
    UNION ALL
    SELECT t5.id, t5.v, 1 AS __pgt_w
    FROM changes_5 AS t5
    WHERE t5.__pgt_w < 0) AS t5,
      (SELECT t6.id, t6.v, CASE WHEN (t6.id) IN (SELECT id FROM changes_6 WHERE __pgt_w > 0) THEN 0 ELSE 1 END AS __pgt_w
    FROM public.t6 AS t6
    UNION ALL
    SELECT t6.id, t6.v, 1 AS __pgt_w
    FROM changes_6 AS t6
    WHERE t6.__pgt_w < 0) AS t6,
      (SELECT t7.id, t7.v, CASE WHEN (t7.id) IN (SELECT id FROM changes_7 WHERE __pgt_w > 0) THEN 0 ELSE 1 END AS __pgt_w
    FROM public.t7 AS t7
    UNION ALL
    SELECT t7.id, t7.v, 1 AS __pgt_w
    FROM changes_7 AS t7
    WHERE t7.__pgt_w < 0) AS t7
    WHERE (t2.id = t1.id)
      AND (t3.id = t1.id)
      AND (t4.id = t1.id)
      AND (t5.id = t1.id)
      AND (t6.id = t1.id)
      AND (t7.id = t1.id)
      AND t3.__pgt_w = 1
      AND t4.__pgt_w = 1
      AND t5.__pgt_w = 1
      AND t6.__pgt_w = 1
      AND t7.__pgt_w = 1
    UNION ALL
    SELECT t1.id, t1.v AS v1, t2.v AS v2, t3.v AS v3, t4.v AS v4, t5.v AS v5, t6.v AS v6, t7.v AS v7, t3.__pgt_w
    FROM public.t1 AS t1,
      public.t2 AS t2,
      changes_3 AS t3,
      (SELECT t4.id, t4.v, CASE WHEN (t4.id) IN (SELECT id FROM changes_4 WHERE __pgt_w > 0) THEN 0 ELSE 1 END AS __pgt_w
    FROM public.t4 AS t4
    UNION ALL
    SELECT t4.id, t4.v, 1 AS __pgt_w
    FROM changes_4 AS t4
    WHERE t4.__pgt_w < 0) AS t4,
      (SELECT t5.id, t5.v, CASE WHEN (t5.id) IN (SELECT id FROM changes_5 WHERE __pgt_w > 0) THEN 0 ELSE 1 END AS __pgt_w
    FROM public.t5 AS t5
    UNION ALL
    SELECT t5.id, t5.v, 1 AS __pgt_w
    FROM changes_5 AS t5
    WHERE t5.__pgt_w < 0) AS t5,
      (SELECT t6.id, t6.v, CASE WHEN (t6.id) IN (SELECT id FROM changes_6 WHERE __pgt_w > 0) THEN 0 ELSE 1 END AS __pgt_w
    FROM public.t6 AS t6
    UNION ALL
    SELECT t6.id, t6.v, 1 AS __pgt_w
    FROM changes_6 AS t6
    WHERE t6.__pgt_w < 0) AS t6,
      (SELECT t7.id, t7.v, CASE WHEN (t7.id) IN (SELECT id FROM changes_7 WHERE __pgt_w > 0) THEN 0 ELSE 1 END AS __pgt_w
    FROM public.t7 AS t7
    UNION ALL
    SELECT t7.id, t7.v, 1 AS __pgt_w
    FROM changes_7 AS t7
    WHERE t7.__pgt_w < 0) AS t7
    WHERE (t2.id = t1.id)
      AND (t3.id = t1.id)
      AND (t4.id = t1.id)
      AND (t5.id = t1.id)
      AND (t6.id = t1.id)
      AND (t7.id = t1.id)
      AND t4.__pgt_w = 1
      AND t5.__pgt_w = 1
      AND t6.__pgt_w = 1
      AND t7.__pgt_w = 1
    UNION ALL
    SELECT t1.id, t1.v AS v1, t2.v AS v2, t3.v AS v3, t4.v AS v4, t5.v AS v5, t6.v AS v6, t7.v AS v7, t4.__pgt_w
    FROM public.t1 AS t1,
      public.t2 AS t2,
      public.t3 AS t3,
      changes_4 AS t4,
      (SELECT t5.id, t5.v, CASE WHEN (t5.id) IN (SELECT id FROM changes_5 WHERE __pgt_w > 0) THEN 0 ELSE 1 END AS __pgt_w
    FROM public.t5 AS t5
    UNION ALL
    SELECT t5.id, t5.v, 1 AS __pgt_w
    FROM changes_5 AS t5
    WHERE t5.__pgt_w < 0) AS t5,
      (SELECT t6.id, t6.v, CASE WHEN (t6.id) IN (SELECT id FROM changes_6 WHERE __pgt_w > 0) THEN 0 ELSE 1 END AS __pgt_w
    FROM public.t6 AS t6
    UNION ALL
    SELECT t6.id, t6.v, 1 AS __pgt_w
    FROM changes_6 AS t6
    WHERE t6.__pgt_w < 0) AS t6,
      (SELECT t7.id, t7.v, CASE WHEN (t7.id) IN (SELECT id FROM changes_7 WHERE __pgt_w > 0) THEN 0 ELSE 1 END AS __pgt_w
    FROM public.t7 AS t7
    UNION ALL
    SELECT t7.id, t7.v, 1 AS __pgt_w
    FROM changes_7 AS t7
    WHERE t7.__pgt_w < 0) AS t7
    WHERE (t2.id = t1.id)
      AND (t3.id = t1.id)
      AND (t4.id = t1.id)
      AND (t5.id = t1.id)
      AND (t6.id = t1.id)
      AND (t7.id = t1.id)
      AND t5.__pgt_w = 1
      AND t6.__pgt_w = 1
      AND t7.__pgt_w = 1
    UNION ALL
    SELECT t1.id, t1.v AS v1, t2.v AS v2, t3.v AS v3, t4.v AS v4, t5.v AS v5, t6.v AS v6, t7.v AS v7, t5.__pgt_w
    FROM public.t1 AS t1,
      public.t2 AS t2,
      public.t3 AS t3,
      public.t4 AS t4,
      changes_5 AS t5,
      (SELECT t6.id, t6.v, CASE WHEN (t6.id) IN (SELECT id FROM changes_6 WHERE __pgt_w > 0) THEN 0 ELSE 1 END AS __pgt_w
    FROM public.t6 AS t6
    UNION ALL
    SELECT t6.id, t6.v, 1 AS __pgt_w
    FROM changes_6 AS t6
    WHERE t6.__pgt_w < 0) AS t6,
      (SELECT t7.id, t7.v, CASE WHEN (t7.id) IN (SELECT id FROM changes_7 WHERE __pgt_w > 0) THEN 0 ELSE 1 END AS __pgt_w
    FROM public.t7 AS t7
    UNION ALL
    SELECT t7.id, t7.v, 1 AS __pgt_w
    FROM changes_7 AS t7
    WHERE t7.__pgt_w < 0) AS t7
    WHERE (t2.id = t1.id)
      AND (t3.id = t1.id)
      AND (t4.id = t1.id)
      AND (t5.id = t1.id)
      AND (t6.id = t1.id)
      AND (t7.id = t1.id)
      AND t6.__pgt_w = 1
      AND t7.__pgt_w = 1
    UNION ALL
    SELECT t1.id, t1.v AS v1, t2.v AS v2, t3.v AS v3, t4.v AS v4, t5.v AS v5, t6.v AS v6, t7.v AS v7, t6.__pgt_w
    FROM public.t1 AS t1,
      public.t2 AS t2,
      public.t3 AS t3,
      public.t4 AS t4,
      public.t5 AS t5,
      changes_6 AS t6,
      (SELECT t7.id, t7.v, CASE WHEN (t7.id) IN (SELECT id FROM changes_7 WHERE __pgt_w > 0) THEN 0 ELSE 1 END AS __pgt_w
    FROM public.t7 AS t7
    UNION ALL
    SELECT t7.id, t7.v, 1 AS __pgt_w
    FROM changes_7 AS t7
    WHERE t7.__pgt_w < 0) AS t7
    WHERE (t2.id = t1.id)
      AND (t3.id = t1.id)
      AND (t4.id = t1.id)
      AND (t5.id = t1.id)
      AND (t6.id = t1.id)
      AND (t7.id = t1.id)
      AND t7.__pgt_w = 1
    UNION ALL
    SELECT t1.id, t1.v AS v1, t2.v AS v2, t3.v AS v3, t4.v AS v4, t5.v AS v5, t6.v AS v6, t7.v AS v7, t7.__pgt_w
    FROM public.t1 AS t1,
      public.t2 AS t2,
      public.t3 AS t3,
      public.t4 AS t4,
      public.t5 AS t5,
      public.t6 AS t6,
      changes_7 AS t7
    WHERE (t2.id = t1.id)
      AND (t3.id = t1.id)
      AND (t4.id = t1.id)
      AND (t5.id = t1.id)
      AND (t6.id = t1.id)
      AND (t7.id = t1.id)
  ) AS d
  GROUP BY d.id, d.v1, d.v2, d.v3, scale(d.v3), d.v4, d.v5, d.v6, d.v7
  HAVING sum(d.__pgt_w) <> 0
),
-- one row for each touched key: the new row, or the old one where none comes
changed AS (
  SELECT d.id, d.v1, d.v2, d.v3, d.v4, d.v5, d.v6, d.v7, true AS __pgt_present
  FROM net AS d
  WHERE d.__pgt_w > 0
  UNION ALL
  SELECT d.id, d.v1, d.v2, d.v3, d.v4, d.v5, d.v6, d.v7, false
  FROM net AS d
  WHERE d.__pgt_w < 0
    AND NOT EXISTS (SELECT FROM net AS n WHERE n.__pgt_w > 0 AND n.id = d.id)
),
-- the visible table follows
applied AS (
  MERGE INTO public.st AS t
  USING changed AS d
  ON t.id = d.id
  WHEN MATCHED AND NOT d.__pgt_present THEN DELETE
  WHEN MATCHED AND NOT (t.v1 IS NOT DISTINCT FROM d.v1 AND t.v2 IS NOT DISTINCT FROM d.v2 AND (t.v3, scale(t.v3)) IS NOT DISTINCT FROM (d.v3, scale(d.v3)) AND t.v4 IS NOT DISTINCT FROM d.v4 AND t.v5 IS NOT DISTINCT FROM d.v5 AND t.v6 IS NOT DISTINCT FROM d.v6 AND t.v7 IS NOT DISTINCT FROM d.v7) THEN
    UPDATE SET v1 = d.v1, v2 = d.v2, v3 = d.v3, v4 = d.v4, v5 = d.v5, v6 = d.v6, v7 = d.v7
  WHEN NOT MATCHED AND d.__pgt_present THEN
    INSERT (id, v1, v2, v3, v4, v5, v6, v7)
    VALUES (d.id, d.v1, d.v2, d.v3, d.v4, d.v5, d.v6, d.v7)
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
  (10 + 10 + 10 + 10 + 10 + 10 + 10)::bigint AS delta_rows,
  EXISTS (SELECT FROM net WHERE abs(__pgt_w) > 1) OR (SELECT deleted FROM done) <> (SELECT count(*) FROM changed WHERE NOT __pgt_present) AS broken;

-- ---- full

WITH
-- what the table shall hold
wanted AS (
  SELECT t1.id, t1.v AS v1, t2.v AS v2, t3.v AS v3, t4.v AS v4, t5.v AS v5, t6.v AS v6, t7.v AS v7
  FROM public.t1 AS t1,
    public.t2 AS t2,
    public.t3 AS t3,
    public.t4 AS t4,
    public.t5 AS t5,
    public.t6 AS t6,
    public.t7 AS t7
  WHERE (t2.id = t1.id)
    AND (t3.id = t1.id)
    AND (t4.id = t1.id)
    AND (t5.id = t1.id)
    AND (t6.id = t1.id)
    AND (t7.id = t1.id)
),
-- it becomes equal to that
applied AS (
  MERGE INTO public.st AS t
  USING wanted AS d
  ON t.id = d.id
  WHEN MATCHED AND NOT (t.v1 IS NOT DISTINCT FROM d.v1 AND t.v2 IS NOT DISTINCT FROM d.v2 AND (t.v3, scale(t.v3)) IS NOT DISTINCT FROM (d.v3, scale(d.v3)) AND t.v4 IS NOT DISTINCT FROM d.v4 AND t.v5 IS NOT DISTINCT FROM d.v5 AND t.v6 IS NOT DISTINCT FROM d.v6 AND t.v7 IS NOT DISTINCT FROM d.v7) THEN
    UPDATE SET v1 = d.v1, v2 = d.v2, v3 = d.v3, v4 = d.v4, v5 = d.v5, v6 = d.v6, v7 = d.v7
  WHEN NOT MATCHED THEN
    INSERT (id, v1, v2, v3, v4, v5, v6, v7)
    VALUES (d.id, d.v1, d.v2, d.v3, d.v4, d.v5, d.v6, d.v7)
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

