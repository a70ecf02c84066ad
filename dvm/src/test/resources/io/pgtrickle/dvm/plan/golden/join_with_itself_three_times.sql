--: table links: a int4, b int4
--: query SELECT x.a, z.b FROM public.links x, public.links y, public.links z WHERE ((y.a = x.b) AND (z.a = y.b))
--: output a int4, b int4
--: changes links

-- ---- plan

-- apply: no key is known; as many copies of a row go or come as changed, found by the row's hash

-- ---- tables

CREATE INDEX ON public.st (hash_record_extended(ROW(a, b), 0));

-- ---- changes of links

WITH
-- what changed in public.links since the frontier; the second SELECT has no rows and tells the planner how many to expect
read_1 AS (
  SELECT b.a, b.b, b.__pgt_w
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
  SELECT n.a, n.b, sign(n.__pgt_w)::smallint AS __pgt_w
  FROM (SELECT r.a, r.b, sum(r.__pgt_w) AS __pgt_w FROM read_1 AS r GROUP BY r.a, r.b) AS n,
    generate_series(1, abs(n.__pgt_w))
  LIMIT 10
),
-- what comes and goes, by row
net AS (
  SELECT d.a, d.b, hash_record_extended(ROW(any_value(d.a), any_value(d.b)), 0) AS __pgt_h, sum(d.__pgt_w) AS __pgt_w
  FROM (
    SELECT x.a, z.b, x.__pgt_w
    FROM changes_1 AS x,
      public.links AS y,
      public.links AS z
    WHERE (y.a = x.b)
      AND (z.a = y.b)
    UNION ALL
    SELECT x.a, z.b, y.__pgt_w
    FROM public.links AS x,
      changes_1 AS y,
      public.links AS z
    WHERE (y.a = x.b)
      AND (z.a = y.b)
    UNION ALL
    SELECT x.a, z.b, z.__pgt_w
    FROM public.links AS x,
      public.links AS y,
      changes_1 AS z
    WHERE (y.a = x.b)
      AND (z.a = y.b)
    UNION ALL
    SELECT x.a, z.b, -(x.__pgt_w * y.__pgt_w) AS __pgt_w
    FROM changes_1 AS x,
      changes_1 AS y,
      public.links AS z
    WHERE (y.a = x.b)
      AND (z.a = y.b)
    UNION ALL
    SELECT x.a, z.b, -(x.__pgt_w * z.__pgt_w) AS __pgt_w
    FROM changes_1 AS x,
      public.links AS y,
      changes_1 AS z
    WHERE (y.a = x.b)
      AND (z.a = y.b)
    UNION ALL
    SELECT x.a, z.b, -(y.__pgt_w * z.__pgt_w) AS __pgt_w
    FROM public.links AS x,
      changes_1 AS y,
      changes_1 AS z
    WHERE (y.a = x.b)
      AND (z.a = y.b)
    UNION ALL
    SELECT x.a, z.b, x.__pgt_w * y.__pgt_w * z.__pgt_w AS __pgt_w
    FROM changes_1 AS x,
      changes_1 AS y,
      changes_1 AS z
    WHERE (y.a = x.b)
      AND (z.a = y.b)
  ) AS d
  GROUP BY d.a, d.b
  HAVING sum(d.__pgt_w) <> 0
),
-- exactly as many stored copies as shall go
doomed AS (
  SELECT v.ctid
  FROM net AS d
  CROSS JOIN LATERAL (
      SELECT t.ctid
      FROM public.st AS t
      WHERE hash_record_extended(ROW(t.a, t.b), 0) = d.__pgt_h
        AND t.a IS NOT DISTINCT FROM d.a
        AND t.b IS NOT DISTINCT FROM d.b
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
  INSERT INTO public.st (a, b)
  SELECT d.a, d.b
  FROM net AS d, generate_series(1, d.__pgt_w)
  WHERE d.__pgt_w > 0
  RETURNING 1
)
SELECT pg_current_snapshot()::text AS snapshot,
  (SELECT count(*) FROM inserted)::bigint AS rows_inserted,
  0::bigint AS rows_updated,
  (SELECT count(*) FROM deleted)::bigint AS rows_deleted,
  (10)::bigint AS delta_rows,
  (SELECT count(*) FROM deleted) <> (SELECT coalesce(-sum(__pgt_w) FILTER (WHERE __pgt_w < 0), 0) FROM net) AS broken;

-- ---- full

WITH
-- what comes and goes, by row
net AS (
  SELECT d.a, d.b, hash_record_extended(ROW(any_value(d.a), any_value(d.b)), 0) AS __pgt_h, sum(d.__pgt_w) AS __pgt_w
  FROM (
    SELECT q.a, q.b, 1 AS __pgt_w
    FROM (
      SELECT x.a, z.b
      FROM public.links AS x,
        public.links AS y,
        public.links AS z
      WHERE (y.a = x.b)
        AND (z.a = y.b)
    ) AS q
    UNION ALL
    SELECT t.a, t.b, -1 AS __pgt_w
    FROM public.st AS t
  ) AS d
  GROUP BY d.a, d.b
  HAVING sum(d.__pgt_w) <> 0
),
-- exactly as many stored copies as shall go
doomed AS (
  SELECT v.ctid
  FROM net AS d
  CROSS JOIN LATERAL (
      SELECT t.ctid
      FROM public.st AS t
      WHERE hash_record_extended(ROW(t.a, t.b), 0) = d.__pgt_h
        AND t.a IS NOT DISTINCT FROM d.a
        AND t.b IS NOT DISTINCT FROM d.b
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
  INSERT INTO public.st (a, b)
  SELECT d.a, d.b
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

