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
 * Keeps a database's stream tables fresh. Of all processes that run one, the leader works: whose connection is the one that
 * pgtrickle.pgt_leader names. The others ask every now and then whether that is gone. One virtual thread; survives the loss of its connection.
 */
public final class Scheduler implements AutoCloseable {

    public static final String CHANNEL = "pgtrickle_catalog";

    private static final Logger LOG = LoggerFactory.getLogger(Scheduler.class);

    private static final Duration STANDBY = Duration.ofSeconds(1);

    /** Together with what else has to end, well below the ten seconds after which containers are killed. */
    private static final Duration GRACE = Duration.ofSeconds(2);

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
                } else if ("t".equals(connection.execute("SELECT pgtrickle.pgt_lead()").single())) {
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

    /** Waits a moment for refreshes that are running, then cancels them; that may have to be repeated. */
    @Override
    public void close() {
        closed = true;
        end.countDown();
        try {
            for (int attempt = 0; attempt < 4 && !thread.join(attempt == 0 ? GRACE : Duration.ofMillis(700)); attempt++) {
                connections.cancel();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
