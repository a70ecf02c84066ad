// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.driver;

import io.pgtrickle.dvm.engine.DatabaseEngines;
import io.pgtrickle.dvm.engine.EngineOptions;
import io.pgtrickle.dvm.engine.StreamTableEngine;
import io.pgtrickle.dvm.jdbc.JdbcEngines;
import io.pgtrickle.dvm.jdbc.ServerAddress;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One connection's share of the engine in process. The connections of a process to one server with the same engine role
 * share an engine; it ends with the last of them, so that nothing keeps running behind a pool that was closed.
 */
final class EngineLease implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(EngineLease.class);

    private static final Map<Shared, Holder> OPEN = new HashMap<>();

    private final Shared shared;
    private final String database;
    private final DatabaseEngines engines;
    private final AtomicBoolean closed = new AtomicBoolean();

    private EngineLease(Shared shared, String database, DatabaseEngines engines) {
        this.shared = shared;
        this.database = database;
        this.engines = engines;
    }

    static EngineLease open(DriverProperties properties) {
        Shared shared = new Shared(
                new ServerAddress(
                        properties.host(), properties.port(), properties.engineUser(), properties.enginePassword(), Map.of()),
                properties.scheduler());
        synchronized (OPEN) {
            Holder holder = OPEN.computeIfAbsent(shared, Holder::new);
            holder.leases++;
            holder.resume(properties.database());
            return new EngineLease(shared, properties.database(), holder.engines);
        }
    }

    /** Connects with the engine's role when it is first used; a statement that gets here names pgtrickle or a view. */
    StreamTableEngine engine() {
        return engines.forDatabase(database, false);
    }

    @Override
    public void close() {
        if (!closed.compareAndSet(false, true)) {
            return;
        }
        synchronized (OPEN) {
            Holder holder = OPEN.get(shared);
            if (holder != null && --holder.leases == 0) {
                OPEN.remove(shared);
                holder.engines.close();
            }
        }
    }

    private record Shared(ServerAddress address, boolean scheduler) {}

    private static final class Holder {
        final DatabaseEngines engines;
        private final Set<String> resumed = new HashSet<>();
        private final boolean scheduler;
        int leases;

        Holder(Shared shared) {
            this.engines = JdbcEngines.open(shared.address(), new EngineOptions(shared.scheduler()));
            this.scheduler = shared.scheduler();
        }

        /** Goes on with the schedule of a database that has stream tables; a failure costs nobody the connection. */
        void resume(String database) {
            if (scheduler && resumed.add(database)) {
                Thread.ofVirtual().name("pgtrickle-resume-" + database).start(() -> {
                    try {
                        engines.resume(database);
                    } catch (RuntimeException e) {
                        LOG.warn("database {}: stream tables are not refreshed on schedule: {}", database, e.getMessage());
                    }
                });
            }
        }
    }
}
