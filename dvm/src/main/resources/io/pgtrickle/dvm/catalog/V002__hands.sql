-- What the engine runs inside a user's session, and what guards it. Each of these may be called by hand by anyone who
-- has EXECUTE: they trust nobody and resolve nothing through a user's search_path.

-- The engine's hand in a user's session. A row comes back as a JSON object of its columns, in order.
CREATE FUNCTION pgtrickle.engine_exec(statement text, returning_rows bool, nonce bigint, signature text) RETURNS SETOF text
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET standard_conforming_strings = on
SET DateStyle = 'ISO, YMD'
SET IntervalStyle = 'postgres'
SET extra_float_digits = 1
SET bytea_output = 'hex'
SET xmloption = content
SET array_nulls = on
SET transform_null_equals = off
SET quote_all_identifiers = off
SET default_tablespace = ''
SET default_table_access_method = 'heap'
SET check_function_bodies = on
AS $$
DECLARE
    answer record;
    expected text := (SELECT encode(sha256(secret || sha256(secret || convert_to(pg_backend_pid() || ':' || pg_current_xact_id()
        || ':' || nonce || ':' || returning_rows || ':' || statement, 'UTF8'))), 'hex') FROM pgtrickle.pgt_secret);
BEGIN
    IF NOT EXISTS (SELECT FROM pgtrickle.pgt_secret) THEN -- in REPEATABLE READ: the catalog is there, its rows are not yet
        RAISE serialization_failure USING
            MESSAGE = 'could not serialize access: pgtrickle was installed after the snapshot of this transaction was taken',
            HINT = 'Repeat the transaction.';
    END IF;
    IF expected IS NULL OR signature IS DISTINCT FROM expected THEN
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

-- The permit shows a stream table's guard that a write is the engine's. Functions of the query run while it is set and may
-- read it. So it opens one stream table only, which is their owner's own, and only while the statement runs that refreshes.
CREATE FUNCTION pgtrickle.pgt_permit(stream_table oid) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT encode(sha256(secret || convert_to(concat_ws(':', 'permit', pg_backend_pid(), pg_current_xact_id(),
        extract(epoch FROM statement_timestamp()), stream_table::int8), 'UTF8')), 'hex')
    FROM pgtrickle.pgt_secret
$$;
REVOKE ALL ON FUNCTION pgtrickle.pgt_permit FROM PUBLIC;

-- On a stream table, and on its state tables, whose argument is the stream table.
CREATE FUNCTION pgtrickle.pgt_guard() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF current_setting('pgtrickle.permit', true) IS DISTINCT FROM pgtrickle.pgt_permit(coalesce(TG_ARGV[0]::oid, TG_RELID)) THEN
        RAISE wrong_object_type USING
            MESSAGE = format('cannot change materialized view "%s"', TG_TABLE_NAME),
            HINT = 'A stream table is changed by changing the tables its query reads.';
    END IF;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION pgtrickle.pgt_guard FROM PUBLIC;

-- Runs a program of a stream table with its owner's rights. SECURITY DEFINER also for the engine's own session, where all it changes
-- is that nobody can SET ROLE amid it, whatever the owner has made of the function, which is his. "tiny" steers the planner to index
-- probes (MEASURED.md 2); "own" marks what the calling transaction itself has written so far.
CREATE FUNCTION pgtrickle.pgt_run(id bigint, program text, tiny bool, own bool,
    OUT snapshot text, OUT rows_inserted bigint, OUT rows_updated bigint, OUT rows_deleted bigint, OUT delta_rows bigint,
    OUT broken bool, OUT own_xid xid8, OUT own_mark bigint)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET enable_hashjoin = on
SET enable_mergejoin = on
SET enable_seqscan = on
AS $$
DECLARE
    source oid;
