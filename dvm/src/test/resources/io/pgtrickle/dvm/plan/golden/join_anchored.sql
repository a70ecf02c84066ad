--: table src: id int4!, region text!, category text!, amount int4!, score int4!; key id
--: table dim: id int4!, region text!, region_name text!; key id
--: query SELECT s.id, s.amount, d.region_name FROM (public.src s JOIN public.dim d ON ((d.region = s.region)))
--: output id int4, amount int4, region_name text
--: changes src

-- ---- plan

-- apply: no key is known; rows are found by (id), which few rows share, and updated in place

-- ---- tables

CREATE INDEX ON public.st (id);

-- ---- changes of src

WITH
-- what changed in public.src since the frontier; the second SELECT has no rows and tells the planner how many to expect
changes_1 AS (
  SELECT b.id, b.region, b.amount, b.__pgt_w
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
  SELECT d.id, d.amount, d.region_name, sum(d.__pgt_w) AS __pgt_w
  FROM (
    SELECT s.id, s.amount, d.region_name, s.__pgt_w
    FROM changes_1 AS s,
      public.dim AS d
    WHERE (d.region = s.region)
  ) AS d
  GROUP BY d.id, d.amount, d.region_name
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
        AND t.amount IS NOT DISTINCT FROM d.amount
        AND t.region_name IS NOT DISTINCT FROM d.region_name
      LIMIT -d.__pgt_w
    ) AS v
  WHERE d.__pgt_w < 0
),
-- the new rows, numbered alike, one copy each
coming AS (
  SELECT d.id, d.amount, d.region_name, row_number() OVER (PARTITION BY d.id) AS __pgt_i
  FROM net AS d
  WHERE d.__pgt_w > 0
),
-- further copies, apart because the planner takes generate_series for a thousand rows
further AS (
  INSERT INTO public.st (id, amount, region_name)
  SELECT d.id, d.amount, d.region_name
  FROM net AS d, generate_series(2, d.__pgt_w)
  WHERE d.__pgt_w > 1
  RETURNING 1
),
-- pairs are updates
applied AS (
  MERGE INTO public.st AS t
  USING (
    SELECT g.ctid AS __pgt_ctid, c.__pgt_i IS NOT NULL AS __pgt_present, c.id, c.amount, c.region_name
    FROM going AS g
    FULL JOIN coming AS c ON c.id = g.id AND c.__pgt_i = g.__pgt_i
  ) AS d
  ON t.ctid = d.__pgt_ctid
  WHEN MATCHED AND NOT d.__pgt_present THEN DELETE
  WHEN MATCHED THEN
    UPDATE SET amount = d.amount, region_name = d.region_name
  WHEN NOT MATCHED THEN
    INSERT (id, amount, region_name)
    VALUES (d.id, d.amount, d.region_name)
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
  (10)::bigint AS delta_rows,
  (SELECT count(*) FROM going) <> (SELECT coalesce(-sum(__pgt_w) FILTER (WHERE __pgt_w < 0), 0) FROM net) AS broken;

-- ---- full

WITH
-- what comes and goes, by row
net AS (
  SELECT d.id, d.amount, d.region_name, sum(d.__pgt_w) AS __pgt_w
  FROM (
    SELECT q.id, q.amount, q.region_name, 1 AS __pgt_w
    FROM (
      SELECT s.id, s.amount, d.region_name
      FROM public.src AS s,
        public.dim AS d
      WHERE (d.region = s.region)
    ) AS q
    UNION ALL
    SELECT t.id, t.amount, t.region_name, -1 AS __pgt_w
    FROM public.st AS t
  ) AS d
  GROUP BY d.id, d.amount, d.region_name
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
        AND t.amount IS NOT DISTINCT FROM d.amount
        AND t.region_name IS NOT DISTINCT FROM d.region_name
      LIMIT -d.__pgt_w
    ) AS v
  WHERE d.__pgt_w < 0
),
-- the new rows, numbered alike, one copy each
coming AS (
  SELECT d.id, d.amount, d.region_name, row_number() OVER (PARTITION BY d.id) AS __pgt_i
  FROM net AS d
  WHERE d.__pgt_w > 0
),
-- further copies, apart because the planner takes generate_series for a thousand rows
further AS (
  INSERT INTO public.st (id, amount, region_name)
  SELECT d.id, d.amount, d.region_name
  FROM net AS d, generate_series(2, d.__pgt_w)
  WHERE d.__pgt_w > 1
  RETURNING 1
),
-- pairs are updates
applied AS (
  MERGE INTO public.st AS t
  USING (
    SELECT g.ctid AS __pgt_ctid, c.__pgt_i IS NOT NULL AS __pgt_present, c.id, c.amount, c.region_name
    FROM going AS g
    FULL JOIN coming AS c ON c.id = g.id AND c.__pgt_i = g.__pgt_i
  ) AS d
  ON t.ctid = d.__pgt_ctid
  WHEN MATCHED AND NOT d.__pgt_present THEN DELETE
  WHEN MATCHED THEN
    UPDATE SET amount = d.amount, region_name = d.region_name
  WHEN NOT MATCHED THEN
    INSERT (id, amount, region_name)
    VALUES (d.id, d.amount, d.region_name)
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

