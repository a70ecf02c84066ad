// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.product;

import io.pgtrickle.dvm.engine.DatabaseEngines;
import io.pgtrickle.dvm.jdbc.JdbcConnections;
import io.pgtrickle.dvm.jdbc.JdbcEngines;
import io.pgtrickle.dvm.jdbc.ServerAddress;
import io.pgtrickle.dvm.session.EngineConnection;
import io.pgtrickle.dvm.session.SessionClosedException;
import io.pgtrickle.dvm.session.SqlFailure;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Goes on with the databases that have stream tables as soon as the server can be reached. Clients are served without
 * waiting for it: the server may come up later than we do. Runs on a thread of its own.
 */
final class EngineStart implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(EngineStart.class);

    private static final int RETRY_SECONDS = 5;
    private static final int SUPPORTED_VERSION = 180_000;

    private final DatabaseEngines engines;
    private final ServerAddress server;
    private final String maintenanceDatabase;
    private final ScheduledExecutorService thread =
            Executors.newSingleThreadScheduledExecutor(Thread.ofPlatform().daemon().name("engine-start").factory());

    private final CompletableFuture<Void> firstAttempt;
    private boolean warned;

    EngineStart(DatabaseEngines engines, ServerAddress server, String maintenanceDatabase) {
        this.engines = engines;
        this.server = server;
        this.maintenanceDatabase = maintenanceDatabase;
        firstAttempt = CompletableFuture.runAsync(this::attempt, thread);
    }

    /** Returns when it has tried once, with or without success. */
    void awaitFirstAttempt() {
        firstAttempt.join();
    }

    private void attempt() {
        try {
            look();
            JdbcEngines.resumeAll(engines, server, maintenanceDatabase);
        } catch (SqlFailure | SessionClosedException e) {
            if (!warned) {
                LOG.warn(
                        "the engine cannot log in to {}:{} as {}: {}; stream tables are not refreshed until it can",
                        server.host(), server.port(), server.user(), e.getMessage());
                warned = true;
            }
            thread.schedule(this::attempt, RETRY_SECONDS, TimeUnit.SECONDS);
        }
    }

    private void look() {
        try (JdbcConnections connections = new JdbcConnections(server, maintenanceDatabase, 1);
                EngineConnection connection = connections.dedicated()) {
            var row = connection.execute("SELECT current_setting('server_version_num'), current_setting('server_version'),"
                            + " (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)")
                    .rows()
                    .getFirst();
            LOG.info("the engine works on PostgreSQL {} at {}:{} as {}", row.get(1), server.host(), server.port(), server.user());
            if (Integer.parseInt(String.valueOf(row.get(0))) < SUPPORTED_VERSION) {
                LOG.warn("pgtrickle is made for PostgreSQL 18, this is PostgreSQL {}", row.get(1));
            }
            if (!"t".equals(row.get(2))) {
                LOG.warn(
                        "{} is not a superuser: there can be stream tables only in databases on which it has CREATE, only of owners "
                                + "whose roles it is a member of, and from sources of such owners; users may lose a deadlock to it",
                        server.user());
            }
        }
    }

    @Override
    public void close() {
        thread.shutdownNow();
    }
}
