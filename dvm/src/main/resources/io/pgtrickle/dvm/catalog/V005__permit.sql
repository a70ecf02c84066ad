-- The permit shows a stream table's guard that a write is the engine's. Functions of the query run while it is set and may
-- read it. So it opens one stream table only, which is their owner's own, and only while the statement runs that refreshes.
DROP FUNCTION pgtrickle.pgt_permit;

CREATE FUNCTION pgtrickle.pgt_permit(stream_table oid) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT encode(sha256(secret || convert_to(concat_ws(':', 'permit', pg_backend_pid(), pg_current_xact_id(),
        extract(epoch FROM statement_timestamp()), stream_table::int8), 'UTF8')), 'hex')
    FROM pgtrickle.pgt_secret
$$;
REVOKE ALL ON FUNCTION pgtrickle.pgt_permit FROM PUBLIC;

CREATE OR REPLACE FUNCTION pgtrickle.pgt_guard() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF current_setting('pgtrickle.permit', true) IS DISTINCT FROM pgtrickle.pgt_permit(TG_RELID) THEN
        RAISE wrong_object_type USING
            MESSAGE = format('cannot change materialized view "%s"', TG_TABLE_NAME),
            HINT = 'A stream table is changed by changing the tables its query reads.';
    END IF;
    RETURN NULL;
END
$$;

-- Runs a program of a stream table with its owner's rights. "tiny" steers the planner to index probes (MEASURED.md 2);
-- "own" reports how far the calling transaction's command counter has come, for changes it makes itself.
CREATE OR REPLACE FUNCTION pgtrickle.pgt_run(id bigint, program text, tiny bool, own bool,
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
    PERFORM set_config('pgtrickle.permit', pgtrickle.pgt_permit(t.pgt_relid), true)
        FROM pgtrickle.pgt_stream_tables t WHERE t.pgt_id = id;
    EXECUTE format('SELECT * FROM pgtrickle_state.run_%s($1)', id) USING program
        INTO snapshot, rows_inserted, rows_updated, rows_deleted, delta_rows, broken;
    -- From here on the search_path may be the owner's: nothing is resolved by it.
    PERFORM pg_catalog.set_config('pgtrickle.permit', '', true);
END
$$;
