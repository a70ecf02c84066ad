// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.scheduler;

import io.pgtrickle.dvm.error.EngineException;
import io.pgtrickle.dvm.error.ErrorCode;
import io.pgtrickle.dvm.frontier.Frontier;
import io.pgtrickle.dvm.refresh.OwnRefresh;
import io.pgtrickle.dvm.refresh.Orphans;
import io.pgtrickle.dvm.refresh.Plans;
import io.pgtrickle.dvm.session.EngineConnection;
import io.pgtrickle.dvm.session.EngineConnections;
import io.pgtrickle.dvm.session.OwnHands;
import io.pgtrickle.dvm.session.SessionClosedException;
import io.pgtrickle.dvm.session.SqlFailure;
import io.pgtrickle.dvm.settings.Settings;
import io.pgtrickle.sql.render.Quoting;
import java.util.Optional;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One scheduled refresh, on a virtual thread and a connection of the pool; a failure is noted in the catalog. */
final class Worker {

    private static final Logger LOG = LoggerFactory.getLogger(Worker.class);

    private final String database;
    private final EngineConnections connections;
    private final Plans plans;
    private final String cluster;
    private final Settings settings;

    Worker(String database, EngineConnections connections, Plans plans, String cluster, Settings settings) {
        this.database = database;
        this.connections = connections;
        this.plans = plans;
        this.cluster = cluster;
        this.settings = settings;
    }

    /** What became of it. */
    sealed interface Result {
        record Done(Optional<Frontier> frontier) implements Result {}

        /**
         * @param counted false for what time alone mends: conflicts, locks, lost connections
         * @param passing what it was then, unless it has been said
         */
        record Failed(boolean counted, Optional<String> passing) implements Result {}

        record Gone() implements Result {}
    }

    Result refresh(Job.Definition job) {
        try {
            if (job.queryView().isEmpty()) {
                throw EngineException.of(ErrorCode.SOURCE_DROPPED, "a relation that stream table " + job.label() + " reads was dropped");
            }
            return new OwnRefresh(plans, cluster).run(connections, job.id(), "SCHEDULER")
                    .<Result>map(outcome -> new Result.Done(Optional.of(outcome.frontier())))
                    .orElseGet(Result.Gone::new);
        } catch (SessionClosedException e) {
            LOG.warn("database {}: refresh of {} lost its connection", database, job.label());
            return new Result.Failed(false, Optional.empty());
        } catch (SqlFailure e) {
            return e.isMissing() && gone(job.id())
                    ? new Result.Gone()
                    : failed(job, e.sqlState(), e.error().message(), settings.get(Settings.MAX_CONSECUTIVE_ERRORS));
        } catch (EngineException e) {
            if (e.code() == ErrorCode.SOURCE_DROPPED && goes(job.id())) {
                return new Result.Gone();
            }
            // Nothing but a person can bring a dropped source back.
            int most = e.code().kind() == ErrorCode.Kind.SCHEMA ? 1 : settings.get(Settings.MAX_CONSECUTIVE_ERRORS);
            return failed(job, e.code().sqlState(), String.valueOf(e.getMessage()), most);
        } catch (RuntimeException e) {
            LOG.error("database {}: refresh of {} failed", database, job.label(), e);
            return failed(job, "XX000", String.valueOf(e), settings.get(Settings.MAX_CONSECUTIVE_ERRORS));
        }
    }

    /** Dropped while the refresh was about to start. */
    private boolean gone(long id) {
        try (EngineConnection connection = connections.borrow()) {
            return connection.execute("SELECT 1 FROM pgtrickle.pgt_stream_tables t JOIN pg_class c ON c.oid = t.pgt_relid WHERE t.pgt_id = " + id).isEmpty();
        } catch (SqlFailure | SessionClosedException e) {
            return false;
        }
    }

    /** Whether it is dropped together with its source. Upkeep would do the same, but might come after the complaint. */
    private boolean goes(long id) {
        try {
            return connections.inTransaction("BEGIN", connection -> {
                OwnHands hands = new OwnHands(connection, false);
                return hands.ask("SELECT pgt_relid::int8 AS relation FROM pgtrickle.pgt_stream_tables WHERE pgt_id = " + id).stream()
                        .anyMatch(row -> new Orphans(hands, cluster).drop(row.number("relation")));
            }) || gone(id);
        } catch (SqlFailure | SessionClosedException e) {
            LOG.debug("database {}: {}", database, e.getMessage());
            return true; // for now: the scheduler finds it again if it is still there
        }
    }

    /** Conflicts with others go away by themselves; what the query itself cannot do comes back at every attempt. */
    private Result failed(Job.Definition job, String sqlState, String message, int most) {
        boolean passing = sqlState.startsWith("40") || sqlState.startsWith("08") || sqlState.startsWith("57") || sqlState.startsWith("53") || sqlState.equals("55P03");
        if (passing) {
            return new Result.Failed(false, Optional.of(message));
        }
        boolean permanent = sqlState.startsWith("42") || sqlState.startsWith("22") || sqlState.startsWith("23") || sqlState.startsWith("28");
        LOG.warn("database {}: refresh of {} failed: {} {}; after {} failures in a row it rests until somebody refreshes it",
                database, job.label(), sqlState, message, most);
        try {
            note(job.id(), permanent, sqlState, message, most);
        } catch (SqlFailure | SessionClosedException e) {
            LOG.warn("database {}: could not note the failure of {}: {}", database, job.label(), e.getMessage());
        }
        return new Result.Failed(true, Optional.empty());
    }

    /** The next attempt recomputes: whatever the changes did to it must not do it again. */
    private void note(long id, boolean permanent, String sqlState, String message, int most) {
        connections.inTransaction("BEGIN", connection -> {
            connection.execute("""
                    UPDATE pgtrickle.pgt_stream_tables SET consecutive_errors = consecutive_errors + 1, last_error_message = %s,
                        last_error_at = now(), last_refresh_at = clock_timestamp(), total_refreshes = total_refreshes + 1,
                        failed_refreshes = failed_refreshes + 1, needs_reinit = true,
                        status = CASE WHEN consecutive_errors + 1 >= %d THEN '%s' ELSE status END
                    WHERE pgt_id = %d""".formatted(Quoting.literal(forAll(sqlState, message)), most, permanent ? "ERROR" : "SUSPENDED", id));
            return connection.execute("""
                    INSERT INTO pgtrickle.pgt_refresh_history (pgt_id, start_time, end_time, action, error_message, status, initiated_by)
                    SELECT pgt_id, now(), now(), CASE refresh_mode WHEN 'FULL' THEN 'FULL' ELSE 'DIFFERENTIAL' END, %s, 'FAILED', 'SCHEDULER'
                    FROM pgtrickle.pgt_stream_tables WHERE pgt_id = %d""".formatted(Quoting.literal(sqlState + ": " + message), id));
        });
    }

    /** Everybody may read the stream table's row: nothing goes there that may quote a value, as the server does, or a function that raises. */
    private static String forAll(String sqlState, String message) {
        boolean quotes = Stream.of("21", "22", "23", "38", "39", "44", "P0").anyMatch(sqlState::startsWith);
        return sqlState + ": " + (quotes ? "the owner finds the message in pgtrickle.pgt_refresh_history" : message);
    }
}
