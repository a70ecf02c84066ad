--: table a: id int4!, v text; key id
--: table b: id int4!, v text; key id
--: table c: id int4!, v numeric; key id
--: table d: id int4, v text
--: table e: id int4!, v text; key id
--: query SELECT a.id, a.v, b.v AS bv, c.v AS cv, d.v AS dv, e.v AS ev FROM ((((public.a JOIN public.b ON ((b.id = a.id))) JOIN public.c ON ((c.id = a.id))) JOIN public.d ON ((d.id = a.id))) JOIN public.e ON ((e.id = a.id)))
--: output id int4, v text, bv text, cv numeric, dv text, ev text
--: changes a, b, c, d, e

-- ---- plan

-- apply: no key is known; rows are found by (id), which few rows share, and updated in place

-- ---- tables

CREATE INDEX ON public.st (id);

-- ---- changes of a, b, c, d, e

WITH
-- what changed in public.a since the frontier; the second SELECT has no rows and tells the planner how many to expect
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
-- what changed in public.b since the frontier; the second SELECT has no rows and tells the planner how many to expect
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
-- what changed in public.c since the frontier; the second SELECT has no rows and tells the planner how many to expect
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
-- what changed in public.d since the frontier; the second SELECT has no rows and tells the planner how many to expect
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
-- what changed in public.e since the frontier; the second SELECT has no rows and tells the planner how many to expect
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
  SELECT d.id, d.v, d.bv, d.cv, d.dv, d.ev, sum(d.__pgt_w) AS __pgt_w
  FROM (
    SELECT a.id, a.v, b.v AS bv, c.v AS cv, d.v AS dv, e.v AS ev, a.__pgt_w * b.__pgt_w * c.__pgt_w * d.__pgt_w * e.__pgt_w AS __pgt_w
    FROM changes_1 AS a,
      (SELECT b.id, b.v, CASE WHEN (b.id) IN (SELECT id FROM changes_2 WHERE __pgt_w > 0) THEN 0 ELSE 1 END AS __pgt_w
    FROM public.b AS b
    UNION ALL
    SELECT b.id, b.v, 1 AS __pgt_w
    FROM changes_2 AS b
    WHERE b.__pgt_w < 0) AS b,
      (SELECT c.id, c.v, CASE WHEN (c.id) IN (SELECT id FROM changes_3 WHERE __pgt_w > 0) THEN 0 ELSE 1 END AS __pgt_w
    FROM public.c AS c
    UNION ALL
    SELECT c.id, c.v, 1 AS __pgt_w
    FROM changes_3 AS c
    WHERE c.__pgt_w < 0) AS c,
      (SELECT d.id, d.v, 1 AS __pgt_w
    FROM public.d AS d
    UNION ALL
    SELECT d.id, d.v, -d.__pgt_w AS __pgt_w
    FROM changes_4 AS d) AS d,
      (SELECT e.id, e.v, CASE WHEN (e.id) IN (SELECT id FROM changes_5 WHERE __pgt_w > 0) THEN 0 ELSE 1 END AS __pgt_w
    FROM public.e AS e
    UNION ALL
    SELECT e.id, e.v, 1 AS __pgt_w
    FROM changes_5 AS e
    WHERE e.__pgt_w < 0) AS e
    WHERE (b.id = a.id)
      AND (c.id = a.id)
      AND (d.id = a.id)
      AND (e.id = a.id)
      AND b.__pgt_w <> 0
      AND c.__pgt_w <> 0
      AND e.__pgt_w <> 0
    UNION ALL
    SELECT a.id, a.v, b.v AS bv, c.v AS cv, d.v AS dv, e.v AS ev, b.__pgt_w * c.__pgt_w * d.__pgt_w * e.__pgt_w AS __pgt_w
    FROM public.a AS a,
      changes_2 AS b,
      (SELECT c.id, c.v, CASE WHEN (c.id) IN (SELECT id FROM changes_3 WHERE __pgt_w > 0) THEN 0 ELSE 1 END AS __pgt_w
    FROM public.c AS c
    UNION ALL
    SELECT c.id, c.v, 1 AS __pgt_w
    FROM changes_3 AS c
    WHERE c.__pgt_w < 0) AS c,
      (SELECT d.id, d.v, 1 AS __pgt_w
    FROM public.d AS d
    UNION ALL
    SELECT d.id, d.v, -d.__pgt_w AS __pgt_w
    FROM changes_4 AS d) AS d,
      (SELECT e.id, e.v, CASE WHEN (e.id) IN (SELECT id FROM changes_5 WHERE __pgt_w > 0) THEN 0 ELSE 1 END AS __pgt_w
    FROM public.e AS e
    UNION ALL
    SELECT e.id, e.v, 1 AS __pgt_w
    FROM changes_5 AS e
    WHERE e.__pgt_w < 0) AS e
    WHERE (b.id = a.id)
      AND (c.id = a.id)
      AND (d.id = a.id)
      AND (e.id = a.id)
      AND c.__pgt_w <> 0
      AND e.__pgt_w <> 0
    UNION ALL
    SELECT a.id, a.v, b.v AS bv, c.v AS cv, d.v AS dv, e.v AS ev, c.__pgt_w * d.__pgt_w * e.__pgt_w AS __pgt_w
    FROM public.a AS a,
      public.b AS b,
      changes_3 AS c,
      (SELECT d.id, d.v, 1 AS __pgt_w
    FROM public.d AS d
    UNION ALL
    SELECT d.id, d.v, -d.__pgt_w AS __pgt_w
    FROM changes_4 AS d) AS d,
      (SELECT e.id, e.v, CASE WHEN (e.id) IN (SELECT id FROM changes_5 WHERE __pgt_w > 0) THEN 0 ELSE 1 END AS __pgt_w
    FROM public.e AS e
    UNION ALL
    SELECT e.id, e.v, 1 AS __pgt_w
    FROM changes_5 AS e
    WHERE e.__pgt_w < 0) AS e
    WHERE (b.id = a.id)
      AND (c.id = a.id)
      AND (d.id = a.id)
      AND (e.id = a.id)
      AND e.__pgt_w <> 0
    UNION ALL
    SELECT a.id, a.v, b.v AS bv, c.v AS cv, d.v AS dv, e.v AS ev, d.__pgt_w * e.__pgt_w AS __pgt_w
    FROM public.a AS a,
      public.b AS b,
      public.c AS c,
      changes_4 AS d,
      (SELECT e.id, e.v, CASE WHEN (e.id) IN (SELECT id FROM changes_5 WHERE __pgt_w > 0) THEN 0 ELSE 1 END AS __pgt_w
    FROM public.e AS e
    UNION ALL
    SELECT e.id, e.v, 1 AS __pgt_w
    FROM changes_5 AS e
    WHERE e.__pgt_w < 0) AS e
    WHERE (b.id = a.id)
      AND (c.id = a.id)
      AND (d.id = a.id)
      AND (e.id = a.id)
      AND e.__pgt_w <> 0
    UNION ALL
    SELECT a.id, a.v, b.v AS bv, c.v AS cv, d.v AS dv, e.v AS ev, e.__pgt_w
    FROM public.a AS a,
      public.b AS b,
      public.c AS c,
      public.d AS d,
      changes_5 AS e
    WHERE (b.id = a.id)
      AND (c.id = a.id)
      AND (d.id = a.id)
      AND (e.id = a.id)
  ) AS d
  GROUP BY d.id, d.v, d.bv, d.cv, scale(d.cv), d.dv, d.ev
  HAVING sum(d.__pgt_w) <> 0
),
-- exactly as many stored copies as shall go, numbered within their anchor
going AS (
  SELECT v.ctid, d.id, row_number() OVER (PARTITION BY d.id) AS __pgt_i
  FROM net AS d
  CROSS JOIN LATERAL (
      SELECT t.ctid
      FROM public.st AS t
      WHERE t.id = d.id
        AND t.v IS NOT DISTINCT FROM d.v
        AND t.bv IS NOT DISTINCT FROM d.bv
        AND (t.cv, scale(t.cv)) IS NOT DISTINCT FROM (d.cv, scale(d.cv))
        AND t.dv IS NOT DISTINCT FROM d.dv
        AND t.ev IS NOT DISTINCT FROM d.ev
      LIMIT -d.__pgt_w
    ) AS v
  WHERE d.__pgt_w < 0
),
-- the new rows, numbered alike, one copy each
coming AS (
  SELECT d.id, d.v, d.bv, d.cv, d.dv, d.ev, row_number() OVER (PARTITION BY d.id) AS __pgt_i
  FROM net AS d
  WHERE d.__pgt_w > 0
),
-- further copies, apart because the planner takes generate_series for a thousand rows
further AS (
  INSERT INTO public.st (id, v, bv, cv, dv, ev)
  SELECT d.id, d.v, d.bv, d.cv, d.dv, d.ev
  FROM net AS d, generate_series(2, d.__pgt_w)
  WHERE d.__pgt_w > 1
  RETURNING 1
),
-- pairs are updates
applied AS (
  MERGE INTO public.st AS t
  USING (
    SELECT g.ctid AS __pgt_ctid, c.__pgt_i IS NOT NULL AS __pgt_present, c.id, c.v, c.bv, c.cv, c.dv, c.ev
    FROM going AS g
    FULL JOIN coming AS c ON c.id = g.id AND c.__pgt_i = g.__pgt_i
  ) AS d
  ON t.ctid = d.__pgt_ctid
  WHEN MATCHED AND NOT d.__pgt_present THEN DELETE
  WHEN MATCHED THEN
    UPDATE SET v = d.v, bv = d.bv, cv = d.cv, dv = d.dv, ev = d.ev
  WHEN NOT MATCHED THEN
    INSERT (id, v, bv, cv, dv, ev)
    VALUES (d.id, d.v, d.bv, d.cv, d.dv, d.ev)
  RETURNING merge_action() AS action
),
-- how many
done AS (
  SELECT count(*) FILTER (WHERE action = 'INSERT') AS inserted, count(*) FILTER (WHERE action = 'UPDATE') AS updated,
    count(*) FILTER (WHERE action = 'DELETE') AS deleted
  FROM applied
)
SELECT pg_current_snapshot()::text AS snapshot,
  (SELECT inserted + (SELECT count(*) FROM further) FROM done)::bigint AS rows_inserted,
  (SELECT updated FROM done)::bigint AS rows_updated,
  (SELECT deleted FROM done)::bigint AS rows_deleted,
  (10 + 10 + 10 + 10 + 10)::bigint AS delta_rows,
  (SELECT count(*) FROM going) <> (SELECT coalesce(-sum(__pgt_w) FILTER (WHERE __pgt_w < 0), 0) FROM net) AS broken;

