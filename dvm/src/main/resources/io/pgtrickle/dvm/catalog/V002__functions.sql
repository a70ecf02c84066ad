-- What the engine runs inside a user's session, and what guards it. Each of these may be called by hand by anyone who
-- has EXECUTE: they trust nobody and resolve nothing through a user's search_path.

CREATE FUNCTION pgtrickle.pgt_signature(statement text, returning_rows bool, nonce bigint) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT encode(sha256(secret || sha256(secret || convert_to(
        pg_backend_pid() || ':' || pg_current_xact_id() || ':' || nonce || ':' || returning_rows || ':' || statement, 'UTF8'))), 'hex')
    FROM pgtrickle.pgt_secret
$$;
REVOKE ALL ON FUNCTION pgtrickle.pgt_signature FROM PUBLIC;

-- The engine's hand in a user's session. A row comes back as a JSON object of its columns, in order.
CREATE FUNCTION pgtrickle.engine_exec(statement text, returning_rows bool, nonce bigint, signature text) RETURNS SETOF text
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET standard_conforming_strings = on
SET DateStyle = 'ISO, YMD'
SET IntervalStyle = 'postgres'
SET extra_float_digits = 1
SET bytea_output = 'hex'
SET quote_all_identifiers = off
SET default_tablespace = ''
SET default_table_access_method = 'heap'
AS $$
DECLARE
    answer record;
BEGIN
    IF signature IS DISTINCT FROM pgtrickle.pgt_signature(statement, returning_rows, nonce) THEN
        IF NOT EXISTS (SELECT FROM pgtrickle.pgt_secret) THEN -- in REPEATABLE READ: the catalog is there, its rows are not yet
            RAISE serialization_failure USING
                MESSAGE = 'could not serialize access: pgtrickle was installed after the snapshot of this transaction was taken',
                HINT = 'Repeat the transaction.';
        END IF;
        RAISE insufficient_privilege USING MESSAGE = 'pgtrickle.engine_exec can only be called by the pgtrickle engine';
    END IF;
    -- Nonce 0 is signed for statements that may be repeated: they change nothing, and so cost no flush at commit.
    IF nonce <> 0 THEN
        INSERT INTO pgtrickle.pgt_nonces VALUES (pg_backend_pid(), pg_current_xact_id(), nonce);
    END IF;
    IF returning_rows THEN
        FOR answer IN EXECUTE statement LOOP
            -- The statement may have run somebody's function that changed the search_path.
            RETURN NEXT pg_catalog.row_to_json(answer)::pg_catalog.text;
        END LOOP;
    ELSE
        EXECUTE statement;
    END IF;
END
$$;

-- The permit shows the guard that a write is the engine's. It is set only around a refresh and worthless anywhere else.
CREATE FUNCTION pgtrickle.pgt_permit() RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT encode(sha256(secret || convert_to('permit:' || pg_backend_pid() || ':' || pg_current_xact_id(), 'UTF8')), 'hex')
    FROM pgtrickle.pgt_secret
$$;
REVOKE ALL ON FUNCTION pgtrickle.pgt_permit FROM PUBLIC;

CREATE FUNCTION pgtrickle.pgt_guard() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF current_setting('pgtrickle.permit', true) IS DISTINCT FROM pgtrickle.pgt_permit() THEN
        RAISE wrong_object_type USING
            MESSAGE = format('cannot change materialized view "%s"', TG_TABLE_NAME),
            HINT = 'A stream table is changed by changing the tables its query reads.';
    END IF;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION pgtrickle.pgt_guard FROM PUBLIC;

-- Runs a program of a stream table with its owner's rights. "tiny" steers the planner to index probes (MEASURED.md 2);
-- "own" reports how far the calling transaction's command counter has come, for changes it makes itself.
CREATE FUNCTION pgtrickle.pgt_run(id bigint, program text, tiny bool, own bool,
    OUT snapshot text, OUT rows_inserted bigint, OUT rows_updated bigint, OUT rows_deleted bigint, OUT delta_rows bigint,
    OUT broken bool, OUT own_xid xid8, OUT own_cid bigint)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET enable_hashjoin = on
