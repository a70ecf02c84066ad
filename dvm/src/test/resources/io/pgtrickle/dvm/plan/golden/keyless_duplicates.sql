--: table log: at timestamptz, level text, weight numeric, body json
--: query SELECT level, weight, body FROM public.log
--: output level text, weight numeric, body json
--: changes log

-- ---- plan

-- apply: no key is known; as many copies of a row go or come as changed, found by the row's hash

-- ---- tables

CREATE INDEX ON public.st (hash_record_extended(ROW(level, weight, (body)::text), 0));

-- ---- changes of log

WITH
-- what changed in public.log since the frontier; the second SELECT has no rows and tells the planner how many to expect
changes_1 AS (
  SELECT b.level, b.weight, b.body, b.__pgt_w
  FROM pgtrickle_changes.changes_1 AS b
  WHERE (b.__pgt_xid >= '900'::xid8 OR b.__pgt_xid = ANY ('{801,850}'::xid8[]))
  UNION ALL
  SELECT NULL, NULL, NULL, NULL
  FROM generate_series(1, 10)
  WHERE pg_backend_pid() = 0
  LIMIT 10
),
-- what comes and goes, by row
net AS (
  SELECT d.level, d.weight, any_value(d.body) AS body, hash_record_extended(ROW(any_value(d.level), any_value(d.weight), (any_value(d.body))::text), 0) AS __pgt_h, sum(d.__pgt_w) AS __pgt_w
  FROM (
    SELECT level, weight, body, log.__pgt_w
    FROM changes_1 AS log
  ) AS d
  GROUP BY d.level, d.weight, scale(d.weight), (d.body)::text
  HAVING sum(d.__pgt_w) <> 0
),
-- exactly as many stored copies as shall go
doomed AS (
  SELECT v.ctid
  FROM net AS d
  CROSS JOIN LATERAL (
      SELECT t.ctid
      FROM public.st AS t
      WHERE hash_record_extended(ROW(t.level, t.weight, (t.body)::text), 0) = d.__pgt_h
        AND t.level IS NOT DISTINCT FROM d.level
        AND (t.weight, scale(t.weight)) IS NOT DISTINCT FROM (d.weight, scale(d.weight))
        AND (t.body)::text IS NOT DISTINCT FROM (d.body)::text
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
  INSERT INTO public.st (level, weight, body)
  SELECT d.level, d.weight, d.body
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
  SELECT d.level, d.weight, any_value(d.body) AS body, hash_record_extended(ROW(any_value(d.level), any_value(d.weight), (any_value(d.body))::text), 0) AS __pgt_h, sum(d.__pgt_w) AS __pgt_w
  FROM (
    SELECT q.level, q.weight, q.body, 1 AS __pgt_w
    FROM (
      SELECT level, weight, body
      FROM public.log AS log
    ) AS q
    UNION ALL
    SELECT t.level, t.weight, t.body, -1 AS __pgt_w
    FROM public.st AS t
  ) AS d
  GROUP BY d.level, d.weight, scale(d.weight), (d.body)::text
  HAVING sum(d.__pgt_w) <> 0
),
-- exactly as many stored copies as shall go
doomed AS (
  SELECT v.ctid
  FROM net AS d
  CROSS JOIN LATERAL (
      SELECT t.ctid
      FROM public.st AS t
      WHERE hash_record_extended(ROW(t.level, t.weight, (t.body)::text), 0) = d.__pgt_h
        AND t.level IS NOT DISTINCT FROM d.level
        AND (t.weight, scale(t.weight)) IS NOT DISTINCT FROM (d.weight, scale(d.weight))
        AND (t.body)::text IS NOT DISTINCT FROM (d.body)::text
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
  INSERT INTO public.st (level, weight, body)
  SELECT d.level, d.weight, d.body
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

