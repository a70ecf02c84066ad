--: table src: id int4!, region text!, category text!, amount int4!, score int4!; key id
--: view big: id int4, what text AS SELECT src.id, src.region AS what FROM public.src WHERE (src.amount > 100)
--: query SELECT big.id, big.what FROM public.big UNION ALL SELECT src.id, src.category FROM public.src WHERE (src.score > 5)
--: output id int4, what text
--: probe id int4, what text
--: changes src

-- ---- plan

-- apply: no key is known; as many copies of a row go or come as changed, found by the row's hash

-- ---- tables

CREATE INDEX ON public.st (hash_record_extended(ROW(id, what), 0));

-- ---- changes of src

WITH
-- what changed in public.src since the frontier; the second SELECT has no rows and tells the planner how many to expect
changes_1 AS (
  SELECT b.id, b.region, b.category, b.amount, b.score, b.__pgt_w
  FROM pgtrickle_changes.changes_1 AS b
  WHERE (b.__pgt_xid >= '900'::xid8 OR b.__pgt_xid = ANY ('{801,850}'::xid8[]))
  UNION ALL
  SELECT NULL, NULL, NULL, NULL, NULL, NULL
  FROM generate_series(1, 10)
  WHERE pg_backend_pid() = 0
  LIMIT 10
),
-- what comes and goes, by row
net AS (
  SELECT d.id, d.what, hash_record_extended(ROW(any_value(d.id), any_value(d.what)), 0) AS __pgt_h, sum(d.__pgt_w) AS __pgt_w
  FROM (
    SELECT (big.id)::int4 AS id, (big.what)::text AS what, big.__pgt_w
    FROM (SELECT src.id, src.region AS what, src.__pgt_w
    FROM changes_1 AS src
    WHERE (src.amount > 100)) AS big
    UNION ALL
    SELECT (src.id)::int4 AS id, (src.category)::text AS what, src.__pgt_w
    FROM changes_1 AS src
    WHERE (src.score > 5)
  ) AS d
  GROUP BY d.id, d.what
  HAVING sum(d.__pgt_w) <> 0
),
-- exactly as many stored copies as shall go
doomed AS (
  SELECT v.ctid
  FROM net AS d
  CROSS JOIN LATERAL (
      SELECT t.ctid
      FROM public.st AS t
      WHERE hash_record_extended(ROW(t.id, t.what), 0) = d.__pgt_h
        AND t.id IS NOT DISTINCT FROM d.id
        AND t.what IS NOT DISTINCT FROM d.what
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
  INSERT INTO public.st (id, what)
  SELECT d.id, d.what
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
  SELECT d.id, d.what, hash_record_extended(ROW(any_value(d.id), any_value(d.what)), 0) AS __pgt_h, sum(d.__pgt_w) AS __pgt_w
  FROM (
    SELECT q.id, q.what, 1 AS __pgt_w
    FROM (
      SELECT (big.id)::int4 AS id, (big.what)::text AS what
      FROM (SELECT src.id, src.region AS what
      FROM public.src AS src
      WHERE (src.amount > 100)) AS big
      UNION ALL
      SELECT (src.id)::int4 AS id, (src.category)::text AS what
      FROM public.src AS src
      WHERE (src.score > 5)
    ) AS q
    UNION ALL
    SELECT t.id, t.what, -1 AS __pgt_w
    FROM public.st AS t
  ) AS d
  GROUP BY d.id, d.what
  HAVING sum(d.__pgt_w) <> 0
),
-- exactly as many stored copies as shall go
doomed AS (
  SELECT v.ctid
  FROM net AS d
  CROSS JOIN LATERAL (
      SELECT t.ctid
      FROM public.st AS t
      WHERE hash_record_extended(ROW(t.id, t.what), 0) = d.__pgt_h
        AND t.id IS NOT DISTINCT FROM d.id
        AND t.what IS NOT DISTINCT FROM d.what
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
  INSERT INTO public.st (id, what)
  SELECT d.id, d.what
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

