-- A refresh in two calls: what is pending, then the program together with what is noted about it; in one where the engine
-- knows beforehand what it will most likely do. Round trips cost more than small programs.

-- The settings of these names as they hold in this database, {"name": "value"}. PostgreSQL stores them without knowing them;
-- those of ALTER DATABASE and ALTER ROLE are read from the catalog, since sessions take them over only when they start.
CREATE FUNCTION pgtrickle.pgt_settings(names text[]) RETURNS jsonb
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(jsonb_object_agg(name, value ORDER BY rank) FILTER (WHERE value <> ''), '{}') FROM (
        SELECT n AS name, current_setting(n, true) AS value, 0 AS rank FROM unnest(names) AS n
        UNION ALL
        SELECT split_part(c, '=', 1), substr(c, strpos(c, '=') + 1), 1 + (s.setdatabase <> 0)::int + 2 * (s.setrole <> 0)::int
        FROM pg_db_role_setting s, unnest(s.setconfig) AS c
        WHERE s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
            AND s.setrole IN (0, (SELECT oid FROM pg_roles WHERE rolname = current_user))
            AND split_part(c, '=', 1) = ANY (names)) AS found
$$;
REVOKE ALL ON FUNCTION pgtrickle.pgt_settings FROM PUBLIC;

-- Takes a stream table's refresh lock. False if it has been dropped meanwhile; an error would fail the caller's transaction.
CREATE FUNCTION pgtrickle.pgt_lock(id bigint, mode text) RETURNS bool
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    EXECUTE format('LOCK TABLE pgtrickle_state.lock_%s IN %s MODE', id, mode);
    RETURN true;
EXCEPTION WHEN undefined_table THEN
    RETURN false;
END
$$;
REVOKE ALL ON FUNCTION pgtrickle.pgt_lock FROM PUBLIC;

