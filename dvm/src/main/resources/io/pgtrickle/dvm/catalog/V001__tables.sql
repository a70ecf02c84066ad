-- The engine's schemas and tables. Everything belongs to the engine's role; others may look, not touch.
CREATE SCHEMA pgtrickle;
CREATE SCHEMA pgtrickle_state;
CREATE SCHEMA pgtrickle_changes;
GRANT USAGE ON SCHEMA pgtrickle, pgtrickle_state, pgtrickle_changes TO PUBLIC;

CREATE TABLE pgtrickle.pgt_schema_version (
    version int PRIMARY KEY,
    description text NOT NULL,
    -- Of the script; tells it from what bore its name before its release.
    digest text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
);

-- fillfactor: every refresh updates its row, and no indexed column changes.
CREATE TABLE pgtrickle.pgt_stream_tables (
    pgt_id bigserial PRIMARY KEY,
    pgt_relid oid NOT NULL UNIQUE,
    pgt_name text NOT NULL,
    pgt_schema text NOT NULL,
    defining_query text NOT NULL,
    original_query text,
    schedule text,
    refresh_mode text NOT NULL CHECK (refresh_mode IN ('FULL', 'DIFFERENTIAL', 'IMMEDIATE')),
    requested_mode text NOT NULL CHECK (requested_mode IN ('AUTO', 'FULL', 'DIFFERENTIAL', 'IMMEDIATE')),
    status text NOT NULL DEFAULT 'INITIALIZING' CHECK (status IN ('INITIALIZING', 'ACTIVE', 'SUSPENDED', 'ERROR')),
    is_populated bool NOT NULL DEFAULT false,
    -- Made empty by WITH NO DATA: the scheduler leaves it alone until somebody refreshes it, as PostgreSQL would.
    awaits_refresh bool NOT NULL DEFAULT false,
    data_timestamp timestamptz,
    frontier jsonb,
    last_refresh_at timestamptz,
    consecutive_errors int NOT NULL DEFAULT 0,
    needs_reinit bool NOT NULL DEFAULT false,
    last_full_ms float8,
    last_differential_ms float8,
    ms_per_change float8,
    effective_refresh_mode text,
    full_reason text,
    -- The result may change without a captured change: computed again whenever it is due.
    recompute_always bool NOT NULL DEFAULT false,
    functions_used text[],
    function_oids oid[],
    function_hash text,
    table_fingerprint text,
    last_error_message text,
    last_error_at timestamptz,
    total_refreshes bigint NOT NULL DEFAULT 0,
    successful_refreshes bigint NOT NULL DEFAULT 0,
    failed_refreshes bigint NOT NULL DEFAULT 0,
    total_rows_inserted bigint NOT NULL DEFAULT 0,
    total_rows_updated bigint NOT NULL DEFAULT 0,
    total_rows_deleted bigint NOT NULL DEFAULT 0,
    total_changes bigint NOT NULL DEFAULT 0,
    total_ms float8 NOT NULL DEFAULT 0,
    query_view oid NOT NULL,
    state_prefix text NOT NULL,
    state_tables text[] NOT NULL DEFAULT '{}',
    facts jsonb NOT NULL,
    facts_hash text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 40);

CREATE TABLE pgtrickle.pgt_dependencies (
    pgt_id bigint NOT NULL REFERENCES pgtrickle.pgt_stream_tables ON DELETE CASCADE,
    source_relid oid NOT NULL,
    source_type text NOT NULL CHECK (source_type IN ('TABLE', 'STREAM_TABLE', 'VIEW', 'MATVIEW', 'FOREIGN_TABLE', 'SEQUENCE')),
    columns_used text[],
    -- Rows may be read as a whole, and a column that comes later with them.
    whole_rows bool NOT NULL DEFAULT false,
    schema_fingerprint text,
    cdc_mode text CHECK (cdc_mode IN ('TRIGGER', 'TRANSITIONING', 'WAL')),
    PRIMARY KEY (pgt_id, source_relid)
);
CREATE INDEX ON pgtrickle.pgt_dependencies (source_relid);

-- What the capture triggers of a source write (captured) and look at (compared) when they decide whether a row changed.
CREATE TABLE pgtrickle.pgt_change_tracking (
    source_relid oid PRIMARY KEY,
    slot_name text NOT NULL,
    captured_columns text[] NOT NULL,
    compared_columns text[] NOT NULL,
    -- Of the columns the capture functions were made for; another one and they must be made again.
    captured_shape text
);

CREATE TABLE pgtrickle.pgt_refresh_history (
    refresh_id bigserial PRIMARY KEY,
    pgt_id bigint NOT NULL,
    data_timestamp timestamptz NOT NULL DEFAULT now(),
    start_time timestamptz NOT NULL,
    end_time timestamptz,
    action text NOT NULL CHECK (action IN ('NO_DATA', 'FULL', 'DIFFERENTIAL', 'REINITIALIZE', 'SKIP')),
    rows_inserted bigint NOT NULL DEFAULT 0,
    rows_updated bigint NOT NULL DEFAULT 0,
    rows_deleted bigint NOT NULL DEFAULT 0,
    delta_row_count bigint NOT NULL DEFAULT 0,
    was_full_fallback bool NOT NULL DEFAULT false,
    reason text,
    error_message text,
    status text NOT NULL CHECK (status IN ('RUNNING', 'COMPLETED', 'FAILED', 'SKIPPED')),
    initiated_by text NOT NULL CHECK (initiated_by IN ('SCHEDULER', 'MANUAL', 'INITIAL'))
);
CREATE INDEX ON pgtrickle.pgt_refresh_history (pgt_id, data_timestamp);
-- The server's messages quote values that only those may see who may read the sources.
ALTER TABLE pgtrickle.pgt_refresh_history ENABLE ROW LEVEL SECURITY;
CREATE POLICY pgt_messages ON pgtrickle.pgt_refresh_history FOR SELECT USING (
    error_message IS NULL OR pg_has_role('pg_read_all_stats', 'USAGE')
    OR EXISTS (SELECT FROM pgtrickle.pgt_stream_tables t JOIN pg_class c ON c.oid = t.pgt_relid
        WHERE t.pgt_id = pgt_refresh_history.pgt_id AND pg_has_role(c.relowner, 'USAGE')));

-- The engine proves itself to pgtrickle.engine_exec with this; nobody else may read it.
CREATE TABLE pgtrickle.pgt_secret (secret bytea NOT NULL);
INSERT INTO pgtrickle.pgt_secret
SELECT sha256(convert_to(string_agg(gen_random_uuid()::text, ''), 'UTF8')) FROM generate_series(1, 4);

-- Signatures are good for one use; rows are swept once their transactions have ended.
CREATE TABLE pgtrickle.pgt_nonces (pid int, xid xid8, nonce bigint, PRIMARY KEY (pid, xid, nonce));

-- Whose session schedules refreshes, for as long as that session lives: a lock that nobody but the engine can take, as anybody can
-- an advisory one.
CREATE TABLE pgtrickle.pgt_leader (pid int NOT NULL, started timestamptz);
INSERT INTO pgtrickle.pgt_leader VALUES (0);

-- Marks what a refresh amid a user's transaction has consumed of that transaction. Not compared with those of others.
CREATE UNLOGGED SEQUENCE pgtrickle.pgt_mark;

GRANT SELECT ON pgtrickle.pgt_schema_version, pgtrickle.pgt_stream_tables, pgtrickle.pgt_dependencies,
    pgtrickle.pgt_change_tracking, pgtrickle.pgt_refresh_history, pgtrickle.pgt_leader TO PUBLIC;
