// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.clients;

import io.pgtrickle.suite.TestPostgres;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Where a program finds its database.
 *
 * @param schema the program's own; empty when it starts
 * @param stream what makes a materialized view a stream table; nothing where PostgreSQL itself is asked
 */
record Endpoint(String host, int port, String database, String schema, String stream) {

    static final String USER = "postgres";

    boolean proxied() {
        return !stream.isEmpty();
    }

    String jdbcUrl() {
        return "jdbc:postgresql://" + host + ":" + port + "/" + database;
    }

    String password() {
        String password = TestPostgres.shared().password();
        return password.isEmpty() ? "unused" : password;
    }

    /** libpq's variables, which psycopg, node-postgres and postgres.js read, too; and two for our scripts. */
    Map<String, String> environment() {
        Map<String, String> variables = new LinkedHashMap<>();
        variables.put("PGHOST", host);
        variables.put("PGPORT", Integer.toString(port));
        variables.put("PGDATABASE", database);
        variables.put("PGUSER", USER);
        variables.put("PGPASSWORD", password());
        variables.put("PGAPPNAME", "client");
        variables.put("PGTZ", "UTC");
        variables.put("CLIENT_SCHEMA", schema);
        variables.put("CLIENT_STREAM", stream);
        return variables;
    }

    @Override
    public String toString() {
        return (proxied() ? "through the proxy, " : "directly, ") + database + ", " + schema;
    }
}
