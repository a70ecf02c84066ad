// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.jdbc;

import java.util.Map;
import java.util.Optional;
import java.util.Properties;

/**
 * Where the server is and as whom the engine logs in. Without a password pgjdbc looks into PGPASSFILE or ~/.pgpass.
 *
 * @param properties further pgjdbc connection properties, e.g. {@code sslmode}
 */
public record ServerAddress(
        String host, int port, String user, Optional<String> password, Map<String, String> properties) {

    public ServerAddress {
        properties = Map.copyOf(properties);
    }

    /** What a database of this server is called in JDBC. */
    public String url(String database) {
        String address = host.contains(":") ? "[" + host + "]" : host;
        return "jdbc:postgresql://" + address + ":" + port + "/"
                + java.net.URLEncoder.encode(database, java.nio.charset.StandardCharsets.UTF_8).replace("+", "%20");
    }

    /** Delta SQL must never meet a plan that was made for another size of change: nothing is prepared on the server. */
    Properties loginProperties() {
        Properties all = new Properties();
        all.putAll(properties);
        all.setProperty("user", user);
        password.ifPresent(text -> all.setProperty("password", text));
        all.setProperty("prepareThreshold", "0");
        all.setProperty("tcpKeepAlive", "true");
        all.putIfAbsent("connectTimeout", "10");
        all.putIfAbsent("ApplicationName", "pgtrickle engine");
        // Sent with the startup packet instead of as a SET, so that RESET ALL keeps it.
        all.putIfAbsent("assumeMinServerVersion", "18");
        return all;
    }
}
