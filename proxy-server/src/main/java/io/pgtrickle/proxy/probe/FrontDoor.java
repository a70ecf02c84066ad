// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.probe;

import java.sql.Connection;
import java.sql.SQLException;
import org.postgresql.ds.PGSimpleDataSource;
import org.postgresql.jdbc.PreferQueryMode;

/** Where and as whom a client connects: the proxy's port, or the server's own for comparison. */
public record FrontDoor(String host, int port, String database, String user) {

    public FrontDoor withDatabase(String other) {
        return new FrontDoor(host, port, other, user);
    }

    public Connection connect(String applicationName) throws SQLException {
        return source(applicationName).getConnection();
    }

    /** A connection that sends every statement as a simple Query message. */
    public Connection connectSimple(String applicationName) throws SQLException {
        PGSimpleDataSource source = source(applicationName);
        source.setPreferQueryMode(PreferQueryMode.SIMPLE);
        return source.getConnection();
    }

    private PGSimpleDataSource source(String applicationName) {
        PGSimpleDataSource source = new PGSimpleDataSource();
        source.setServerNames(new String[] {host});
        source.setPortNumbers(new int[] {port});
        source.setDatabaseName(database);
        source.setUser(user);
        source.setPassword(System.getenv("PGPASSWORD")); // without one pgjdbc looks into .pgpass
        source.setApplicationName(applicationName);
        source.setSslmode("disable");
        return source;
    }
}