-- Everything a refresh has to know before it starts, in one call, about the stream table with this visible table; a row of
-- NULLs for any other relation. "lock" takes the refresh lock first, and the sources' against TRUNCATE. "cluster" names the
-- server and database that frontiers are valid for; "names" the settings to report, unless there is nothing to do. "rows" are
-- change rows, "touched" counts an update once; "size" is that of a source with more rows pending than
-- "most" says, {"oid": rows}. Generic plans, because planning takes longer than running.
CREATE FUNCTION pgtrickle.pgt_pending(stream_table oid, lock bool, cluster text, names text[], most jsonb,
    OUT id bigint, OUT relation text, OUT schema_name text, OUT owner_ok bool, OUT owner_is_login bool, OUT refresh_mode text,
    OUT populated bool, OUT reinit_reason text, OUT last_full_ms float8, OUT ms_per_change float8,
    OUT facts_hash text, OUT state_prefix text, OUT query_view text, OUT frontier text, OUT sources text, OUT settings text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    consumed jsonb;
    always bool;
    dependency record;
    came bigint;
    went bigint;
    truncated bool;
    xmax text;
    xip text;
    known jsonb := '[]';
    something bool := false;
BEGIN
    IF lock THEN
        id := (SELECT t.pgt_id FROM pgtrickle.pgt_stream_tables t WHERE t.pgt_relid = stream_table);
        IF id IS NULL OR NOT pgtrickle.pgt_lock(id, 'EXCLUSIVE') THEN
            RETURN;
        END IF;
        FOR attempt IN 1..3 LOOP
            -- regclass prints the name of this moment, whatever the snapshot; what is gone is visible neither so nor otherwise.
            sources := (SELECT 'LOCK TABLE ' || string_agg(d.source_relid::regclass::text, ', ' ORDER BY d.source_relid) || ' IN ACCESS SHARE MODE'
                FROM pgtrickle.pgt_dependencies d
                WHERE d.pgt_id = id AND d.cdc_mode IS NOT NULL AND pg_table_is_visible(d.source_relid) IS NOT NULL);
            BEGIN
                IF sources IS NOT NULL THEN
                    EXECUTE sources;
                END IF;
                EXIT;
            EXCEPTION WHEN undefined_table OR invalid_schema_name THEN -- renamed or moved while we waited
                IF attempt = 3 THEN
                    RAISE;
                END IF;
            END;
        END LOOP;
    END IF;
    -- REASSIGN OWNED gives somebody the function, too, but it still refuses to run as anybody but whom it was made for. Its owner may
    -- have altered how it runs, too.
    SELECT t.pgt_id, c.relname, n.nspname, p.proowner = c.relowner AND strpos(p.prosrc, format(' %s::pg_catalog.oid', c.relowner)) > 0
            AND p.prosecdef AND NOT EXISTS (SELECT FROM unnest(p.proconfig) s WHERE s ~* '^(role|session_authorization)='), pg_get_userbyid(c.relowner) = session_user, t.refresh_mode,
        t.is_populated, t.last_full_ms, t.ms_per_change, t.facts_hash, t.state_prefix, v.relname, t.frontier::text, t.frontier,
        t.recompute_always,
        CASE
            WHEN t.needs_reinit THEN 'it was asked for'
            WHEN t.frontier IS NOT NULL AND t.frontier->>'cluster' IS DISTINCT FROM cluster
                THEN 'the database was restored or moved'
            WHEN t.table_fingerprint IS DISTINCT FROM pgtrickle.pgt_table_fingerprint(t.pgt_relid)
                THEN 'the stream table itself was altered'
            WHEN c.relpersistence = 'u' THEN 'the stream table is unlogged, so a crash may have emptied it'
            WHEN t.function_oids IS NOT NULL AND t.function_hash IS DISTINCT FROM pgtrickle.pgt_function_hash(t.function_oids)
                THEN 'a function was replaced' END
    INTO id, relation, schema_name, owner_ok, owner_is_login, refresh_mode,
        populated, last_full_ms, ms_per_change, facts_hash, state_prefix, query_view, frontier, consumed,
        always, reinit_reason
    FROM pgtrickle.pgt_stream_tables t
    JOIN pg_class c ON c.oid = t.pgt_relid JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_proc p ON p.pronamespace = 'pgtrickle_state'::regnamespace AND p.proname = 'run_' || t.pgt_id
    LEFT JOIN pg_class v ON v.oid = t.query_view
    WHERE t.pgt_relid = stream_table;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    xmax := pg_snapshot_xmax((consumed->>'snapshot')::pg_snapshot)::text;
    xip := (SELECT '{' || coalesce(string_agg(x::text, ','), '') || '}'
            FROM (SELECT pg_snapshot_xip((consumed->>'snapshot')::pg_snapshot) UNION ALL
                  SELECT (consumed->>'own_xid')::xid8 WHERE consumed ? 'own_xid') AS own(x));
    FOR dependency IN
        SELECT d.source_relid, d.source_type, d.schema_fingerprint,
            CASE WHEN NOT d.whole_rows THEN d.columns_used END AS columns_used, d.cdc_mode, c.relname
        FROM pgtrickle.pgt_dependencies d LEFT JOIN pg_class c ON c.oid = d.source_relid
        WHERE d.pgt_id = id ORDER BY d.source_relid
    LOOP
        came := NULL;
        went := NULL;
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
        ELSIF dependency.cdc_mode IS NOT NULL AND reinit_reason IS NULL AND consumed IS NOT NULL THEN
            EXECUTE format($q$
                SELECT count(*) FILTER (WHERE b.__pgt_w > 0), count(*) FILTER (WHERE b.__pgt_w < 0),
                    coalesce(bool_or(b.__pgt_w = 0), false)
                FROM pgtrickle_changes.changes_%s b
                WHERE (b.__pgt_xid >= %L::xid8 OR b.__pgt_xid = ANY (%L::xid8[]))
                    AND (b.__pgt_xid <> %L::xid8 OR b.__pgt_mark IS NULL OR b.__pgt_mark > %s)$q$,
                dependency.source_relid, xmax, xip, coalesce(consumed->>'own_xid', '0'),
                coalesce(consumed->>'own_mark', '0'))
            INTO came, went, truncated;
            something := something OR truncated OR came + went > 0;
        END IF;
        CONTINUE WHEN dependency.source_type = 'VIEW';
        known := known || jsonb_build_object('relation', dependency.source_relid::int8, 'captured', dependency.cdc_mode IS NOT NULL,
            'rows', came + went, 'touched', greatest(came, went), 'truncated', truncated,
            'size', CASE WHEN came + went > coalesce((most->>dependency.source_relid::text)::bigint, 0) THEN pgtrickle.pgt_size(dependency.source_relid) END);
    END LOOP;
    -- What a source held is gone for this transaction, and so is the note of it, which came after its snapshot.
    IF lock AND reinit_reason IS NULL AND consumed IS NOT NULL AND current_setting('transaction_isolation') NOT LIKE 'read%'
        AND pgtrickle.pgt_rewritten(id)
    THEN
        reinit_reason := 'a source was emptied or rewritten after the snapshot of this transaction';
    END IF;
    sources := known::text;
    IF something OR reinit_reason IS NOT NULL OR consumed IS NULL OR always THEN
        settings := pgtrickle.pgt_settings(names)::text;
    END IF;
END
$$;
REVOKE ALL ON FUNCTION pgtrickle.pgt_pending FROM PUBLIC;

-- Whether somebody has given a source a new file since the transaction's snapshot was taken. A table that was rewritten looks empty to older
-- snapshots (PostgreSQL manual 13.6). The sources are locked.
CREATE FUNCTION pgtrickle.pgt_rewritten(id bigint) RETURNS bool
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
    WITH RECURSIVE family(oid) AS (
        SELECT d.source_relid FROM pgtrickle.pgt_dependencies d WHERE d.pgt_id = id
        UNION
        SELECT i.inhrelid FROM family f, pg_inherits i WHERE i.inhparent = f.oid
    )
    -- The function looks at what is committed, the column at what the snapshot shows.
    SELECT EXISTS (SELECT FROM family f JOIN pg_class c ON c.oid = f.oid
        WHERE c.relfilenode <> 0 AND pg_relation_filenode(c.oid) IS DISTINCT FROM c.relfilenode)
$$;
REVOKE ALL ON FUNCTION pgtrickle.pgt_rewritten FROM PUBLIC;

-- Runs a program by pgt_run and notes what it did. "broken" means that nothing was noted: the changes could not be applied to
-- what is stored, and everything has to be computed anew.
CREATE FUNCTION pgtrickle.pgt_refresh(id bigint, program text, tiny bool, own bool, cluster text, action text, reason text,
    fallback bool, initiated_by text, changes bigint,
    OUT frontier text, OUT rows_inserted bigint, OUT rows_updated bigint, OUT rows_deleted bigint, OUT broken bool)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    started timestamptz;
    ms float8;
    differential bool := action = 'DIFFERENTIAL';
    rewritten bool := false;
    result record;
BEGIN
    -- The snapshot of a user's REPEATABLE READ block may be older than a refresh that has committed since: then nothing may be
    -- applied, and this fails with a serialization failure.
    IF own AND current_setting('transaction_isolation') NOT LIKE 'read%' THEN
        PERFORM FROM pgtrickle.pgt_stream_tables t WHERE t.pgt_id = id FOR NO KEY UPDATE;
        rewritten := pgtrickle.pgt_rewritten(id);
    END IF;
    started := clock_timestamp();
    BEGIN
        SELECT * INTO result FROM pgtrickle.pgt_run(id, program, tiny, own);
        -- From here on the search_path may be the owner's.
        PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
        broken := result.broken;
        IF broken THEN -- so that nothing of it stays
            RAISE EXCEPTION USING ERRCODE = 'PGTBR';
        END IF;
    EXCEPTION WHEN OTHERS THEN
        CASE
            WHEN SQLSTATE = 'PGTBR' AND broken THEN
                NULL;
            -- Stored rows that do not fit, or values that came and went again, which the query itself never meets, or an altered
            -- object: computing everything anew tells.
            WHEN differential AND SQLSTATE <> '42501' AND left(SQLSTATE, 2) IN ('21', '22', '23', '42') THEN
                broken := true;
            -- A unique index of the user's is checked row by row, and rows may have swapped their values: from an empty table, then.
            WHEN NOT differential AND SQLSTATE IN ('23505', '23P01') THEN
                PERFORM pgtrickle.pgt_run(id, (SELECT format($q$
                    WITH gone AS (DELETE FROM %s RETURNING 1)
                    SELECT pg_catalog.pg_current_snapshot()::text, 0::bigint, 0::bigint, count(*), 0::bigint, false FROM gone$q$, t.pgt_relid::regclass)
                    FROM pgtrickle.pgt_stream_tables t WHERE t.pgt_id = id), false, own);
                SELECT * INTO result FROM pgtrickle.pgt_run(id, program, tiny, own);
                PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
                broken := result.broken;
            ELSE
                RAISE;
        END CASE;
    END;
    IF broken THEN
        RETURN;
    END IF;
    ms := extract(epoch FROM clock_timestamp() - started) * 1000;
    rows_inserted := result.rows_inserted;
    rows_updated := result.rows_updated;
    rows_deleted := result.rows_deleted;
    -- Text, because xid8 exceeds what some JSON readers keep exactly.
    frontier := json_build_object('snapshot', result.snapshot, 'cluster', cluster)::jsonb || CASE
        WHEN own THEN jsonb_build_object('own_xid', result.own_xid::text, 'own_mark', result.own_mark::text) ELSE '{}' END;
    UPDATE pgtrickle.pgt_stream_tables t SET frontier = pgt_refresh.frontier::jsonb, status = 'ACTIVE', is_populated = true,
        awaits_refresh = false, needs_reinit = rewritten, data_timestamp = now(), last_refresh_at = clock_timestamp(),
        consecutive_errors = 0, last_error_message = NULL,
        effective_refresh_mode = CASE WHEN differential THEN 'DIFFERENTIAL' ELSE 'FULL' END,
        pgt_schema = n.nspname, pgt_name = c.relname,
        last_full_ms = CASE WHEN differential THEN t.last_full_ms ELSE ms END,
        last_differential_ms = CASE WHEN differential THEN ms ELSE t.last_differential_ms END,
        -- A sliding mean that small refreshes, which cost mostly their fixed part, must not spoil, unless what they cost is beyond measure.
        -- Whatever it is after those, recomputing brings it down again, so that changes get another try.
        ms_per_change = CASE
            WHEN NOT differential THEN t.ms_per_change * 0.95
            WHEN changes >= 1000 THEN coalesce(t.ms_per_change * 0.7 + 0.3 * ms / changes, ms / changes)
            WHEN ms > 1000 AND ms > 2 * t.last_full_ms THEN greatest(t.ms_per_change, ms / changes)
            ELSE t.ms_per_change END,
        total_refreshes = t.total_refreshes + 1, successful_refreshes = t.successful_refreshes + 1,
        total_rows_inserted = t.total_rows_inserted + pgt_refresh.rows_inserted,
        total_rows_updated = t.total_rows_updated + pgt_refresh.rows_updated,
        total_rows_deleted = t.total_rows_deleted + pgt_refresh.rows_deleted,
        total_changes = t.total_changes + changes, total_ms = t.total_ms + ms
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE t.pgt_id = id AND c.oid = t.pgt_relid;
    INSERT INTO pgtrickle.pgt_refresh_history (pgt_id, start_time, end_time, action, rows_inserted, rows_updated, rows_deleted,
        delta_row_count, was_full_fallback, reason, status, initiated_by)
    VALUES (id, started, clock_timestamp(), action, rows_inserted, rows_updated, rows_deleted, changes, fallback, reason,
        'COMPLETED', initiated_by);
END
$$;
REVOKE ALL ON FUNCTION pgtrickle.pgt_refresh FROM PUBLIC;

-- What is pending, and if that is of no source more than "most" says and everything else is as known, the refresh itself, by a program that
-- awaits the conditions and limits of its slices in the places of its marker. "ran" says whether; if not, nothing was changed.
-- Good for any number of calls: whoever repeats it refreshes again.
CREATE FUNCTION pgtrickle.pgt_refresh_known(stream_table oid, cluster text, names text[], known_schema text, known_name text,
    known_facts text, known_settings text, marker text, program text, most jsonb)
RETURNS TABLE (id bigint, relation text, schema_name text, owner_ok bool, owner_is_login bool, refresh_mode text,
    populated bool, reinit_reason text, last_full_ms float8, ms_per_change float8,
    facts_hash text, state_prefix text, query_view text, frontier text, sources text, settings text,
    ran bool, new_frontier text, rows_inserted bigint, rows_updated bigint, rows_deleted bigint, broken bool)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    pending record;
    consumed jsonb;
    unseen text;
    own text;
    changes bigint := 0;
    source record;
BEGIN
    SELECT * INTO pending FROM pgtrickle.pgt_pending(stream_table, true, cluster, names, most);
    id := pending.id; relation := pending.relation; schema_name := pending.schema_name; owner_ok := pending.owner_ok;
    owner_is_login := pending.owner_is_login; refresh_mode := pending.refresh_mode; populated := pending.populated;
    reinit_reason := pending.reinit_reason; last_full_ms := pending.last_full_ms; ms_per_change := pending.ms_per_change;
    facts_hash := pending.facts_hash; state_prefix := pending.state_prefix; query_view := pending.query_view;
    frontier := pending.frontier; sources := pending.sources; settings := pending.settings;
    ran := false;
    IF owner_ok AND owner_is_login AND populated AND reinit_reason IS NULL AND refresh_mode = 'DIFFERENTIAL'
        AND facts_hash = known_facts AND settings = known_settings AND query_view IS NOT NULL
        AND schema_name = known_schema AND relation = known_name
    THEN
        consumed := frontier::jsonb;
        own := CASE WHEN consumed ? 'own_xid' THEN format('b.__pgt_xid = %L::xid8', consumed->>'own_xid') END;
        unseen := format('(b.__pgt_xid >= %L::xid8%s%s)%s', pg_snapshot_xmax((consumed->>'snapshot')::pg_snapshot),
            (SELECT format(' OR b.__pgt_xid = ANY (%L::xid8[])', array_agg(x)) FROM pg_snapshot_xip((consumed->>'snapshot')::pg_snapshot) x
             HAVING count(*) > 0),
            ' OR ' || own,
            CASE WHEN consumed ? 'own_xid' THEN format(' AND (b.__pgt_xid <> %L::xid8 OR b.__pgt_mark IS NULL OR b.__pgt_mark > %s)',
                consumed->>'own_xid', consumed->>'own_mark') END);
        ran := true;
        FOR source IN SELECT * FROM jsonb_to_recordset(sources::jsonb) AS s(relation oid, captured bool, rows bigint, truncated bool) LOOP
            IF source.captured THEN
                changes := changes + source.rows;
                ran := ran AND NOT source.truncated AND source.rows <= coalesce((most->>source.relation::text)::bigint, 0);
                program := replace(program, format('/*%s where %s*/', marker, source.relation), unseen);
                program := replace(program, format('/*%s expected %s*/', marker, source.relation), source.rows::text);
                program := replace(program, format('/*%s limit %s*/', marker, source.relation),
                    (source.rows + greatest(100, source.rows / 4))::text);
            END IF;
        END LOOP;
        ran := ran AND changes > 0 AND strpos(program, marker) = 0;
        IF ran THEN
            SELECT r.frontier, r.rows_inserted, r.rows_updated, r.rows_deleted, r.broken
            INTO new_frontier, rows_inserted, rows_updated, rows_deleted, broken
            FROM pgtrickle.pgt_refresh(pending.id, program, changes <= 32, true, cluster, 'DIFFERENTIAL', NULL, false, 'MANUAL', changes) r;
        END IF;
    END IF;
    RETURN NEXT;
END
$$;
REVOKE ALL ON FUNCTION pgtrickle.pgt_refresh_known FROM PUBLIC;
