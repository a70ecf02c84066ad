--: table src: id int4!, region text!, category text!, amount int4!, score int4!; key id
--: table dim: region text!, region_name text!; key region
--: query SELECT s.id, s.amount, d.region_name FROM (public.src s JOIN public.dim d ON ((d.region = s.region)))
--: output id int4, amount int4, region_name text
--: changes src
--: changes dim
--: changes src, dim

-- ---- plan

-- apply: updated in place by key (id)

-- ---- tables

CREATE UNIQUE INDEX ON public.st (id);

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
-- one row for each touched key: the new row, or the old one where none comes
changed AS (
  SELECT d.id, d.amount, d.region_name, true AS __pgt_present
  FROM net AS d
  WHERE d.__pgt_w > 0
  UNION ALL
  SELECT d.id, d.amount, d.region_name, false
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
  WHEN MATCHED AND NOT (t.amount IS NOT DISTINCT FROM d.amount AND t.region_name IS NOT DISTINCT FROM d.region_name) THEN
    UPDATE SET amount = d.amount, region_name = d.region_name
  WHEN NOT MATCHED AND d.__pgt_present THEN
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
  (SELECT inserted FROM done)::bigint AS rows_inserted,
  (SELECT updated FROM done)::bigint AS rows_updated,
  (SELECT deleted FROM done)::bigint AS rows_deleted,
  (10)::bigint AS delta_rows,
  EXISTS (SELECT FROM net WHERE abs(__pgt_w) > 1) OR (SELECT deleted FROM done) <> (SELECT count(*) FROM changed WHERE NOT __pgt_present) AS broken;

-- ---- changes of dim

WITH
-- what changed in public.dim since the frontier; the second SELECT has no rows and tells the planner how many to expect
changes_2 AS (
  SELECT b.region, b.region_name, b.__pgt_w
  FROM pgtrickle_changes.changes_2 AS b
  WHERE (b.__pgt_xid >= '900'::xid8 OR b.__pgt_xid = ANY ('{801,850}'::xid8[]))
  UNION ALL
  SELECT NULL, NULL, NULL
  FROM generate_series(1, 10)
  WHERE pg_backend_pid() = 0
  LIMIT 10
),
-- what comes and goes, by row
net AS (
  SELECT d.id, d.amount, d.region_name, sum(d.__pgt_w) AS __pgt_w
  FROM (
    SELECT s.id, s.amount, d.region_name, d.__pgt_w
    FROM public.src AS s,
      changes_2 AS d
    WHERE (d.region = s.region)
  ) AS d
  GROUP BY d.id, d.amount, d.region_name
  HAVING sum(d.__pgt_w) <> 0
),
-- one row for each touched key: the new row, or the old one where none comes
changed AS (
  SELECT d.id, d.amount, d.region_name, true AS __pgt_present
  FROM net AS d
  WHERE d.__pgt_w > 0
  UNION ALL
  SELECT d.id, d.amount, d.region_name, false
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
  WHEN MATCHED AND NOT (t.amount IS NOT DISTINCT FROM d.amount AND t.region_name IS NOT DISTINCT FROM d.region_name) THEN
    UPDATE SET amount = d.amount, region_name = d.region_name
  WHEN NOT MATCHED AND d.__pgt_present THEN
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
  (SELECT inserted FROM done)::bigint AS rows_inserted,
  (SELECT updated FROM done)::bigint AS rows_updated,
  (SELECT deleted FROM done)::bigint AS rows_deleted,
  (10)::bigint AS delta_rows,
  EXISTS (SELECT FROM net WHERE abs(__pgt_w) > 1) OR (SELECT deleted FROM done) <> (SELECT count(*) FROM changed WHERE NOT __pgt_present) AS broken;

-- ---- changes of src, dim

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
-- what changed in public.dim since the frontier; the second SELECT has no rows and tells the planner how many to expect
changes_2 AS (
  SELECT b.region, b.region_name, b.__pgt_w
  FROM pgtrickle_changes.changes_2 AS b
  WHERE (b.__pgt_xid >= '900'::xid8 OR b.__pgt_xid = ANY ('{801,850}'::xid8[]))
  UNION ALL
  SELECT NULL, NULL, NULL
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
    UNION ALL
    SELECT s.id, s.amount, d.region_name, d.__pgt_w
    FROM public.src AS s,
      changes_2 AS d
    WHERE (d.region = s.region)
    UNION ALL
    SELECT s.id, s.amount, d.region_name, -(s.__pgt_w * d.__pgt_w) AS __pgt_w
    FROM changes_1 AS s,
      changes_2 AS d
    WHERE (d.region = s.region)
  ) AS d
  GROUP BY d.id, d.amount, d.region_name
  HAVING sum(d.__pgt_w) <> 0
),
-- one row for each touched key: the new row, or the old one where none comes
changed AS (
  SELECT d.id, d.amount, d.region_name, true AS __pgt_present
  FROM net AS d
  WHERE d.__pgt_w > 0
  UNION ALL
  SELECT d.id, d.amount, d.region_name, false
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
  WHEN MATCHED AND NOT (t.amount IS NOT DISTINCT FROM d.amount AND t.region_name IS NOT DISTINCT FROM d.region_name) THEN
    UPDATE SET amount = d.amount, region_name = d.region_name
  WHEN NOT MATCHED AND d.__pgt_present THEN
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
  (SELECT inserted FROM done)::bigint AS rows_inserted,
  (SELECT updated FROM done)::bigint AS rows_updated,
  (SELECT deleted FROM done)::bigint AS rows_deleted,
  (10 + 10)::bigint AS delta_rows,
  EXISTS (SELECT FROM net WHERE abs(__pgt_w) > 1) OR (SELECT deleted FROM done) <> (SELECT count(*) FROM changed WHERE NOT __pgt_present) AS broken;

-- ---- full

WITH
-- what the table shall hold
wanted AS (
  SELECT s.id, s.amount, d.region_name
  FROM public.src AS s,
    public.dim AS d
  WHERE (d.region = s.region)
),
-- it becomes equal to that
applied AS (
  MERGE INTO public.st AS t
  USING wanted AS d
  ON t.id = d.id
  WHEN MATCHED AND NOT (t.amount IS NOT DISTINCT FROM d.amount AND t.region_name IS NOT DISTINCT FROM d.region_name) THEN
    UPDATE SET amount = d.amount, region_name = d.region_name
  WHEN NOT MATCHED THEN
    INSERT (id, amount, region_name)
    VALUES (d.id, d.amount, d.region_name)
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

