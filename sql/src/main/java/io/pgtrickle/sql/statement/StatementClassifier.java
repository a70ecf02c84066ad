// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.sql.statement;

import io.pgtrickle.sql.lexer.SqlLexer;
import io.pgtrickle.sql.lexer.Token;
import io.pgtrickle.sql.lexer.TokenKind;
import io.pgtrickle.sql.lexer.TokenValue;
import io.pgtrickle.sql.statement.SqlStatement.Passthrough;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Splits a query string as PostgreSQL would and recognises the statements the engine has to see. Whatever is malformed,
 * unknown or too complicated is a {@link Passthrough}; no input makes it throw. Immutable, any thread.
 */
public final class StatementClassifier {

    /** The {@code pgtrickle.*} functions whose top-level calls the engine carries out itself. */
    public static final Set<String> ENGINE_FUNCTIONS =
            Set.of("create_stream_table", "drop_stream_table", "refresh_stream_table");

    private final Set<String> engineFunctions;

    public StatementClassifier() {
        this(ENGINE_FUNCTIONS);
    }

    public StatementClassifier(Set<String> engineFunctions) {
        this.engineFunctions = Set.copyOf(engineFunctions);
    }

    /**
     * Whether a query string can hold a statement of ours at all. Cheap: most traffic need not be looked at further.
     * Without one of these words every statement is a Passthrough and none {@link #namesPgtrickle}.
     */
    public static boolean mayConcern(CharSequence query) {
        int last = query.length() - 1;
        for (int i = 0; i < last; i++) {
            switch (query.charAt(i) | 0x20) {
                case 'p' -> {
                    if (matches(query, i, "pgtrickle")) {
                        return true;
                    }
                }
                case 'm' -> {
                    if (matches(query, i, "materialized")) {
                        return true;
                    }
                }
                case 'u' -> {
                    if (matches(query, i, "u&\"")) {
                        return true;
                    }
                }
                default -> {}
            }
        }
        return false;
    }

    /** The same for bytes in any client encoding; looks from the buffer's position to its limit and moves neither. */
    public static boolean mayConcern(ByteBuffer query) {
        return mayConcern(new AsciiView(query));
    }

    /** The statements of a query string in order; empty ones (nothing but white space and comments) are left out. */
    public List<SqlStatement> classify(String query, boolean standardConformingStrings) {
        List<SqlStatement> statements = new ArrayList<>();
        StatementSplitter.split(query, standardConformingStrings, (span, tokens) -> {
            boolean broken = tokens.stream().anyMatch(token -> token.kind().isError());
            statements.add(
                    broken ? new Passthrough(span) : StatementParser.parse(query, span, tokens, engineFunctions));
        });
        return statements;
    }

    /**
     * Whether the text names something in schema pgtrickle or an option of ours: an identifier {@code pgtrickle}, however
     * spelled, followed by a dot; literals and comments do not count, nor does a role or database of that name.
     */
    public static boolean namesPgtrickle(String text, boolean standardConformingStrings) {
        boolean previous = false;
        for (Token token : SqlLexer.significantTokens(text, standardConformingStrings)) {
            if (previous && token.isSymbol(text, '.')) {
                return true;
            }
            previous = isIdentifier(token.kind())
                    && TokenValue.identifier(text, token)
                            .filter(StatementParser.NAMESPACE::equals)
                            .isPresent();
        }
        return false;
    }

    private static boolean isIdentifier(TokenKind kind) {
        return kind == TokenKind.IDENTIFIER
                || kind == TokenKind.QUOTED_IDENTIFIER
                || kind == TokenKind.UNICODE_IDENTIFIER;
    }

    private static boolean matches(CharSequence query, int from, String word) {
        if (query.length() - from < word.length()) {
            return false;
        }
        for (int i = 1; i < word.length(); i++) {
            char c = query.charAt(from + i);
            if (c != word.charAt(i) && (c | 0x20) != word.charAt(i)) {
                return false;
            }
        }
        return true;
    }

    /** Bytes as characters, without copying: the words looked for are ASCII in every client encoding. */
    private record AsciiView(ByteBuffer bytes) implements CharSequence {
        @Override
        public int length() {
            return bytes.remaining();
        }

        @Override
        public char charAt(int index) {
            return (char) (bytes.get(bytes.position() + index) & 0xFF);
        }

        @Override
        public CharSequence subSequence(int start, int end) {
            return new AsciiView(bytes.slice(bytes.position() + start, end - start));
        }
    }
}
