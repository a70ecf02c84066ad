// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.intercept;

import io.netty.buffer.ByteBuf;
import io.pgtrickle.proxy.backend.ReplyQueue;
import io.pgtrickle.proxy.backend.ReplyQueue.Owner;
import io.pgtrickle.proxy.backend.ServerConnection;
import io.pgtrickle.sql.lexer.SqlLexer;
import io.pgtrickle.sql.lexer.Token;
import io.pgtrickle.sql.lexer.TokenValue;
import io.pgtrickle.wire.codec.ProtocolViolationException;
import io.pgtrickle.wire.frontend.FrontendMessage.Query;
import io.pgtrickle.wire.frontend.FrontendMessage.Sync;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * {@code DEALLOCATE name} and {@code EXECUTE name} in a simple Query, of a statement the session has prepared in the extended protocol:
 * SQL and protocol have one space of names in PostgreSQL, and some drivers prepare in the one and drop in the other.
 */
final class NamesInSql {

    private NamesInSql() {}

    /** Sends a Query with our names if the session's are in it; else does nothing. */
    static boolean pass(ByteBuf frame, ServerConnection server, StatementNames statements) {
        String text;
        try {
            text = Query.read(frame.duplicate(), server.charset()).sql();
        } catch (ProtocolViolationException malformed) {
            return false;
        }
        boolean standard = server.parameter("standard_conforming_strings").orElse("on").equals("on");
        List<Token> tokens = SqlLexer.significantTokens(text, standard);
        var rewritten = new StringBuilder();
        var outcomes = new ArrayList<ReplyQueue.Outcome>();
        int copied = 0;
        for (int i = 0; i + 1 < tokens.size(); i++) {
            boolean drops = tokens.get(i).isWord(text, "deallocate") && (i == 0 || tokens.get(i - 1).isSymbol(text, ';'));
            if (!drops && !tokens.get(i).isWord(text, "execute")) {
                continue;
            }
            int at = drops && i + 2 < tokens.size() && tokens.get(i + 1).isWord(text, "prepare") ? i + 2 : i + 1;
            Optional<String> name = TokenValue.identifier(text, tokens.get(at)).filter(statements::knows);
            if (name.isPresent()) {
                rewritten.append(text, copied, tokens.get(at).start()).append(statements.onServer(name.get()));
                copied = tokens.get(at).end();
                if (drops) {
                    outcomes.add(statements.deallocating(name.get()));
                }
            }
        }
        if (copied == 0) {
            return false;
        }
        // What prepares the statements here is a pipeline of its own: should it fail, the Query must not be skipped.
        server.send(new Sync(), Owner.SETUP);
        server.send(
                new Query(rewritten.append(text, copied, text.length()).toString()),
                Owner.CLIENT,
                succeeded -> outcomes.forEach(outcome -> outcome.done(succeeded)));
        return true;
    }
}
