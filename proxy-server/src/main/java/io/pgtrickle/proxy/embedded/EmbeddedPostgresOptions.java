// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.embedded;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Where the embedded server keeps its data and how it is set up.
 *
 * @param directory holds the database cluster; created when missing, kept when the server stops
 * @param port on 127.0.0.1; 0 takes a free one
 * @param settings of postgresql.conf, in the order they are written
 */
public record EmbeddedPostgresOptions(Path directory, int port, Map<String, String> settings) {

    public EmbeddedPostgresOptions {
        directory = directory.toAbsolutePath().normalize();
        settings = new LinkedHashMap<>(settings); // Map.copyOf would lose the order
    }

    /** A server whose data matters. */
    public static EmbeddedPostgresOptions durable(Path directory) {
        return new EmbeddedPostgresOptions(
                directory,
                0,
                Map.of("wal_level", "logical", "max_connections", "200", "shared_buffers", "256MB"));
    }

    /** A server for tests: a crash of the machine may lose its data, so nothing waits for the disk. */
    public static EmbeddedPostgresOptions volatileData(Path directory) {
        return durable(directory)
                .with("fsync", "off")
                .with("synchronous_commit", "off")
                .with("full_page_writes", "off");
    }

    public EmbeddedPostgresOptions with(String setting, String value) {
        Map<String, String> more = new LinkedHashMap<>(settings);
        more.put(setting, value);
        return new EmbeddedPostgresOptions(directory, port, more);
    }

    public EmbeddedPostgresOptions onPort(int newPort) {
        return new EmbeddedPostgresOptions(directory, newPort, settings);
    }
}
