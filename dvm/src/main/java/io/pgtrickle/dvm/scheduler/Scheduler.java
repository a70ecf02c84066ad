// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.scheduler;

import io.pgtrickle.dvm.catalog.DatabaseIdentity;
import io.pgtrickle.dvm.refresh.Plans;
import io.pgtrickle.dvm.session.EngineConnection;
import io.pgtrickle.dvm.session.EngineConnections;
import io.pgtrickle.dvm.session.SessionClosedException;
import io.pgtrickle.dvm.session.SqlFailure;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps a database's stream tables fresh. Of all processes that run one, the leader works: whoever holds a session lock on a
 * connection of its own. The others ask for it every now and then. One virtual thread; survives the loss of its connection.
 */
public final class Scheduler implements AutoCloseable {

    public static final String CHANNEL = "pgtrickle_catalog";

    private static final Logger LOG = LoggerFactory.getLogger(Scheduler.class);

    /** As in pgtrickle.pgt_scheduler_running(). */
    private static final String LEADER_LOCK = "SELECT pg_try_advisory_lock(1885828203, 1)";

    private static final Duration STANDBY = Duration.ofSeconds(1);

    private static final String NO_SUCH_DATABASE = "3D000";

    private final String database;
    private final EngineConnections connections;
    private final Plans plans;
    private final DatabaseIdentity identity;
    private final Runnable gone;
    private final Thread thread;
    private final CountDownLatch end = new CountDownLatch(1);
    private volatile boolean closed;

    /** @param gone told when the database was dropped or renamed, or its catalog dropped; the scheduler has ended */
    public Scheduler(String database, EngineConnections connections, Plans plans, DatabaseIdentity identity, Runnable gone) {
        this.database = database;
        this.connections = connections;
        this.plans = plans;
        this.identity = identity;
        this.gone = gone;
        this.thread = Thread.ofVirtual().name("pgtrickle-scheduler-" + database).unstarted(this::run);
    }

    public void start() {
        thread.start();
    }

    private void run() {
        boolean complained = false;
        while (!closed) {
            try (EngineConnection connection = connections.dedicated()) {
                complained = false;
                if (!identity.isStillThat(connection)) {
                    end("its stream tables are gone");
                } else if ("t".equals(connection.execute(LEADER_LOCK).single())) {
                    LOG.info("database {}: this engine refreshes its stream tables", database);
                    new Leader(database, connection, connections, plans, () -> closed).work();
                }
            } catch (SqlFailure | SessionClosedException e) {
                connections.release(); // the others are likely to be dead, too
                if (e instanceof SqlFailure failure && failure.sqlState().equals(NO_SUCH_DATABASE)) {
                    end("it does not exist any more");
                } else if (!closed && !complained) {
                    LOG.warn("database {}: scheduler lost its connection, will try again: {}", database, e.getMessage());
                    complained = true;
                }
            } catch (RuntimeException e) {
                LOG.error("database {}: scheduler failed, will start again", database, e);
            }
            pause();
        }
    }

    private void end(String reason) {
        if (!closed) {
            LOG.info("database {}: nothing to refresh, {}", database, reason);
            closed = true;
            end.countDown();
            gone.run();
        }
    }

    private void pause() {
        try {
            end.await(STANDBY.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            closed = true;
        }
    }

    /** Waits for refreshes that are running. */
    @Override
    public void close() {
        closed = true;
        end.countDown();
        try {
            thread.join(Duration.ofSeconds(10));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
