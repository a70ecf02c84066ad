// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.jdbc;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.pgtrickle.dvm.session.EngineConnection;
import io.pgtrickle.dvm.session.EngineConnections;
import java.sql.Connection;
import java.sql.SQLException;
import org.postgresql.Driver;

/** The engine's connections to one database: a small pool, filled on demand and emptied when idle, and dedicated ones. */
public final class JdbcConnections implements EngineConnections {

    /** What the engine's own SQL depends on; a user's session is never changed like this (MEASURED.md 2). */
    static final String PINNED = """
            SET search_path = pg_catalog, pg_temp;
            SET standard_conforming_strings = on;
            SET DateStyle = 'ISO, YMD';
            SET IntervalStyle = 'postgres';
            SET extra_float_digits = 1;
            SET bytea_output = 'hex';
            SET jit = off;
            SET statement_timeout = 0;
            SET idle_in_transaction_session_timeout = 0;
            SET synchronous_commit = off;
            SET client_min_messages = warning""";

    private final ServerAddress address;
    private final String database;
    private final HikariDataSource pool;

    public JdbcConnections(ServerAddress address, String database, int size) {
        this.address = address;
        this.database = database;
        HikariConfig config = new HikariConfig();
        config.setDriverClassName(Driver.class.getName());
        config.setJdbcUrl(address.url(database));
        config.setDataSourceProperties(address.loginProperties());
        config.setPoolName("pgtrickle-" + database);
        config.setMaximumPoolSize(size);
        config.setMinimumIdle(0);
        config.setIdleTimeout(60_000);
        config.setConnectionTimeout(10_000);
        config.setInitializationFailTimeout(-1);
        config.setConnectionInitSql(PINNED);
        this.pool = new HikariDataSource(config);
    }

    @Override
    public EngineConnection borrow() {
        try {
            return new JdbcEngineConnection(pool.getConnection());
        } catch (SQLException e) {
            throw JdbcSqlSession.failure(e.getCause() instanceof SQLException cause ? cause : e);
        }
    }

    @Override
    public EngineConnection dedicated() {
        try {
            Connection connection = new Driver().connect(address.url(database), address.loginProperties());
            if (connection == null) {
                throw new IllegalStateException("pgjdbc does not know the URL " + address.url(database));
            }
            JdbcEngineConnection session = new JdbcEngineConnection(connection);
            session.execute(PINNED);
            return session;
        } catch (SQLException e) {
            throw JdbcSqlSession.failure(e);
        }
    }

    @Override
    public void close() {
        pool.close();
    }
}
