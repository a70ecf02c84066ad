// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.session;

import io.pgtrickle.dvm.error.EngineException;
import io.pgtrickle.sql.render.Quoting;
import java.util.Optional;

/**
 * Makes the server of any session say what the engine has to say, so that it reaches the client in its place among the
 * server's own messages and an error fails the transaction like any other. Needs nothing installed.
 */
public final class EngineErrors {

    private EngineErrors() {}

    /** @return never: the server's refusal is thrown as {@link SqlFailure} */
    public static RuntimeException raise(SqlSession session, EngineException error) {
        say(session, "EXCEPTION", error.code().sqlState(), String.valueOf(error.getMessage()), error.detail(), error.hint());
        throw new IllegalStateException("the server did not raise: " + error.getMessage());
    }

    static void say(SqlSession session, String level, String code, String message, Optional<String> detail, Optional<String> hint) {
        StringBuilder using = new StringBuilder("ERRCODE = " + Quoting.literal(code) + ", MESSAGE = " + Quoting.literal(message));
        detail.ifPresent(text -> using.append(", DETAIL = ").append(Quoting.literal(text)));
        hint.ifPresent(text -> using.append(", HINT = ").append(Quoting.literal(text)));
        session.execute("DO LANGUAGE plpgsql " + Quoting.literal("BEGIN RAISE " + level + " USING " + using + "; END"));
    }
}
