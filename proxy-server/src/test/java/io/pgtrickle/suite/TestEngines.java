// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.suite;

import io.pgtrickle.dvm.engine.EngineOptions;
import io.pgtrickle.dvm.engine.Engines;
import io.pgtrickle.dvm.jdbc.JdbcEngines;
import io.pgtrickle.dvm.jdbc.ServerAddress;
import java.util.Map;
import java.util.Optional;

/** The engines of this JVM, shared by all doors; they end with it. */
public final class TestEngines {

    private TestEngines() {}

    private static final class Shared {
        static final Engines ENGINES = open(TestPostgres.shared());
    }

    public static Engines shared() {
        return Shared.ENGINES;
    }

    private static Engines open(TestPostgres server) {
        Optional<String> password = Optional.of(server.password()).filter(p -> !p.isEmpty());
        return JdbcEngines.open(new ServerAddress(server.host(), server.port(), server.user(), password, Map.of()), new EngineOptions(true));
    }
}