SET enable_mergejoin = on
SET enable_seqscan = on
AS $$
BEGIN
    IF own THEN
        own_xid := pg_current_xact_id();
        INSERT INTO pgtrickle.pgt_marks VALUES (true) RETURNING cmin::text::bigint INTO own_cid;
    END IF;
    IF tiny THEN
        PERFORM set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true),
            set_config('enable_seqscan', 'off', true);
    END IF;
    PERFORM set_config('pgtrickle.permit', pgtrickle.pgt_permit(), true);
    EXECUTE format('SELECT * FROM pgtrickle_state.run_%s($1)', id) USING program
        INTO snapshot, rows_inserted, rows_updated, rows_deleted, delta_rows, broken;
    -- From here on the search_path may be the owner's: nothing is resolved by it.
    PERFORM pg_catalog.set_config('pgtrickle.permit', '', true);
END
$$;
REVOKE ALL ON FUNCTION pgtrickle.pgt_run FROM PUBLIC;

-- What a plan made from a source relies on: its name, the columns used, unique keys, children, capture triggers; of a view
-- what it is defined as.
CREATE FUNCTION pgtrickle.pgt_fingerprint(source oid, columns text[]) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH RECURSIVE family(oid) AS (
        SELECT source UNION SELECT inhrelid FROM pg_inherits JOIN family ON inhparent = family.oid
    )
    SELECT md5(concat_ws('|',
        (SELECT concat_ws(',', relnamespace, relname, relkind, relpersistence, relrowsecurity, relforcerowsecurity)
         FROM pg_class WHERE oid = source),
        (SELECT string_agg(concat_ws(',', attnum, attname, atttypid, atttypmod, attcollation, attnotnull, attgenerated,
                    CASE WHEN attgenerated <> '' THEN
                        (SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef d WHERE adrelid = attrelid AND adnum = attnum) END),
                ';' ORDER BY attnum)
         FROM pg_attribute WHERE attrelid = source AND attnum > 0 AND NOT attisdropped AND attname = ANY (columns)),
        (SELECT string_agg(attnum::text, ',' ORDER BY attnum)
         FROM pg_attribute WHERE attrelid = source AND attnum > 0 AND NOT attisdropped
             AND attnum <= (SELECT max(attnum) FROM pg_attribute WHERE attrelid = source AND attname = ANY (columns))),
        (SELECT string_agg(indkey::text, ';' ORDER BY indexrelid) FROM pg_index
         WHERE indrelid = source AND indisunique AND indisvalid AND indimmediate AND indpred IS NULL AND indexprs IS NULL),
        (SELECT string_agg(concat_ws(',', family.oid, (SELECT string_agg(concat_ws(' ', tgname, tgenabled, t.xmin), ',' ORDER BY tgname)
             FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
             WHERE tgrelid = family.oid AND tgname LIKE 'pg\_trickle\_cdc\_%\_' || source::text
                 AND p.pronamespace = 'pgtrickle_changes'::regnamespace)), ';' ORDER BY family.oid)
         FROM family),
        (SELECT md5(string_agg(ev_action::text, '' ORDER BY oid)) FROM pg_rewrite WHERE ev_class = source)))
$$;

-- The columns that the capture functions of a source go through, as they are now.
CREATE FUNCTION pgtrickle.pgt_capture_shape(source oid, columns text[]) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT string_agg(concat_ws(' ', attnum, atttypid::oid, atttypmod), ', ' ORDER BY attnum) FROM pg_attribute
    WHERE attrelid = source AND attnum > 0 AND NOT attisdropped AND attnum <= (
        SELECT max(attnum) FROM pg_attribute WHERE attrelid = source AND attname = ANY (columns) AND NOT attisdropped)
$$;

-- What a refresh relies on in the stream table itself: its columns, and that nobody could write since. The trigger rows'
-- xmin, here and above, tells that triggers were disabled even when they are enabled again (not by the very transaction that
-- made the stream table; cmin would tell that, but also changes with a DROP that is rolled back).
CREATE FUNCTION pgtrickle.pgt_table_fingerprint(stream_table oid) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT md5(concat_ws('|',
        (SELECT string_agg(concat_ws(' ', tgname, tgenabled, t.xmin), ',' ORDER BY tgname) FROM pg_trigger t
         WHERE tgrelid = stream_table AND tgfoid = 'pgtrickle.pgt_guard'::regproc),
        (SELECT string_agg(concat_ws(' ', attnum, atttypid::oid, atttypmod, attname), ',' ORDER BY attnum) FROM pg_attribute
         WHERE attrelid = stream_table AND attnum > 0 AND NOT attisdropped)))
