// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.intercept;

import io.pgtrickle.sql.lexer.SqlLexer;
import io.pgtrickle.sql.lexer.Token;
import io.pgtrickle.sql.lexer.TokenValue;
import io.pgtrickle.wire.codec.Frames;
import java.nio.charset.Charset;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/**
 * The prepared statements that SQL names, in the text's order. Naming too many does no harm: the server is given those only that the
 * session has, and it says what has become of them.
 */
record NamesInSql(List<Mention> mentions) {

    static final NamesInSql NONE = new NamesInSql(List.of());

    enum Role {
        EXECUTED,
        /** EXPLAIN or CREATE TABLE with EXECUTE, which runs a query at most. */
        QUERIED,
        /** DEALLOCATE. */
        DROPPED,
        /** PREPARE. */
        PREPARED,
        /** DEALLOCATE ALL and DISCARD ALL, which name none. */
        ALL_DROPPED
    }

    /** @param name one char per byte, as the protocol's names */
    record Mention(Role role, String name) {
        /** Whether the statement has to be there, and not just the name. */
        boolean isUse() {
            return role == Role.EXECUTED || role == Role.QUERIED;
        }

        private boolean drops() {
            return role == Role.DROPPED || role == Role.ALL_DROPPED;
        }
    }

    static NamesInSql in(String text, boolean standardConformingStrings, Charset charset) {
        List<Token> tokens = SqlLexer.significantTokens(text, standardConformingStrings);
        var found = new ArrayList<Mention>();
        for (int i = 0; i + 1 < tokens.size(); i++) {
            boolean first = i == 0 || tokens.get(i - 1).isSymbol(text, ';');
            Token word = tokens.get(i);
            Token next = tokens.get(i + 1);
            if (word.isWord(text, "execute")) {
                mention(first ? Role.EXECUTED : Role.QUERIED, text, next, charset).ifPresent(found::add);
            } else if (first && word.isWord(text, "prepare")) {
                mention(Role.PREPARED, text, next, charset).ifPresent(found::add);
            } else if (first && word.isWord(text, "deallocate")) {
                dropped(text, behindPrepare(text, tokens, i + 1), charset).ifPresent(found::add);
            } else if (first && word.isWord(text, "discard") && next.isWord(text, "all")) {
                found.add(new Mention(Role.ALL_DROPPED, ""));
            }
        }
        return found.isEmpty() ? NONE : new NamesInSql(List.copyOf(found));
    }

    /** DEALLOCATE PREPARE is the same; but PREPARE may be the name. */
    private static Token behindPrepare(String text, List<Token> tokens, int at) {
        boolean noise = tokens.get(at).isWord(text, "prepare") && at + 1 < tokens.size() && !tokens.get(at + 1).isSymbol(text, ';');
        return tokens.get(noise ? at + 1 : at);
    }

    private static Optional<Mention> dropped(String text, Token name, Charset charset) {
        return name.isWord(text, "all") ? Optional.of(new Mention(Role.ALL_DROPPED, "")) : mention(Role.DROPPED, text, name, charset);
    }

    private static Optional<Mention> mention(Role role, String text, Token name, Charset charset) {
        return TokenValue.identifier(text, name).map(value -> new Mention(role, new String(value.getBytes(charset), Frames.NAMES)));
    }

    /** Behind each statement that is executed, what it names itself. */
    NamesInSql with(Function<Mention, NamesInSql> ofExecuted) {
        if (!executes()) {
            return this;
        }
        var all = new ArrayList<Mention>();
        add(all, new HashSet<>(), ofExecuted);
        return new NamesInSql(all);
    }

    private void add(List<Mention> all, Set<Mention> within, Function<Mention, NamesInSql> ofExecuted) {
        for (Mention mention : mentions) {
            all.add(mention);
            if (mention.isUse() && within.add(mention)) { // else it would have no end, on the server either
                var nested = new ArrayList<Mention>();
                ofExecuted.apply(mention).add(nested, within, ofExecuted);
                nested.removeIf(each -> mention.role == Role.QUERIED && each.drops());
                all.addAll(nested);
                within.remove(mention);
            }
        }
    }

    boolean executes() {
        return mentions.stream().anyMatch(Mention::isUse);
    }

    boolean drops() {
        return mentions.stream().anyMatch(Mention::drops);
    }
}
