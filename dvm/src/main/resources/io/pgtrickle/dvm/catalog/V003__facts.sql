-- What PostgreSQL's catalogs say that plans rely on: facts the compiler asks for, and fingerprints that tell when they change.

-- What PostgreSQL makes of a SELECT: its canonical text and columns, NULL if it refuses the text. The view is undone before
-- the function returns, without a savepoint in the caller's transaction.
CREATE FUNCTION pgtrickle.pgt_describe(query text, OUT canonical text, OUT columns text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    probe oid;
BEGIN
    BEGIN
        EXECUTE 'CREATE VIEW pgtrickle_state.pgt_probe AS ' || query;
        probe := 'pgtrickle_state.pgt_probe'::regclass;
        canonical := pg_get_viewdef(probe);
        columns := pgtrickle.pgt_columns(probe)::text;
        RAISE EXCEPTION USING ERRCODE = 'PT001';
    EXCEPTION
        WHEN SQLSTATE 'PT001' THEN NULL;
        WHEN syntax_error_or_access_rule_violation OR feature_not_supported OR data_exception THEN
            canonical := NULL;
            columns := NULL;
    END;
END
$$;
REVOKE ALL ON FUNCTION pgtrickle.pgt_describe FROM PUBLIC;

-- Whether hash_record_extended takes a column of this type: a default hash operator class with an extended hash function.
CREATE FUNCTION pgtrickle.pgt_hashable(type oid) RETURNS bool
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    t record;
    key oid;
BEGIN
    SELECT typtype, typbasetype, typelem, typcategory, typrelid INTO t FROM pg_type WHERE oid = type;
    CASE t.typtype
        WHEN 'd' THEN RETURN pgtrickle.pgt_hashable(t.typbasetype);
        WHEN 'c' THEN RETURN NOT EXISTS (SELECT FROM pg_attribute
            WHERE attrelid = t.typrelid AND attnum > 0 AND NOT attisdropped AND NOT pgtrickle.pgt_hashable(atttypid));
        WHEN 'e' THEN RETURN true;
        WHEN 'r' THEN RETURN (SELECT pgtrickle.pgt_hashable(rngsubtype) FROM pg_range WHERE rngtypid = type);
        WHEN 'm' THEN RETURN (SELECT pgtrickle.pgt_hashable(rngsubtype) FROM pg_range WHERE rngmultitypid = type);
        WHEN 'p' THEN RETURN false;
        ELSE NULL;
    END CASE;
    IF t.typcategory = 'A' AND t.typelem <> 0 THEN
        RETURN pgtrickle.pgt_hashable(t.typelem);
    END IF;
    RETURN EXISTS (
        SELECT FROM pg_opclass c JOIN pg_am m ON m.oid = c.opcmethod AND m.amname = 'hash'
        JOIN pg_amproc p ON p.amprocfamily = c.opcfamily AND p.amprocnum = 2
            AND p.amproclefttype = c.opcintype AND p.amprocrighttype = c.opcintype
        WHERE c.opcdefault AND (c.opcintype = type OR EXISTS (SELECT FROM pg_cast
            WHERE castsource = type AND casttarget = c.opcintype AND castmethod = 'b' AND castcontext = 'i')));
END
$$;

-- Whether an index column tells apart exactly what "=" tells apart in the table's column: text_pattern_ops does, record_image_ops
-- does not, nor does another collation if one of the two is non-deterministic.
CREATE FUNCTION pgtrickle.pgt_index_compares(operator_class oid, index_collation oid, column_collation oid) RETURNS bool
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (
        SELECT FROM pg_opclass c JOIN pg_type t ON t.oid = c.opcintype
        JOIN pg_amop m ON m.amopfamily = c.opcfamily AND m.amopstrategy = 3
            AND m.amoplefttype = c.opcintype AND m.amoprighttype = c.opcintype
        JOIN pg_operator o ON o.oid = m.amopopr
        WHERE c.oid = operator_class AND o.oprname = '='
            AND (o.oprnamespace = 'pg_catalog'::regnamespace OR c.opcdefault AND t.typtype = 'b'))
    AND (index_collation = column_collation OR NOT EXISTS (
        SELECT FROM pg_collation WHERE oid IN (index_collation, column_collation) AND NOT collisdeterministic))
$$;
REVOKE ALL ON FUNCTION pgtrickle.pgt_index_compares FROM PUBLIC;

-- The columns that are NOT NULL in every row: children need not share the constraint (NO INHERIT), and rows may be older than it
-- (NOT VALID). Before PostgreSQL 18 there are no such rows in pg_constraint, and every constraint is valid.
CREATE FUNCTION pgtrickle.pgt_not_null(relation oid) RETURNS name[]
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH RECURSIVE family(oid) AS (
        SELECT relation UNION SELECT inhrelid FROM pg_inherits JOIN family ON inhparent = family.oid
    )
    SELECT array_agg(attname) FROM (
        SELECT a.attname FROM family JOIN pg_attribute a ON a.attrelid = family.oid AND a.attnum > 0 AND NOT a.attisdropped
        GROUP BY a.attname
        HAVING bool_and(a.attnotnull AND NOT EXISTS (SELECT FROM pg_constraint
            WHERE conrelid = a.attrelid AND contype = 'n' AND conkey = ARRAY[a.attnum] AND NOT convalidated))) AS held
$$;
REVOKE ALL ON FUNCTION pgtrickle.pgt_not_null FROM PUBLIC;

-- The columns of a relation with everything the compiler asks about their types. A domain has the operators of what it is made
-- of, so its schema is that type's.
CREATE FUNCTION pgtrickle.pgt_columns(relation oid) RETURNS jsonb
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH RECURSIVE base(type, oid, namespace, typtype, typbasetype) AS (
        SELECT t.oid, t.oid, t.typnamespace, t.typtype, t.typbasetype
        FROM pg_type t JOIN pg_attribute a ON a.atttypid = t.oid WHERE a.attrelid = relation AND a.attnum > 0
        UNION
        SELECT b.type, t.oid, t.typnamespace, t.typtype, t.typbasetype
        FROM base b JOIN pg_type t ON t.oid = b.typbasetype WHERE b.typtype = 'd'
    )
    SELECT coalesce(jsonb_agg(jsonb_build_object(
        'name', a.attname,
        'notNull', a.attname = ANY (held.columns),
        'type', jsonb_build_object(
            'oid', t.oid::int8, 'schema', n.nspname, 'name', t.typname, 'sql', format_type(t.oid, a.atttypmod),
            'typmod', a.atttypmod, 'length', t.typlen, 'kind', t.typtype::text,
            'hashable', pgtrickle.pgt_hashable(t.oid),
            'deterministic', coalesce(l.collisdeterministic, true),
            -- makes "=" of an enum, say, ambiguous between anyenum's and text's; or is what ::text means
            'recast', b.oid >= 16384 AND EXISTS (SELECT FROM pg_cast k WHERE k.castsource = b.oid
                AND (k.castcontext = 'i' AND (b.typtype <> 'b' OR t.typelem <> 0) OR k.casttarget = 'text'::regtype AND k.castmethod = 'f')))) ORDER BY a.attnum), '[]')
    FROM (SELECT coalesce(pgtrickle.pgt_not_null(relation), '{}') AS columns) AS held, pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
    JOIN base b ON b.type = t.oid AND b.typtype <> 'd' JOIN pg_namespace n ON n.oid = b.namespace
    LEFT JOIN pg_collation l ON l.oid = a.attcollation
    WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped
$$;

-- A type and all that its values are made of.
CREATE FUNCTION pgtrickle.pgt_type_parts(type oid) RETURNS SETOF oid
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH RECURSIVE parts(oid) AS (
        SELECT type
        UNION
        SELECT part.oid FROM parts JOIN pg_type t ON t.oid = parts.oid, LATERAL (
            SELECT t.typbasetype UNION ALL SELECT t.typelem
            UNION ALL SELECT atttypid FROM pg_attribute WHERE attrelid = t.typrelid AND attnum > 0 AND NOT attisdropped
            UNION ALL SELECT rngsubtype FROM pg_range WHERE t.oid IN (rngtypid, rngmultitypid)) AS part(oid)
        WHERE part.oid <> 0
    )
    SELECT oid FROM parts
$$;

-- What a user's type is made of, as far as ALTER TYPE can change it, and can be cast to; NULL for PostgreSQL's own.
CREATE FUNCTION pgtrickle.pgt_type_shape(type oid) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT string_agg(concat_ws(' ', t.oid, t.oid::regtype, t.typbasetype,
        (SELECT string_agg(concat_ws(' ', attnum, attname, atttypid, atttypmod, attisdropped), ',' ORDER BY attnum)
         FROM pg_attribute WHERE attrelid = t.typrelid AND attnum > 0),
        (SELECT string_agg(enumlabel, ',' ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = t.oid),
        (SELECT string_agg(concat_ws(' ', casttarget, castcontext, castmethod), ',' ORDER BY casttarget) FROM pg_cast WHERE castsource = t.oid)), ';' ORDER BY t.oid)
    FROM pgtrickle.pgt_type_parts(type) AS parts(oid) JOIN pg_type t ON t.oid = parts.oid AND t.oid >= 16384
$$;

-- A column's type as a buffer declares it: domains are replaced by what they are made of.
CREATE FUNCTION pgtrickle.pgt_base_type(type oid, typmod int) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH RECURSIVE chain(oid, typmod, depth) AS (
        SELECT type, typmod, 0
        UNION ALL
        SELECT t.typbasetype, t.typtypmod, depth + 1 FROM chain JOIN pg_type t ON t.oid = chain.oid AND t.typtype = 'd'
    )
    SELECT format_type(oid, typmod) FROM chain ORDER BY depth DESC LIMIT 1
$$;

-- About how many rows a table and its children have. One that was never analysed has reltuples -1, and one that has grown a
-- stale one; the counters of the statistics system know better, unless they were lost. 100 bytes make an ordinary row.
CREATE FUNCTION pgtrickle.pgt_size(relation oid) RETURNS float8
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH RECURSIVE family(oid) AS (
        SELECT relation UNION SELECT inhrelid FROM pg_inherits JOIN family ON inhparent = family.oid
    )
    SELECT sum(greatest(c.reltuples, pg_stat_get_live_tuples(c.oid),
        CASE WHEN c.reltuples < 0 THEN pg_relation_size(c.oid) / 100 END))
    FROM family JOIN pg_class c ON c.oid = family.oid WHERE c.relkind IN ('r', 'm', 'f', 't')
$$;
REVOKE ALL ON FUNCTION pgtrickle.pgt_size FROM PUBLIC;

-- Fails if somebody has altered one of these relations since the transaction's only snapshot was taken, and the transaction, too: then it sees
-- the relation's catalog row twice, as it was and as it has made it.
CREATE FUNCTION pgtrickle.pgt_seen_once(relations oid[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    twice oid := (SELECT c.oid FROM pg_class c WHERE c.oid = ANY (relations) GROUP BY c.oid HAVING count(*) > 1 LIMIT 1);
BEGIN
    IF twice IS NOT NULL THEN
        RAISE EXCEPTION 'could not serialize access due to concurrent change of relation "%"', twice::regclass
            USING ERRCODE = 'serialization_failure', HINT = 'Repeat the transaction.';
    END IF;
END
$$;
REVOKE ALL ON FUNCTION pgtrickle.pgt_seen_once FROM PUBLIC;

-- What a plan made from a source relies on: its name, the columns used (NULL: all) and what their types are made of, unique keys, parents, children, capture triggers; of a view
-- what it is defined as. Names and not only OIDs, because programs name schemas and ALTER SCHEMA ... RENAME changes no OID.
-- xmin and ctid name a version of a catalog row: what was altered and altered back in the meantime has another one, also within one transaction.
-- OFFSET 0 has each member looked up by index, whatever the planner has heard of other tables' partitions.
CREATE FUNCTION pgtrickle.pgt_fingerprint(source oid, columns text[]) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH RECURSIVE family(oid) AS (
        SELECT source
        UNION
        SELECT i.inhrelid FROM family, LATERAL (SELECT FROM pg_class WHERE pg_class.oid = family.oid AND relhassubclass OFFSET 0),
            LATERAL (SELECT inhrelid FROM pg_inherits WHERE inhparent = family.oid AND NOT inhdetachpending OFFSET 0) i
    )
    SELECT md5(concat_ws('|',
        (SELECT concat_ws(',', relnamespace, relnamespace::regnamespace, relname, relkind, relrowsecurity, relforcerowsecurity)
         FROM pg_class WHERE oid = source),
        (SELECT string_agg(concat_ws(',', attnum, attname, atttypid::oid, atttypid::regtype, atttypmod, attcollation, attnotnull, attgenerated,
                    CASE WHEN a.atttypid >= 16384 THEN pgtrickle.pgt_type_shape(a.atttypid) END),
                ';' ORDER BY attnum)
         FROM pg_attribute a WHERE attrelid = source AND attnum > 0 AND NOT attisdropped AND (columns IS NULL OR attname = ANY (columns))),
        -- A key that was away has not kept rows apart meanwhile. REINDEX CONCURRENTLY changes an index, but not the constraint.
        (SELECT string_agg(concat_ws(',', coalesce(k.oid, indexrelid), indkey, indclass, indcollation), ';' ORDER BY coalesce(k.oid, indexrelid))
         FROM pg_index LEFT JOIN pg_constraint k ON k.conrelid = source AND k.conindid = indexrelid AND k.contype IN ('p', 'u')
         WHERE indrelid = source AND indisunique AND indisvalid AND indimmediate AND indpred IS NULL AND indexprs IS NULL),
        (SELECT string_agg(concat_ws(',', c.oid, c.relpersistence, c.relkind = 'r' AND c.relhassubclass,
                -- Ways to change rows past the triggers: through a parent, while it is no member of the family, or while the member was
                -- none, and by logical replication, which fires no triggers for statements.
                (SELECT string_agg(concat_ws(' ', inhparent, i.xmin, i.ctid), ',' ORDER BY inhparent) FROM pg_inherits i WHERE inhrelid = c.oid),
                (SELECT string_agg(srsubid::text, ',' ORDER BY srsubid) FROM pg_subscription_rel WHERE srrelid = c.oid),
                -- SET EXPRESSION computes rows anew.
                (SELECT string_agg(d.oid::text, ' ' ORDER BY d.adnum) FROM pg_attrdef d
                 JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum AND a.attgenerated <> ''
                 WHERE d.adrelid = c.oid AND (columns IS NULL OR a.attname = ANY (columns))),
                -- What attnotnull does not say, as in pgt_not_null. A parent counts in each column it shares. A partition cannot lack what its
                -- table has, nor have another parent. Columns behind those used may come and go.
                CASE WHEN c.oid = source OR NOT c.relispartition THEN concat_ws(' ',
                    (SELECT string_agg(conkey::text, ',' ORDER BY conkey) FROM pg_constraint WHERE conrelid = c.oid AND contype = 'n' AND NOT convalidated),
                    (SELECT string_agg(concat_ws(' ', attnum, a.xmin, a.ctid), ',' ORDER BY attnum) FROM pg_attribute a
                     WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped AND (c.oid <> source
                         OR attnum <= (SELECT max(attnum) FROM pg_attribute WHERE attrelid = source AND (columns IS NULL OR attname = ANY (columns)))))) END,
                (SELECT string_agg(concat_ws(' ', tgname, tgenabled, t.xmin, t.ctid), ',' ORDER BY tgname)
                 FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
                 WHERE tgrelid = c.oid AND p.pronamespace = 'pgtrickle_changes'::regnamespace
                     AND p.proname ~ format('^pg_trickle_cdc_[a-z]+_%s(_[0-9]+)?$', source))), ';' ORDER BY c.oid)
         FROM family, LATERAL (SELECT pg_class.* FROM pg_class WHERE pg_class.oid = family.oid OFFSET 0) c),
        (SELECT md5(string_agg(ev_action::text, '' ORDER BY oid)) FROM pg_rewrite WHERE ev_class = source)))
$$;

-- The columns that the capture functions of a source go through, as they are now.
CREATE FUNCTION pgtrickle.pgt_capture_shape(source oid, columns text[]) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT string_agg(concat_ws(' ', attnum, atttypid::oid, atttypmod), ', ' ORDER BY attnum) FROM pg_attribute
    WHERE attrelid = source AND attnum > 0 AND NOT attisdropped AND attnum <= (
        SELECT max(attnum) FROM pg_attribute WHERE attrelid = source AND attname = ANY (columns) AND NOT attisdropped)
$$;

-- What a refresh relies on in the stream table itself: its columns, and that nobody could write since. The versions of the trigger
-- rows, here and above, tell that triggers were disabled even when they are enabled again. Another file may hold other rows: ALTER
-- COLUMN ... TYPE ... USING; VACUUM FULL only looks like it. A parent opens a way past the guard, a child adds rows.
CREATE FUNCTION pgtrickle.pgt_table_fingerprint(stream_table oid) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT md5(concat_ws('|',
        (SELECT string_agg(concat_ws(' ', tgname, tgenabled, t.xmin, t.ctid), ',' ORDER BY tgname) FROM pg_trigger t
         WHERE tgrelid = stream_table AND tgfoid = 'pgtrickle.pgt_guard'::regproc),
        (SELECT string_agg(concat_ws(' ', attnum, atttypid::oid, atttypmod, attname), ',' ORDER BY attnum) FROM pg_attribute
         WHERE attrelid = stream_table AND attnum > 0 AND NOT attisdropped),
        (SELECT concat_ws(' ', relfilenode, relpersistence, relhassubclass) FROM pg_class WHERE oid = stream_table),
        (SELECT string_agg(inhparent::text, ',' ORDER BY inhparent) FROM pg_inherits WHERE inhrelid = stream_table),
        (SELECT string_agg(inhrelid::text, ',' ORDER BY inhrelid) FROM pg_inherits WHERE inhparent = stream_table)))
$$;

-- What a view is made of besides relations, views it reads looked through: functions, operators, types, collations and text
-- search configurations; what PostgreSQL knows these to call, as aggregates, operators and BEGIN ATOMIC bodies do; and where
-- tables have row-level security, these and the roles that read them.
CREATE FUNCTION pgtrickle.pgt_functions(view oid) RETURNS oid[]
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH RECURSIVE reads(oid) AS (
        SELECT view
        UNION
        SELECT d.refobjid FROM reads
        JOIN pg_rewrite r ON r.ev_class = reads.oid
        JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_class'::regclass
        JOIN pg_class v ON v.oid = d.refobjid AND v.relkind IN ('v', 'r', 'p')
    ),
    made_of(class, oid) AS (
        SELECT d.refclassid, d.refobjid
        FROM reads JOIN pg_class v ON v.oid = reads.oid AND v.relkind = 'v' JOIN pg_rewrite r ON r.ev_class = v.oid
        JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
            OR d.classid = 'pg_class'::regclass AND d.objid = reads.oid
        WHERE d.refclassid IN ('pg_proc'::regclass, 'pg_operator'::regclass, 'pg_type'::regclass, 'pg_collation'::regclass,
            'pg_ts_config'::regclass)
        UNION
        SELECT d.refclassid, d.refobjid FROM made_of JOIN pg_depend d ON d.classid = made_of.class AND d.objid = made_of.oid
            AND d.classid IN ('pg_proc'::regclass, 'pg_operator'::regclass)
            AND d.refclassid IN ('pg_proc'::regclass, 'pg_operator'::regclass)
    ),
    policed AS (
        SELECT c.oid FROM reads JOIN pg_class c ON c.oid = reads.oid AND c.relkind IN ('r', 'p') AND c.relrowsecurity
    )
    SELECT array_agg(used.oid ORDER BY used.oid) FROM (
        SELECT oid FROM made_of UNION SELECT oid FROM policed
        UNION SELECT c.relowner FROM reads JOIN pg_class c ON c.oid = reads.oid AND c.relkind = 'v' WHERE EXISTS (SELECT FROM policed)
    ) AS used(oid)
$$;

-- What these are called and defined as now. A reg type shows the number where there is no such object, so it may be asked for
-- any OID; names come with their schemas, because none is in the search_path. Every refresh asks, hence a plan that is kept.
CREATE FUNCTION pgtrickle.pgt_function_hash(functions oid[]) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    RETURN md5(concat_ws(';',
        (SELECT string_agg(concat_ws('|', f, f::regprocedure, f::regoperator, f::regtype, f::regcollation, f::regconfig,
             p.prosrc, p.prosqlbody, p.probin, p.provolatile, p.proconfig,
             CASE WHEN p.prokind = 'a' THEN (SELECT a FROM pg_aggregate a WHERE a.aggfnoid = f) END,
             CASE WHEN p.oid IS NULL THEN pgtrickle.pgt_type_shape(f) END,
             CASE WHEN p.oid IS NULL THEN (
                SELECT string_agg(concat_ws(' ', m.maptokentype, m.mapseqno, m.mapdict,
                    (SELECT dictinitoption FROM pg_ts_dict WHERE oid = m.mapdict)), ',' ORDER BY m.maptokentype, m.mapseqno)
                FROM pg_ts_config_map m WHERE m.mapcfg = f) END), ';' ORDER BY f)
         FROM unnest(functions) AS f LEFT JOIN pg_proc p ON p.oid = f),
        -- from whom row-level security hides rows
        (SELECT string_agg(concat_ws(' ', c.oid, r.oid, c.relforcerowsecurity, r.rolsuper, r.rolbypassrls,
             pg_has_role(r.oid, c.relowner, 'USAGE')), ',' ORDER BY c.oid, r.oid)
         FROM pg_class c, pg_roles r WHERE c.oid = ANY (functions) AND r.oid = ANY (functions))));
END
$$;
