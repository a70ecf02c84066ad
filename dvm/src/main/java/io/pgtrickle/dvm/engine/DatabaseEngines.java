// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.engine;

import io.pgtrickle.dvm.session.EngineConnections;
import io.pgtrickle.sql.parse.QueryParser;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Function;

/** The engines of one server's databases, opened on demand. Thread-safe. */
public final class DatabaseEngines implements Engines {

    private final Function<String, EngineConnections> connections;
    private final EngineOptions options;
    private final QueryParser parser;
    private final Map<String, DatabaseEngine> engines = new ConcurrentHashMap<>();

    /** @param connections by database; opening them connects to nothing yet */
    public DatabaseEngines(Function<String, EngineConnections> connections, EngineOptions options, QueryParser parser) {
        this.connections = connections;
        this.options = options;
        this.parser = parser;
    }

    @Override
    public DatabaseEngine forDatabase(String database, boolean install) {
        DatabaseEngine engine = engines.computeIfAbsent(
                database, name -> new DatabaseEngine(name, connections.apply(name), options, parser, gone -> forget(name, gone)));
        if (install) {
            engine.ensureInstalled();
        }
        return engine;
    }

    /** Goes on with the work for a database that has a catalog, e.g. after a restart. @return whether it has one */
    public boolean resume(String database) {
        return forDatabase(database, false).openIfInstalled();
    }

    /** Called by its own scheduler, which close() waits for. */
    private void forget(String database, DatabaseEngine gone) {
        if (engines.remove(database, gone)) {
            Thread.ofVirtual().name("pgtrickle-end-" + database).start(gone::close);
        }
    }

    @Override
    public void close() {
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) { // each may wait for its refreshes
            engines.values().forEach(engine -> threads.execute(engine::close));
        }
        engines.clear();
    }
}
