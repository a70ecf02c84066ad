// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.conversation;

import io.pgtrickle.proxy.config.ConfigFile;
import io.pgtrickle.proxy.config.HostPort;
import io.pgtrickle.proxy.config.ProxyConfig;
import io.pgtrickle.suite.TestPostgres;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Configuration files for proxies that know their users, and so share their connections. */
final class PooledProxy {

    private PooledProxy() {}

    /** @param settings of section [pgbouncer] */
    static ProxyConfig config(Path directory, String... settings) throws IOException {
        return configOf(directory, "* =", "", settings);
    }

    static ProxyConfig configOf(Path directory, String databases, String usersSection, String... settings) throws IOException {
        Path users = Files.writeString(directory.resolve("users.txt"), """
                "postgres" ""
                "other" ""
                """);
        Path file = Files.writeString(Files.createTempFile(directory, "pool", ".ini"), """
                [databases]
                %s
                [users]
                %s
                [pgtrickle]
                event_loops = 2
                [pgbouncer]
                listen_port = 0
                auth_type = trust
                auth_file = %s
                %s
                """.formatted(databases, usersSection, users, String.join("\n", settings)));
        TestPostgres postgres = TestPostgres.shared();
        return ConfigFile.load(file).config().withServer(new HostPort(postgres.host(), postgres.port()));
    }
}
