--: table customers: id int4!, name text!; key id
--: table orders: id int4!, customer int4!; key id
--: table items: order_id int4!, line int4!, price numeric(10,2)!; key order_id, line
--: query SELECT i.order_id, i.line, c.name, i.price FROM ((public.items i JOIN public.orders o ON ((o.id = i.order_id))) JOIN public.customers c ON ((c.id = o.customer)))
--: output order_id int4, line int4, name text, price numeric(10,2)
--: changes items
--: changes items, customers

-- ---- plan

-- apply: updated in place by key (order_id, line)

-- ---- tables

CREATE UNIQUE INDEX ON public.st (order_id, line);

-- ---- changes of items

WITH
-- what changed in public.items since the frontier; the second SELECT has no rows and tells the planner how many to expect
changes_3 AS (
  SELECT b.order_id, b.line, b.price, b.__pgt_w
  FROM pgtrickle_changes.changes_3 AS b
  WHERE (b.__pgt_xid >= '900'::xid8 OR b.__pgt_xid = ANY ('{801,850}'::xid8[]))
  UNION ALL
  SELECT NULL, NULL, NULL, NULL
  FROM generate_series(1, 10)
  WHERE pg_backend_pid() = 0
  LIMIT 10
),
-- what comes and goes, by row
net AS (
  SELECT d.order_id, d.line, d.name, d.price, sum(d.__pgt_w) AS __pgt_w
  FROM (
    SELECT i.order_id, i.line, c.name, i.price, i.__pgt_w
    FROM changes_3 AS i,
      public.orders AS o,
      public.customers AS c
    WHERE (o.id = i.order_id)
      AND (c.id = o.customer)
  ) AS d
  GROUP BY d.order_id, d.line, d.name, d.price
  HAVING sum(d.__pgt_w) <> 0
),
-- one row for each touched key: the new row, or the old one where none comes
changed AS (
  SELECT d.order_id, d.line, d.name, d.price, true AS __pgt_present
  FROM net AS d
  WHERE d.__pgt_w > 0
  UNION ALL
  SELECT d.order_id, d.line, d.name, d.price, false
  FROM net AS d
  WHERE d.__pgt_w < 0
    AND NOT EXISTS (SELECT FROM net AS n WHERE n.__pgt_w > 0 AND n.order_id = d.order_id AND n.line = d.line)
),
-- the visible table follows
applied AS (
  MERGE INTO public.st AS t
  USING changed AS d
  ON t.order_id = d.order_id AND t.line = d.line
  WHEN MATCHED AND NOT d.__pgt_present THEN DELETE
  WHEN MATCHED AND NOT (t.name IS NOT DISTINCT FROM d.name AND t.price IS NOT DISTINCT FROM d.price) THEN
    UPDATE SET name = d.name, price = d.price
  WHEN NOT MATCHED AND d.__pgt_present THEN
    INSERT (order_id, line, name, price)
    VALUES (d.order_id, d.line, d.name, d.price)
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

-- ---- changes of items, customers

WITH
-- what changed in public.customers since the frontier; the second SELECT has no rows and tells the planner how many to expect
changes_1 AS (
  SELECT b.id, b.name, b.__pgt_w
  FROM pgtrickle_changes.changes_1 AS b
  WHERE (b.__pgt_xid >= '900'::xid8 OR b.__pgt_xid = ANY ('{801,850}'::xid8[]))
  UNION ALL
  SELECT NULL, NULL, NULL
  FROM generate_series(1, 10)
  WHERE pg_backend_pid() = 0
  LIMIT 10
),
-- what changed in public.items since the frontier; the second SELECT has no rows and tells the planner how many to expect
changes_3 AS (
  SELECT b.order_id, b.line, b.price, b.__pgt_w
  FROM pgtrickle_changes.changes_3 AS b
  WHERE (b.__pgt_xid >= '900'::xid8 OR b.__pgt_xid = ANY ('{801,850}'::xid8[]))
  UNION ALL
  SELECT NULL, NULL, NULL, NULL
  FROM generate_series(1, 10)
  WHERE pg_backend_pid() = 0
  LIMIT 10
),
-- what comes and goes, by row
net AS (
  SELECT d.order_id, d.line, d.name, d.price, sum(d.__pgt_w) AS __pgt_w
  FROM (
    SELECT i.order_id, i.line, c.name, i.price, i.__pgt_w
    FROM changes_3 AS i,
      public.orders AS o,
      public.customers AS c
    WHERE (o.id = i.order_id)
      AND (c.id = o.customer)
    UNION ALL
    SELECT i.order_id, i.line, c.name, i.price, c.__pgt_w
    FROM public.items AS i,
      public.orders AS o,
      changes_1 AS c
    WHERE (o.id = i.order_id)
      AND (c.id = o.customer)
    UNION ALL
    SELECT i.order_id, i.line, c.name, i.price, -(i.__pgt_w * c.__pgt_w) AS __pgt_w
    FROM changes_3 AS i,
      public.orders AS o,
      changes_1 AS c
    WHERE (o.id = i.order_id)
      AND (c.id = o.customer)
  ) AS d
  GROUP BY d.order_id, d.line, d.name, d.price
  HAVING sum(d.__pgt_w) <> 0
),
-- one row for each touched key: the new row, or the old one where none comes
changed AS (
  SELECT d.order_id, d.line, d.name, d.price, true AS __pgt_present
  FROM net AS d
  WHERE d.__pgt_w > 0
  UNION ALL
  SELECT d.order_id, d.line, d.name, d.price, false
  FROM net AS d
  WHERE d.__pgt_w < 0
    AND NOT EXISTS (SELECT FROM net AS n WHERE n.__pgt_w > 0 AND n.order_id = d.order_id AND n.line = d.line)
),
-- the visible table follows
applied AS (
  MERGE INTO public.st AS t
  USING changed AS d
  ON t.order_id = d.order_id AND t.line = d.line
  WHEN MATCHED AND NOT d.__pgt_present THEN DELETE
  WHEN MATCHED AND NOT (t.name IS NOT DISTINCT FROM d.name AND t.price IS NOT DISTINCT FROM d.price) THEN
    UPDATE SET name = d.name, price = d.price
  WHEN NOT MATCHED AND d.__pgt_present THEN
    INSERT (order_id, line, name, price)
    VALUES (d.order_id, d.line, d.name, d.price)
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
  SELECT i.order_id, i.line, c.name, i.price
  FROM public.items AS i,
    public.orders AS o,
    public.customers AS c
  WHERE (o.id = i.order_id)
    AND (c.id = o.customer)
),
-- it becomes equal to that
applied AS (
  MERGE INTO public.st AS t
  USING wanted AS d
  ON t.order_id = d.order_id AND t.line = d.line
  WHEN MATCHED AND NOT (t.name IS NOT DISTINCT FROM d.name AND t.price IS NOT DISTINCT FROM d.price) THEN
    UPDATE SET name = d.name, price = d.price
  WHEN NOT MATCHED THEN
    INSERT (order_id, line, name, price)
    VALUES (d.order_id, d.line, d.name, d.price)
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