-- ---- full

WITH
-- what comes and goes, by row
net AS (
  SELECT d.id, d.v, d.bv, d.cv, d.dv, d.ev, sum(d.__pgt_w) AS __pgt_w
  FROM (
    SELECT q.id, q.v, q.bv, q.cv, q.dv, q.ev, 1 AS __pgt_w
    FROM (
      SELECT a.id, a.v, b.v AS bv, c.v AS cv, d.v AS dv, e.v AS ev
      FROM public.a AS a,
        public.b AS b,
        public.c AS c,
        public.d AS d,
        public.e AS e
      WHERE (b.id = a.id)
        AND (c.id = a.id)
        AND (d.id = a.id)
        AND (e.id = a.id)
    ) AS q
    UNION ALL
    SELECT t.id, t.v, t.bv, t.cv, t.dv, t.ev, -1 AS __pgt_w
    FROM public.st AS t
  ) AS d
  GROUP BY d.id, d.v, d.bv, d.cv, scale(d.cv), d.dv, d.ev
  HAVING sum(d.__pgt_w) <> 0
),
-- exactly as many stored copies as shall go, numbered within their anchor
going AS (
  SELECT v.ctid, d.id, row_number() OVER (PARTITION BY d.id) AS __pgt_i
  FROM net AS d
  CROSS JOIN LATERAL (
      SELECT t.ctid
      FROM public.st AS t
      WHERE t.id = d.id
        AND t.v IS NOT DISTINCT FROM d.v
        AND t.bv IS NOT DISTINCT FROM d.bv
        AND (t.cv, scale(t.cv)) IS NOT DISTINCT FROM (d.cv, scale(d.cv))
        AND t.dv IS NOT DISTINCT FROM d.dv
        AND t.ev IS NOT DISTINCT FROM d.ev
      LIMIT -d.__pgt_w
    ) AS v
  WHERE d.__pgt_w < 0
),
-- the new rows, numbered alike, one copy each
coming AS (
  SELECT d.id, d.v, d.bv, d.cv, d.dv, d.ev, row_number() OVER (PARTITION BY d.id) AS __pgt_i
  FROM net AS d
  WHERE d.__pgt_w > 0
),
-- further copies, apart because the planner takes generate_series for a thousand rows
further AS (
  INSERT INTO public.st (id, v, bv, cv, dv, ev)
  SELECT d.id, d.v, d.bv, d.cv, d.dv, d.ev
  FROM net AS d, generate_series(2, d.__pgt_w)
  WHERE d.__pgt_w > 1
  RETURNING 1
),
-- pairs are updates
applied AS (
  MERGE INTO public.st AS t
  USING (
    SELECT g.ctid AS __pgt_ctid, c.__pgt_i IS NOT NULL AS __pgt_present, c.id, c.v, c.bv, c.cv, c.dv, c.ev
    FROM going AS g
    FULL JOIN coming AS c ON c.id = g.id AND c.__pgt_i = g.__pgt_i
  ) AS d
  ON t.ctid = d.__pgt_ctid
  WHEN MATCHED AND NOT d.__pgt_present THEN DELETE
  WHEN MATCHED THEN
    UPDATE SET v = d.v, bv = d.bv, cv = d.cv, dv = d.dv, ev = d.ev
  WHEN NOT MATCHED THEN
    INSERT (id, v, bv, cv, dv, ev)
    VALUES (d.id, d.v, d.bv, d.cv, d.dv, d.ev)
  RETURNING merge_action() AS action
),
-- how many
done AS (
  SELECT count(*) FILTER (WHERE action = 'INSERT') AS inserted, count(*) FILTER (WHERE action = 'UPDATE') AS updated,
    count(*) FILTER (WHERE action = 'DELETE') AS deleted
  FROM applied
)
SELECT pg_current_snapshot()::text AS snapshot,
  (SELECT inserted + (SELECT count(*) FROM further) FROM done)::bigint AS rows_inserted,
  (SELECT updated FROM done)::bigint AS rows_updated,
  (SELECT deleted FROM done)::bigint AS rows_deleted,
  (0)::bigint AS delta_rows,
  (SELECT count(*) FROM going) <> (SELECT coalesce(-sum(__pgt_w) FILTER (WHERE __pgt_w < 0), 0) FROM net) AS broken;