$$;

-- The functions of users that a view calls, views it reads looked through; and what they are defined as now.
CREATE FUNCTION pgtrickle.pgt_functions(view oid) RETURNS oid[]
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH RECURSIVE reads(oid) AS (
        SELECT view
        UNION
        SELECT d.refobjid FROM reads
        JOIN pg_rewrite r ON r.ev_class = reads.oid
        JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_class'::regclass
        JOIN pg_class v ON v.oid = d.refobjid AND v.relkind = 'v'
    )
    SELECT array_agg(DISTINCT d.refobjid) FROM reads JOIN pg_rewrite r ON r.ev_class = reads.oid
    JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_proc'::regclass
$$;

CREATE FUNCTION pgtrickle.pgt_function_hash(functions oid[]) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT md5(string_agg(concat_ws('|', f, p.proname, p.prosrc, p.prosqlbody, p.probin, p.provolatile, p.proconfig), ';' ORDER BY f))
    FROM unnest(functions) AS f LEFT JOIN pg_proc p ON p.oid = f
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

-- Everything a refresh has to know before it starts, in one call. "cluster" names the server and database that frontiers
-- are valid for. Counts are exact for the caller's snapshot.
CREATE FUNCTION pgtrickle.pgt_pending(id bigint, cluster text,
    OUT relation text, OUT schema_name text, OUT owner_ok bool, OUT status text, OUT refresh_mode text, OUT populated bool,
    OUT awaits_refresh bool, OUT reinit_reason text, OUT last_full_ms float8, OUT ms_per_change float8, OUT facts_hash text, OUT state_prefix text,
    OUT query_view text, OUT frontier text, OUT sources text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    st pgtrickle.pgt_stream_tables;
    dependency record;
    rows bigint;
    truncated bool;
    xmax text;
    xip text;
    known jsonb := '[]';
BEGIN
    SELECT * INTO st FROM pgtrickle.pgt_stream_tables t WHERE t.pgt_id = id;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    SELECT c.relname, n.nspname, p.proowner = c.relowner INTO relation, schema_name, owner_ok
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_proc p ON p.pronamespace = 'pgtrickle_state'::regnamespace AND p.proname = 'run_' || id
    WHERE c.oid = st.pgt_relid;
    SELECT c.relname INTO query_view FROM pg_class c WHERE c.oid = st.query_view;
    status := st.status;
    refresh_mode := st.refresh_mode;
    populated := st.is_populated;
    awaits_refresh := st.awaits_refresh;
    last_full_ms := st.last_full_ms;
    ms_per_change := st.ms_per_change;
    facts_hash := st.facts_hash;
    state_prefix := st.state_prefix;
    frontier := st.frontier::text;
    reinit_reason := CASE
        WHEN st.needs_reinit THEN 'it was asked for'
        WHEN st.frontier IS NOT NULL AND st.frontier->>'cluster' IS DISTINCT FROM cluster
            THEN 'the database was restored or moved'
        WHEN st.table_fingerprint IS DISTINCT FROM pgtrickle.pgt_table_fingerprint(st.pgt_relid)
            THEN 'the stream table itself was altered'
        WHEN st.function_oids IS NOT NULL AND st.function_hash IS DISTINCT FROM pgtrickle.pgt_function_hash(st.function_oids)
            THEN 'a function was replaced' END;
    xmax := pg_snapshot_xmax((st.frontier->>'snapshot')::pg_snapshot)::text;
    xip := (SELECT '{' || coalesce(string_agg(x::text, ','), '') || '}'
            FROM (SELECT pg_snapshot_xip((st.frontier->>'snapshot')::pg_snapshot) UNION ALL
                  SELECT (st.frontier->>'own_xid')::xid8 WHERE st.frontier ? 'own_xid') AS own(x));
    FOR dependency IN
        SELECT d.source_relid, d.source_type, d.columns_used, d.schema_fingerprint, d.cdc_mode, c.relname,
            pgtrickle.pgt_size(c.oid) AS size
        FROM pgtrickle.pgt_dependencies d LEFT JOIN pg_class c ON c.oid = d.source_relid
        WHERE d.pgt_id = id ORDER BY d.source_relid
    LOOP
        rows := NULL;
        truncated := false;
        IF dependency.relname IS NULL THEN
            reinit_reason := coalesce(reinit_reason, 'a source was dropped');
        ELSIF dependency.schema_fingerprint IS DISTINCT FROM
            pgtrickle.pgt_fingerprint(dependency.source_relid, dependency.columns_used)
            OR EXISTS (SELECT FROM pgtrickle.pgt_change_tracking t WHERE dependency.cdc_mode IS NOT NULL
                AND t.source_relid = dependency.source_relid
                AND t.captured_shape IS DISTINCT FROM pgtrickle.pgt_capture_shape(t.source_relid, t.compared_columns))
        THEN
            reinit_reason := coalesce(reinit_reason, format('%s was altered', dependency.relname));
        ELSIF dependency.cdc_mode IS NOT NULL THEN
            IF reinit_reason IS NULL AND st.frontier IS NOT NULL THEN
                EXECUTE format($q$
                    SELECT count(*) FILTER (WHERE b.__pgt_w <> 0), coalesce(bool_or(b.__pgt_w = 0), false)
                    FROM pgtrickle_changes.changes_%s b
                    WHERE (b.__pgt_xid >= %L::xid8 OR b.__pgt_xid = ANY (%L::xid8[]))
                        AND NOT (b.__pgt_xid = %L::xid8 AND b.cmin::text::bigint < %s)$q$,
                    dependency.source_relid, xmax, xip, coalesce(st.frontier->>'own_xid', '0'),
                    coalesce(st.frontier->>'own_cid', '0'))
                INTO rows, truncated;
            END IF;
        END IF;
        CONTINUE WHEN dependency.source_type = 'VIEW';
        known := known || jsonb_build_object('relation', dependency.source_relid::int8, 'captured', dependency.cdc_mode IS NOT NULL,
            'rows', rows, 'truncated', truncated, 'size', dependency.size);
    END LOOP;
    sources := known::text;
END
$$;
REVOKE ALL ON FUNCTION pgtrickle.pgt_pending FROM PUBLIC;

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

-- The columns of a relation with everything the compiler asks about their types.
CREATE FUNCTION pgtrickle.pgt_columns(relation oid) RETURNS jsonb
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(jsonb_agg(jsonb_build_object(
        'name', a.attname,
        'notNull', a.attnotnull,
        'type', jsonb_build_object(
            'oid', t.oid::int8, 'schema', n.nspname, 'name', t.typname, 'sql', format_type(t.oid, a.atttypmod),
            'typmod', a.atttypmod, 'length', t.typlen, 'kind', t.typtype::text,
            'hashable', pgtrickle.pgt_hashable(t.oid),
            'deterministic', coalesce(l.collisdeterministic, true))) ORDER BY a.attnum), '[]')
    FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid JOIN pg_namespace n ON n.oid = t.typnamespace
    LEFT JOIN pg_collation l ON l.oid = a.attcollation
    WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped
$$;

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

-- In a user's session: the refresh lock, the sources against TRUNCATE, then what is pending. One round trip.
CREATE FUNCTION pgtrickle.pgt_lock_and_pending(id bigint, cluster text,
    OUT relation text, OUT schema_name text, OUT owner_ok bool, OUT status text, OUT refresh_mode text, OUT populated bool,
    OUT awaits_refresh bool, OUT reinit_reason text, OUT last_full_ms float8, OUT ms_per_change float8, OUT facts_hash text, OUT state_prefix text,
    OUT query_view text, OUT frontier text, OUT sources text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    EXECUTE format('LOCK TABLE pgtrickle_state.lock_%s IN EXCLUSIVE MODE', id);
    sources := (SELECT 'LOCK TABLE ' || string_agg(format('%I.%I', n.nspname, c.relname), ', ' ORDER BY c.oid) || ' IN ACCESS SHARE MODE'
             FROM pgtrickle.pgt_dependencies d JOIN pg_class c ON c.oid = d.source_relid JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE d.pgt_id = id AND d.cdc_mode IS NOT NULL);
    IF sources IS NOT NULL THEN
        EXECUTE sources;
    END IF;
    SELECT p.* FROM pgtrickle.pgt_pending(id, cluster) p
    INTO relation, schema_name, owner_ok, status, refresh_mode, populated, awaits_refresh, reinit_reason, last_full_ms, ms_per_change,
        facts_hash, state_prefix, query_view, frontier, sources;
END
$$;
REVOKE ALL ON FUNCTION pgtrickle.pgt_lock_and_pending FROM PUBLIC;
