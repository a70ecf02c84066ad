--: table src: id int4!, region text!, category text!, amount int4!, score int4!; key id
--: query SELECT a.region, b.category FROM public.src a, public.src b WHERE ((a.score = b.score) AND (a.id < b.id))
--: output region text, category text
--: changes src

-- ---- plan

-- apply: no key is known; as many copies of a row go or come as changed, found by the row's hash

-- ---- tables

CREATE INDEX ON public.st (hash_record_extended(ROW(region, category), 0));

-- ---- changes of src

WITH
-- what changed in public.src since the frontier; the second SELECT has no rows and tells the planner how many to expect
changes_1 AS (
  SELECT b.id, b.region, b.category, b.score, b.__pgt_w
  FROM pgtrickle_changes.changes_1 AS b
  WHERE (b.__pgt_xid >= '900'::xid8 OR b.__pgt_xid = ANY ('{801,850}'::xid8[]))
  UNION ALL
  SELECT NULL, NULL, NULL, NULL, NULL
  FROM generate_series(1, 10)
  WHERE pg_backend_pid() = 0
  LIMIT 10
),
-- what comes and goes, by row
net AS (
  SELECT d.region, d.category, hash_record_extended(ROW(any_value(d.region), any_value(d.category)), 0) AS __pgt_h, sum(d.__pgt_w) AS __pgt_w
  FROM (
    SELECT a.region, b.category, a.__pgt_w
    FROM changes_1 AS a,
      public.src AS b
    WHERE (a.score = b.score)
      AND (a.id < b.id)
    UNION ALL
    SELECT a.region, b.category, b.__pgt_w
    FROM public.src AS a,
      changes_1 AS b
    WHERE (a.score = b.score)
      AND (a.id < b.id)
    UNION ALL
    SELECT a.region, b.category, -(a.__pgt_w * b.__pgt_w) AS __pgt_w
    FROM changes_1 AS a,
      changes_1 AS b
    WHERE (a.score = b.score)
      AND (a.id < b.id)
  ) AS d
  GROUP BY d.region, d.category
  HAVING sum(d.__pgt_w) <> 0
),
-- exactly as many stored copies as shall go
doomed AS (
  SELECT v.ctid
  FROM net AS d
  CROSS JOIN LATERAL (
      SELECT t.ctid
      FROM public.st AS t
      WHERE hash_record_extended(ROW(t.region, t.category), 0) = d.__pgt_h
        AND t.region IS NOT DISTINCT FROM d.region
        AND t.category IS NOT DISTINCT FROM d.category
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
  INSERT INTO public.st (region, category)
  SELECT d.region, d.category
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
  SELECT d.region, d.category, hash_record_extended(ROW(any_value(d.region), any_value(d.category)), 0) AS __pgt_h, sum(d.__pgt_w) AS __pgt_w
  FROM (
    SELECT q.region, q.category, 1 AS __pgt_w
    FROM (
      SELECT a.region, b.category
      FROM public.src AS a,
        public.src AS b
      WHERE (a.score = b.score)
        AND (a.id < b.id)
    ) AS q
    UNION ALL
    SELECT t.region, t.category, -1 AS __pgt_w
    FROM public.st AS t
  ) AS d
  GROUP BY d.region, d.category
  HAVING sum(d.__pgt_w) <> 0
),
-- exactly as many stored copies as shall go
doomed AS (
  SELECT v.ctid
  FROM net AS d
  CROSS JOIN LATERAL (
      SELECT t.ctid
      FROM public.st AS t
      WHERE hash_record_extended(ROW(t.region, t.category), 0) = d.__pgt_h
        AND t.region IS NOT DISTINCT FROM d.region
        AND t.category IS NOT DISTINCT FROM d.category
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
  INSERT INTO public.st (region, category)
  SELECT d.region, d.category
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

