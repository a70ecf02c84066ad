// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.jdbc;

import io.pgtrickle.dvm.session.EngineConnection;
import io.pgtrickle.dvm.session.SqlResult;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import org.postgresql.PGConnection;
import org.postgresql.core.TransactionState;
import org.postgresql.core.BaseConnection;

/** A connection the engine logged in itself. Transactions are begun and ended by SQL, autocommit stays on. */
final class JdbcEngineConnection extends JdbcSqlSession implements EngineConnection {

    private final Connection connection;
    private final Runnable closing;

    /** @param closing told first when it is closed */
    JdbcEngineConnection(Connection connection, Runnable closing) {
        super(connection, true);
        this.connection = connection;
        this.closing = closing;
    }

    @Override
    public boolean isEngineRole() {
        return true;
    }

    @Override
    public SqlResult batch(List<String> statements) {
        return run(String.join(";\n", statements));
    }

    @Override
    public void scrub(long id) {
        batch(List.of("SET CONSTRAINTS ALL IMMEDIATE", "SELECT pgtrickle.pgt_nothing_waits(" + id + ", '{}')", "CLOSE ALL", "RESET ALL", JdbcConnections.PINNED,
                "UNLISTEN *", "DISCARD TEMP", "SELECT pg_catalog.pg_advisory_unlock_all()"));
    }

    @Override
    public boolean awaitNotification(Duration timeout) {
        try {
            // 0 would wait for ever.
            int millis = (int) Math.max(1, timeout.toMillis());
            return connection.unwrap(PGConnection.class).getNotifications(millis).length > 0;
        } catch (SQLException e) {
            throw failure(e);
        }
    }

    @Override
    public void close() {
        closing.run();
        try {
            if (!connection.isClosed()
                    && connection.unwrap(BaseConnection.class).getTransactionState() != TransactionState.IDLE) {
                execute("ROLLBACK");
            }
        } catch (SQLException | RuntimeException e) {
            discard();
            return;
        }
        try {
            connection.close();
        } catch (SQLException e) {
            throw failure(e);
        }
    }

    /** A connection that cannot even roll back must not return to the pool alive. */
    private void discard() {
        try (Connection _ = connection) {
            connection.abort(Runnable::run);
        } catch (SQLException e) {
            throw failure(e);
        }
    }
}
