// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.jdbc;

import io.pgtrickle.dvm.engine.DatabaseEngines;
import io.pgtrickle.dvm.engine.EngineOptions;
import io.pgtrickle.dvm.error.EngineException;
import io.pgtrickle.dvm.session.EngineConnection;
import io.pgtrickle.dvm.session.SessionClosedException;
import io.pgtrickle.dvm.session.SqlFailure;
import io.pgtrickle.sql.jsqlparser.JSqlQueryParser;
import java.util.List;
import java.util.Objects;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Opens engines whose own connections are JDBC. */
public final class JdbcEngines {

    private static final Logger LOG = LoggerFactory.getLogger(JdbcEngines.class);

    /** As many workers as pg_trickle.max_concurrent_refreshes allows, commands that read the catalog, upkeep. Opened when needed. */
    private static final int POOL_SIZE = 40;

    private JdbcEngines() {}

    public static DatabaseEngines open(ServerAddress server, EngineOptions options) {
        return new DatabaseEngines(database -> new JdbcConnections(server, database, POOL_SIZE), options, new JSqlQueryParser());
    }

    /**
     * Goes on with every database of the server that has a catalog; one that cannot be reached is left out with a warning.
     *
     * @param maintenanceDatabase where the list of databases is read, e.g. {@code postgres}
     */
    public static void resumeAll(DatabaseEngines engines, ServerAddress server, String maintenanceDatabase) {
        for (String database : databases(server, maintenanceDatabase)) {
            try {
                engines.resume(database);
            } catch (SqlFailure | SessionClosedException e) {
                LOG.warn("database {} is left out: {}", database, e.getMessage());
            } catch (EngineException e) {
                LOG.warn("database {} is left out: {}. {} {}", database, e.getMessage(), e.detail().orElse(""), e.hint().orElse(""));
            }
        }
    }

    private static List<String> databases(ServerAddress server, String maintenanceDatabase) {
        try (JdbcConnections connections = new JdbcConnections(server, maintenanceDatabase, 1);
                EngineConnection connection = connections.dedicated()) {
            return connection
                    .execute("SELECT datname FROM pg_database WHERE datallowconn AND NOT datistemplate AND has_database_privilege(datname, 'CONNECT') ORDER BY 1")
                    .rows().stream()
                    .map(row -> Objects.requireNonNull(row.getFirst()))
                    .toList();
        }
    }
}
