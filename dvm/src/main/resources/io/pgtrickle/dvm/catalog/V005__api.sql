-- The public functions and views. The functions exist so that Parse and Describe know them; the engine carries them out
-- when the call passes through the proxy or the driver, and on any other way they say so.

CREATE FUNCTION pgtrickle.pgt_not_here(function text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION USING
        ERRCODE = 'feature_not_supported',
        MESSAGE = format('pgtrickle.%s did not reach the pgtrickle engine', function),
        DETAIL = 'The engine carries out calls that are a statement of their own, SELECT or CALL, sent through it.',
        HINT = 'Connect through the pgtrickle proxy or with a jdbc:pgtrickle: URL, and do not nest the call in another statement.';
END
$$;

CREATE FUNCTION pgtrickle.create_stream_table(
    name text,
    query text,
    schedule text DEFAULT 'calculated',
    refresh_mode text DEFAULT 'AUTO',
    initialize bool DEFAULT true,
    diamond_consistency text DEFAULT NULL,
    diamond_schedule_policy text DEFAULT NULL,
    cdc_mode text DEFAULT NULL,
    append_only bool DEFAULT false,
    pooler_compatibility_mode bool DEFAULT false,
    partition_by text DEFAULT NULL,
    max_differential_joins int DEFAULT NULL,
    max_delta_fraction float8 DEFAULT NULL
) RETURNS void LANGUAGE sql VOLATILE AS $$ SELECT pgtrickle.pgt_not_here('create_stream_table') $$;

CREATE FUNCTION pgtrickle.drop_stream_table(name text, cascade bool DEFAULT false) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT AS $$ BEGIN PERFORM pgtrickle.pgt_not_here('drop_stream_table'); END $$;

CREATE FUNCTION pgtrickle.refresh_stream_table(name text) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT AS $$ BEGIN PERFORM pgtrickle.pgt_not_here('refresh_stream_table'); END $$;

CREATE FUNCTION pgtrickle.version() RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT '0.1.0'::text $$;

-- '1m30s' -> 90, '500ms' -> 0 (whole seconds); NULL for what is no duration.
CREATE FUNCTION pgtrickle.parse_duration_seconds(input text) RETURNS bigint
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE
        WHEN btrim(input) ~ '^[0-9]{1,9}$' THEN btrim(input)::bigint
        WHEN btrim(input) ~ '^([0-9]{1,9}(ms|[smhdw]))+$' THEN (
            SELECT floor(sum(part[1]::numeric * CASE part[2] WHEN 'ms' THEN 0.001 WHEN 's' THEN 1 WHEN 'm' THEN 60
                WHEN 'h' THEN 3600 WHEN 'd' THEN 86400 ELSE 604800 END))::bigint
            FROM regexp_matches(btrim(input), '([0-9]+)(ms|[smhdw])', 'g') AS m(part))
    END
$$;

-- Whether a scheduler works for the database. When a session began is hidden from other roles; in a copy of a database the leader's
-- session is still that of the original.
CREATE FUNCTION pgtrickle.pgt_scheduler_running() RETURNS bool
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT FROM pgtrickle.pgt_leader l JOIN pg_stat_activity a ON a.pid = l.pid
        AND a.datname = current_database() AND coalesce(a.backend_start = l.started, true))
$$;

-- Makes this session the scheduler's unless there is one.
CREATE FUNCTION pgtrickle.pgt_lead() RETURNS bool
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF pgtrickle.pgt_scheduler_running() THEN
        RETURN false;
    END IF;
    PERFORM FROM pgtrickle.pgt_leader FOR UPDATE;
    PERFORM pg_stat_clear_snapshot();
    IF pgtrickle.pgt_scheduler_running() THEN -- by now
        RETURN false;
    END IF;
    UPDATE pgtrickle.pgt_leader
    SET pid = pg_backend_pid(), started = (SELECT backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid());
    RETURN true;
END
$$;
REVOKE ALL ON FUNCTION pgtrickle.pgt_lead FROM PUBLIC;

CREATE VIEW pgtrickle.stream_tables_info AS
SELECT t.pgt_id, t.pgt_relid, t.pgt_name, t.pgt_schema, t.defining_query, t.original_query, t.schedule, t.refresh_mode,
    t.status, t.is_populated, t.data_timestamp, t.frontier, t.last_refresh_at, t.consecutive_errors, t.needs_reinit,
    t.last_full_ms, t.effective_refresh_mode, t.functions_used, t.last_error_message, t.last_error_at, t.created_at,
    t.updated_at, t.requested_mode, t.full_reason,
    now() - t.last_refresh_at AS staleness,
    CASE WHEN t.schedule IS NOT NULL AND t.schedule !~ '[\s@]'
        -- The scheduler notes refreshes that found nothing to do only every few seconds.
        THEN extract(epoch FROM now() - t.last_refresh_at) > greatest(pgtrickle.parse_duration_seconds(t.schedule), 10)
    END AS stale,
    false AS is_topk
FROM pgtrickle.pgt_stream_tables t;

CREATE VIEW pgtrickle.pg_stat_stream_tables AS
SELECT t.pgt_id, t.pgt_schema, t.pgt_name, t.status, t.refresh_mode, t.is_populated, t.data_timestamp, t.schedule,
    i.staleness, i.stale, t.consecutive_errors, t.needs_reinit, t.last_refresh_at,
    t.total_refreshes, t.successful_refreshes, t.failed_refreshes, t.total_rows_inserted, t.total_rows_deleted,
    t.total_ms / nullif(t.successful_refreshes, 0) AS avg_duration_ms,
    h.action AS last_action, h.status AS last_status,
    (SELECT array_agg(DISTINCT d.cdc_mode) FROM pgtrickle.pgt_dependencies d
     WHERE d.pgt_id = t.pgt_id AND d.cdc_mode IS NOT NULL) AS cdc_modes,
    t.total_rows_updated, t.total_changes, t.last_full_ms, t.last_differential_ms
FROM pgtrickle.pgt_stream_tables t
JOIN pgtrickle.stream_tables_info i USING (pgt_id)
LEFT JOIN LATERAL (SELECT action, status FROM pgtrickle.pgt_refresh_history h
    WHERE h.pgt_id = t.pgt_id ORDER BY data_timestamp DESC, refresh_id DESC LIMIT 1) h ON true;

GRANT SELECT ON pgtrickle.stream_tables_info, pgtrickle.pg_stat_stream_tables TO PUBLIC;
