// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.jdbc;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import com.zaxxer.hikari.HikariPoolMXBean;
import io.pgtrickle.dvm.session.EngineConnection;
import io.pgtrickle.dvm.session.EngineConnections;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.postgresql.Driver;
import org.postgresql.PGConnection;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The engine's connections to one database: a small pool, filled on demand and emptied when idle, and dedicated ones. */
public final class JdbcConnections implements EngineConnections {

    /**
     * What the engine's own SQL depends on; a user's session is never changed like this (MEASURED.md 2).
     *
     * <p>In a deadlock between the engine and a user the user must never be the victim. The victim is who looks first after the
     * deadlock has come about, and a session looks once, when it has waited for deadlock_timeout. So the engine looks almost at
     * once, which a superuser may ask for, or a role with SET ON PARAMETER deadlock_timeout; and if the user's wait came
     * later, it has stopped waiting before the user's session looks. What failed is done again.
     */
    static final String PINNED = """
            SET search_path = pg_catalog, pg_temp;
            SET standard_conforming_strings = on;
            SET DateStyle = 'ISO, YMD';
            SET IntervalStyle = 'postgres';
            SET extra_float_digits = 1;
            SET bytea_output = 'hex';
            SET xmloption = content;
            SET array_nulls = on;
            SET transform_null_equals = off;
            SET quote_all_identifiers = off;
            SET jit = off;
            SET statement_timeout = 0;
            SET lock_timeout = %d;
            SELECT set_config('deadlock_timeout', '10ms', false) WHERE has_parameter_privilege('deadlock_timeout', 'SET');
            SET transaction_timeout = 0;
            SET idle_in_transaction_session_timeout = 0;
            SET idle_session_timeout = 0;
            SET synchronous_commit = off;
            SET client_min_messages = warning""".formatted(EngineConnection.LOCK_TIMEOUT_MS);

    private static final Logger LOG = LoggerFactory.getLogger(JdbcConnections.class);

    private final ServerAddress address;
    private final String database;
    private final HikariDataSource pool;
    private final Set<Connection> borrowed = ConcurrentHashMap.newKeySet();

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
            Connection connection = pool.getConnection();
            borrowed.add(connection);
            return new JdbcEngineConnection(connection, () -> borrowed.remove(connection));
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
            JdbcEngineConnection session = new JdbcEngineConnection(connection, () -> {});
            session.execute(PINNED);
            return session;
        } catch (SQLException e) {
            throw JdbcSqlSession.failure(e);
        }
    }

    @Override
    public void release() {
        HikariPoolMXBean connected = pool.getHikariPoolMXBean();
        if (connected != null) {
            connected.softEvictConnections();
        }
    }

    @Override
    public void cancel() {
        for (Connection connection : borrowed) {
            try {
                connection.unwrap(PGConnection.class).cancelQuery();
            } catch (SQLException givenBack) {
                LOG.debug("not cancelled: {}", givenBack.getMessage());
            }
        }
    }

    @Override
    public void close() {
        pool.close();
    }
}
