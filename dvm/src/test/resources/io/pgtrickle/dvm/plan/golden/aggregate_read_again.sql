--: table src: id int4!, region text, x float8, name text; key id
--: query SELECT region, sum(x) AS total, string_agg(name, ','::text ORDER BY name) AS names FROM public.src GROUP BY region
--: output region text, total float8, names text
--: probe region text, __pgt_sum_x float8, sum_x float8, string_agg_name text
--: changes src

-- ---- plan

-- stage 1: GROUP BY region: sum(x), string_agg(name, ','::text ORDER BY name)
-- stage 1: sum(x) is touched groups are read again
-- stage 1: string_agg(name, ','::text ORDER BY name) is touched groups are read again
-- apply: updated in place by key (region), found by its hash

-- ---- tables

CREATE TABLE pgtrickle_state.st_1_s1 WITH (fillfactor = 70) AS
SELECT hash_record_extended(ROW(region), 0) AS __pgt_h, region, count(*) AS __pgt_n, sum(x) AS sum_x, string_agg(name, ','::text ORDER BY name) AS string_agg_name
FROM public.src AS src
GROUP BY region
WITH NO DATA;
CREATE INDEX ON pgtrickle_state.st_1_s1 (__pgt_h);
CREATE INDEX ON public.st (hash_record_extended(ROW(region), 0));

-- ---- changes of src