BEGIN
    IF own THEN
        own_xid := pg_current_xact_id();
        own_mark := nextval('pgtrickle.pgt_mark');
        FOR source IN SELECT d.source_relid FROM pgtrickle.pgt_dependencies d WHERE d.pgt_id = id AND d.cdc_mode IS NOT NULL LOOP
            EXECUTE format('UPDATE pgtrickle_changes.changes_%s SET __pgt_mark = $1 WHERE __pgt_xid = $2 AND __pgt_mark IS NULL', source)
            USING own_mark, own_xid;
        END LOOP;
    END IF;
    IF tiny THEN
        PERFORM set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true),
            set_config('enable_seqscan', 'off', true);
    END IF;
    PERFORM set_config('pgtrickle.permit', pgtrickle.pgt_permit(t.pgt_relid), true)
        FROM pgtrickle.pgt_stream_tables t WHERE t.pgt_id = id;
    EXECUTE format('SELECT * FROM pgtrickle_state.run_%s($1)', id) USING program
        INTO snapshot, rows_inserted, rows_updated, rows_deleted, delta_rows, broken;
    -- From here on the search_path may be the owner's: nothing is resolved by it.
    PERFORM pg_catalog.set_config('pgtrickle.permit', '', true);
END
$$;
REVOKE ALL ON FUNCTION pgtrickle.pgt_run FROM PUBLIC;

-- The relations with deferrable triggers to which this transaction has written: whoever writes holds ROW EXCLUSIVE to the end.
CREATE FUNCTION pgtrickle.pgt_written() RETURNS oid[]
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(array_agg(DISTINCT l.relation), '{}')
    FROM pg_locks l JOIN pg_trigger g ON g.tgrelid = l.relation AND g.tgdeferrable
    WHERE l.pid = pg_backend_pid() AND l.locktype = 'relation' AND l.mode = 'RowExclusiveLock'
        AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
$$;
REVOKE ALL ON FUNCTION pgtrickle.pgt_written FROM PUBLIC;

-- Fails if a trigger of the owner's may still be waiting for COMMIT, which would run it in this session after everything is cleaned up;
-- one that ran when told to may have made another wait. "before" is what pgt_written said before the program. What PostgreSQL itself
-- checks about the stream table does not wait again: that takes a write, and the guard lets none through any more.
CREATE FUNCTION pgtrickle.pgt_nothing_waits(id bigint, before oid[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    waiting text := (
        SELECT min(w.relation::regclass::text) FROM unnest(pgtrickle.pgt_written()) AS w(relation)
        LEFT JOIN pgtrickle.pgt_stream_tables t ON t.pgt_relid = w.relation AND t.pgt_id = id
        WHERE CASE WHEN t.pgt_id IS NULL THEN w.relation <> ALL (before)
            ELSE EXISTS (SELECT FROM pg_trigger g WHERE g.tgrelid = w.relation AND g.tgdeferrable AND NOT g.tgisinternal)
                OR NOT EXISTS (SELECT FROM pg_trigger g WHERE g.tgrelid = w.relation AND g.tgname = 'pgt_dml_guard'
                    AND g.tgenabled = 'A' AND g.tgfoid = 'pgtrickle.pgt_guard'::regproc) END);
BEGIN
    IF waiting IS NOT NULL THEN
        RAISE insufficient_privilege USING
            MESSAGE = format('a deferrable trigger of %s might run after the refresh with the rights of whoever refreshes', waiting),
            HINT = 'Let the owner refresh the stream table by hand, or make the constraints and triggers of that table NOT DEFERRABLE.';
    END IF;
END
$$;
REVOKE ALL ON FUNCTION pgtrickle.pgt_nothing_waits FROM PUBLIC;

-- The row security of every buffer: who reads it has to have the right to read at its source what it may read of the buffer, at this
-- moment; a right to the buffer that has not been taken away yet is good for nothing. An error, for rows must never be left out in silence.
CREATE FUNCTION pgtrickle.pgt_may_read_changes(source oid, buffer oid) RETURNS bool
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF row_security_active(source) OR EXISTS (
        SELECT FROM pg_attribute b JOIN pg_attribute s ON s.attrelid = source AND s.attname = b.attname AND NOT s.attisdropped
        WHERE b.attrelid = buffer AND b.attnum > 0 AND NOT b.attisdropped
            AND has_column_privilege(buffer, b.attnum, 'SELECT') AND NOT has_column_privilege(source, s.attnum, 'SELECT'))
    THEN
        RAISE insufficient_privilege USING MESSAGE = format('permission denied for the changes of %s', source::regclass);
    END IF;
    RETURN true;
END
$$;
