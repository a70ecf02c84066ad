// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.session;

import io.pgtrickle.dvm.error.EngineException;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The engine on its own connection: its statements go out as they are. */
public final class OwnHands implements Hands {

    private static final Logger LOG = LoggerFactory.getLogger(OwnHands.class);

    private final EngineConnection connection;
    private final boolean oneSnapshot;

    public OwnHands(EngineConnection connection, boolean oneSnapshot) {
        this.connection = connection;
        this.oneSnapshot = oneSnapshot;
    }

    @Override
    public SqlResult caller(String sql, @Nullable String... parameters) {
        return connection.execute(sql, Arrays.asList(parameters));
    }

    @Override
    public void engine(String sql) {
        connection.execute(sql);
    }

    @Override
    public void engine(List<String> statements) {
        connection.batch(statements);
    }

    @Override
    public List<Row> ask(String sql) {
        return Row.of(connection.execute(sql));
    }

    @Override
    public Row owner(long id, boolean ownerIsLogin, String program) {
        Row row = one(program);
        connection.scrub(id);
        return row;
    }

    @Override
    public boolean foreign() {
        return false;
    }

    @Override
    public boolean oneSnapshot() {
        return oneSnapshot;
    }

    @Override
    public void notice(Level level, String code, String message, Optional<String> detail, Optional<String> hint) {
        LOG.info("{}: {} {}", level, message, detail.orElse(""));
    }

    @Override
    public RuntimeException raise(EngineException error) {
        return error;
    }
}