WITH
-- what changed in public.src since the frontier; the second SELECT has no rows and tells the planner how many to expect
changes_1 AS (
  SELECT b.region, b.x, b.name, b.__pgt_w
  FROM pgtrickle_changes.changes_1 AS b
  WHERE (b.__pgt_xid >= '900'::xid8 OR b.__pgt_xid = ANY ('{801,850}'::xid8[]))
  UNION ALL
  SELECT NULL, NULL, NULL, NULL
  FROM generate_series(1, 10)
  WHERE pg_backend_pid() = 0
  LIMIT 10
),
-- stage 1: GROUP BY region: sum(x), string_agg(name, ','::text ORDER BY name)
-- change rows of what is aggregated
stage1_delta AS (
  SELECT region, src.__pgt_w
  FROM changes_1 AS src
),
-- stage 1: touched groups, changes added up
stage1_groups AS (
  SELECT hash_record_extended(ROW(d.region), 0) AS __pgt_h,
    d.region,
    sum(d.__pgt_w) AS __pgt_w
  FROM stage1_delta AS d
  GROUP BY d.region
),
-- stage 1: beside what is stored
stage1_touched AS (
  SELECT t.*, row_number() OVER () AS __pgt_g,
    t.__pgt_n > 0 AND (coalesce(true, false)
      OR coalesce(true, false)) AS __pgt_rescan
  FROM (
    SELECT g.__pgt_h,
      g.region,
      coalesce(o.__pgt_n, 0) AS old___pgt_n,
      coalesce(o.__pgt_n, 0) + g.__pgt_w AS __pgt_n,
      o.sum_x AS old_sum_x,
      o.string_agg_name AS old_string_agg_name
    FROM stage1_groups AS g
    LEFT JOIN pgtrickle_state.st_1_s1 AS o ON o.__pgt_h = g.__pgt_h AND o.region IS NOT DISTINCT FROM g.region
  ) AS t
),
-- stage 1: groups that must be read again
stage1_rescan AS (
  SELECT __pgt_f.__pgt_g,
    sum(x) AS sum_x,
    string_agg(name, ','::text ORDER BY name) AS string_agg_name
  FROM (SELECT __pgt_g, region AS __pgt_k1 FROM stage1_touched WHERE __pgt_rescan AND num_nulls(region) = 0) AS __pgt_f,
    public.src AS src
  WHERE (region) = __pgt_f.__pgt_k1
    AND EXISTS (SELECT FROM stage1_touched WHERE __pgt_rescan AND num_nulls(region) = 0)
  GROUP BY __pgt_f.__pgt_g
  UNION ALL
  SELECT __pgt_f.__pgt_g,
    sum(x) AS sum_x,
    string_agg(name, ','::text ORDER BY name) AS string_agg_name
  FROM (SELECT __pgt_g, region AS __pgt_k1 FROM stage1_touched WHERE __pgt_rescan AND num_nulls(region) > 0) AS __pgt_f,
    public.src AS src
  WHERE (region) IS NOT DISTINCT FROM __pgt_f.__pgt_k1
    AND EXISTS (SELECT FROM stage1_touched WHERE __pgt_rescan AND num_nulls(region) > 0)
  GROUP BY __pgt_f.__pgt_g
),
-- stage 1: the new state of the touched groups
stage1_next AS (
  SELECT t.__pgt_h,
    t.region,
    t.old___pgt_n,
    t.__pgt_n,
    CASE WHEN t.__pgt_rescan THEN r.sum_x ELSE t.old_sum_x END AS sum_x,
    t.old_sum_x,
    CASE WHEN t.__pgt_rescan THEN r.string_agg_name ELSE t.old_string_agg_name END AS string_agg_name,
    t.old_string_agg_name
  FROM stage1_touched AS t
  LEFT JOIN stage1_rescan AS r ON r.__pgt_g = t.__pgt_g
),
-- stage 1: the state table follows
stage1_write AS (
  MERGE INTO pgtrickle_state.st_1_s1 AS s
  USING stage1_next AS n
  ON s.__pgt_h = n.__pgt_h AND s.region IS NOT DISTINCT FROM n.region
  WHEN MATCHED AND n.__pgt_n <= 0 THEN DELETE
  WHEN MATCHED AND NOT (s.__pgt_n = n.__pgt_n AND float8send(s.sum_x) IS NOT DISTINCT FROM float8send(n.sum_x) AND s.string_agg_name IS NOT DISTINCT FROM n.string_agg_name) THEN UPDATE SET __pgt_n = n.__pgt_n, sum_x = n.sum_x, string_agg_name = n.string_agg_name
  WHEN NOT MATCHED AND n.__pgt_n > 0 THEN
    INSERT (__pgt_h, region, __pgt_n, sum_x, string_agg_name)
    VALUES (n.__pgt_h, n.region, n.__pgt_n, n.sum_x, n.string_agg_name)
),
-- stage 1: the old rows of changed groups go, the new ones come
stage1_changes AS (
  SELECT region, old_sum_x AS sum_x, old_string_agg_name AS string_agg_name, -1 AS __pgt_w
  FROM stage1_next
  WHERE old___pgt_n > 0 AND NOT (old___pgt_n > 0 AND __pgt_n > 0 AND float8send(old_sum_x) IS NOT DISTINCT FROM float8send(sum_x) AND old_string_agg_name IS NOT DISTINCT FROM string_agg_name)
  UNION ALL
  SELECT region, sum_x AS sum_x, string_agg_name AS string_agg_name, 1 AS __pgt_w
  FROM stage1_next
  WHERE __pgt_n > 0 AND NOT (old___pgt_n > 0 AND __pgt_n > 0 AND float8send(old_sum_x) IS NOT DISTINCT FROM float8send(sum_x) AND old_string_agg_name IS NOT DISTINCT FROM string_agg_name)
),
-- what comes and goes, by row
net AS (
  SELECT region, sum_x AS total, string_agg_name AS names, stage1_changes.__pgt_w
  FROM stage1_changes
),
-- one row for each touched key: the new row, or the old one where none comes
changed AS (
  SELECT d.region, d.total, d.names, true AS __pgt_present
  FROM net AS d
  WHERE d.__pgt_w > 0
  UNION ALL
  SELECT d.region, d.total, d.names, false
  FROM net AS d
  WHERE d.__pgt_w < 0
    AND NOT EXISTS (SELECT FROM net AS n WHERE n.__pgt_w > 0 AND hash_record_extended(ROW(n.region), 0) = hash_record_extended(ROW(d.region), 0) AND n.region IS NOT DISTINCT FROM d.region)
),
-- the visible table follows
applied AS (
  MERGE INTO public.st AS t
  USING changed AS d
  ON hash_record_extended(ROW(t.region), 0) = hash_record_extended(ROW(d.region), 0) AND t.region IS NOT DISTINCT FROM d.region
  WHEN MATCHED AND NOT d.__pgt_present THEN DELETE
  WHEN MATCHED AND NOT (float8send(t.total) IS NOT DISTINCT FROM float8send(d.total) AND t.names IS NOT DISTINCT FROM d.names) THEN
    UPDATE SET total = d.total, names = d.names
  WHEN NOT MATCHED AND d.__pgt_present THEN
    INSERT (region, total, names)
    VALUES (d.region, d.total, d.names)
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
  EXISTS (SELECT FROM stage1_next WHERE __pgt_n < 0)
    OR EXISTS (SELECT FROM net WHERE abs(__pgt_w) > 1) OR (SELECT deleted FROM done) <> (SELECT count(*) FROM changed WHERE NOT __pgt_present) AS broken;

-- ---- full

WITH
-- stage 1: GROUP BY region: sum(x), string_agg(name, ','::text ORDER BY name)
-- all groups
stage1_groups AS (
  SELECT hash_record_extended(ROW(region), 0) AS __pgt_h, region, count(*) AS __pgt_n, sum(x) AS sum_x, string_agg(name, ','::text ORDER BY name) AS string_agg_name
  FROM public.src AS src
  GROUP BY region
),
-- stage 1: the state table becomes equal to them
stage1_write AS (
  MERGE INTO pgtrickle_state.st_1_s1 AS s
  USING stage1_groups AS n
  ON s.__pgt_h = n.__pgt_h AND s.region IS NOT DISTINCT FROM n.region
  WHEN MATCHED AND n.__pgt_n <= 0 THEN DELETE
  WHEN MATCHED AND NOT (s.__pgt_n = n.__pgt_n AND float8send(s.sum_x) IS NOT DISTINCT FROM float8send(n.sum_x) AND s.string_agg_name IS NOT DISTINCT FROM n.string_agg_name) THEN UPDATE SET __pgt_n = n.__pgt_n, sum_x = n.sum_x, string_agg_name = n.string_agg_name
  WHEN NOT MATCHED AND n.__pgt_n > 0 THEN
    INSERT (__pgt_h, region, __pgt_n, sum_x, string_agg_name)
    VALUES (n.__pgt_h, n.region, n.__pgt_n, n.sum_x, n.string_agg_name)
  WHEN NOT MATCHED BY SOURCE THEN DELETE
),
-- what the table shall hold
wanted AS (
  SELECT region, sum_x AS total, string_agg_name AS names
  FROM (SELECT s.region, s.sum_x, s.string_agg_name
  FROM stage1_groups AS s) AS stage1
),
-- it becomes equal to that
applied AS (
  MERGE INTO public.st AS t
  USING wanted AS d
  ON hash_record_extended(ROW(t.region), 0) = hash_record_extended(ROW(d.region), 0) AND t.region IS NOT DISTINCT FROM d.region
  WHEN MATCHED AND NOT (float8send(t.total) IS NOT DISTINCT FROM float8send(d.total) AND t.names IS NOT DISTINCT FROM d.names) THEN
    UPDATE SET total = d.total, names = d.names
  WHEN NOT MATCHED THEN
    INSERT (region, total, names)
    VALUES (d.region, d.total, d.names)
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

