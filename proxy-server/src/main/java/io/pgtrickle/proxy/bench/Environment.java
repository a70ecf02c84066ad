// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.bench;

import io.pgtrickle.proxy.probe.Sql;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.Map;

/** What one must know to compare two runs. */
public record Environment(String at, String postgres, Map<String, String> settings, String java, String system, int processors) {

    private static final String SETTINGS =
            """
            SELECT name, current_setting(name) FROM pg_settings
            WHERE name IN ('shared_buffers', 'fsync', 'synchronous_commit', 'wal_level', 'jit', 'random_page_cost', 'work_mem')
            ORDER BY name""";

    public static Environment of(Connection direct) throws SQLException {
        Map<String, String> settings = new LinkedHashMap<>();
        Sql.rows(direct, SETTINGS, row -> settings.put(row.getString(1), row.getString(2)));
        return new Environment(
                Instant.now().truncatedTo(ChronoUnit.SECONDS).toString(),
                Sql.text(direct, "SELECT current_setting('server_version')"),
                settings,
                Runtime.version().toString(),
                System.getProperty("os.name") + " " + System.getProperty("os.arch"),
                Runtime.getRuntime().availableProcessors());
    }
}
