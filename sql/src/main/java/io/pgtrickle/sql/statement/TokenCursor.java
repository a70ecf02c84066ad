// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.sql.statement;

import io.pgtrickle.sql.lexer.Token;
import io.pgtrickle.sql.lexer.TokenKind;
import io.pgtrickle.sql.lexer.TokenValue;
import java.util.List;

/** Walks over the significant tokens of one statement; {@code expect} methods give up with {@link NotRecognised}. */
final class TokenCursor {

    /** The statement is none of ours, or malformed: PostgreSQL shall judge it. Never leaves this package. */
    static final class NotRecognised extends Exception {
        static final NotRecognised INSTANCE = new NotRecognised();

        private NotRecognised() {
            super(null, null, false, false);
        }
    }

    private final String source;
    private final List<Token> tokens;
    private int position;

    TokenCursor(String source, List<Token> tokens) {
        this.source = source;
        this.tokens = tokens;
    }

    boolean atEnd() {
        return position == tokens.size();
    }

    Token peek() throws NotRecognised {
        check(!atEnd());
        return tokens.get(position);
    }

    Token next() throws NotRecognised {
        check(!atEnd());
        return tokens.get(position++);
    }

    void check(boolean condition) throws NotRecognised {
        if (!condition) {
            throw NotRecognised.INSTANCE;
        }
    }

    // ---- key words and symbols

    /** Whether the given key words come next. */
    boolean looksAt(String... words) {
        for (int i = 0; i < words.length; i++) {
            if (!wordAt(position + i, words[i])) {
                return false;
            }
        }
        return true;
    }

    /** Whether the given key words are the last ones. */
    boolean endsWith(String... words) {
        int first = tokens.size() - words.length;
        if (first < position) {
            return false;
        }
        for (int i = 0; i < words.length; i++) {
            if (!wordAt(first + i, words[i])) {
                return false;
            }
        }
        return true;
    }

    private boolean wordAt(int index, String word) {
        return index < tokens.size() && tokens.get(index).isWord(source, word);
    }

    boolean accept(String... words) {
        boolean accepted = looksAt(words);
        if (accepted) {
            position += words.length;
        }
        return accepted;
    }

    void expect(String... words) throws NotRecognised {
        check(accept(words));
    }

    boolean looksAt(char symbol) {
        return !atEnd() && tokens.get(position).isSymbol(source, symbol);
    }

    boolean accept(char symbol) {
        boolean accepted = looksAt(symbol);
        if (accepted) {
            position++;
        }
        return accepted;
    }

    void expect(char symbol) throws NotRecognised {
        check(accept(symbol));
    }

    boolean acceptOperator(String operator) {
        boolean accepted = !atEnd()
                && tokens.get(position).kind() == TokenKind.OPERATOR
                && tokens.get(position).text(source).equals(operator);
        if (accepted) {
            position++;
        }
        return accepted;
    }

    boolean lookedAhead(int distance, TokenKind kind) {
        return position + distance < tokens.size() && tokens.get(position + distance).kind() == kind;
    }

    void expectEnd() throws NotRecognised {
        check(atEnd());
    }

    // ---- names

    String identifier() throws NotRecognised {
        Token token = next();
        return TokenValue.identifier(source, token).orElseThrow(() -> NotRecognised.INSTANCE);
    }

    /** {@code [[database.]schema.]name}. */
    QualifiedName qualifiedName() throws NotRecognised {
        String first = identifier();
        if (!accept('.')) {
            return QualifiedName.of(first);
        }
        String second = identifier();
        return accept('.') ? QualifiedName.of(second, identifier()).in(first) : QualifiedName.of(first, second);
    }

    // ---- verbatim text

    /** The tokens up to a comma or the closing parenthesis that belongs to an open one before the cursor; may be none. */
    List<Token> listItem() throws NotRecognised {
        int begin = position;
        int depth = 0;
        while (true) {
            check(!atEnd());
            Token token = tokens.get(position);
            if (depth == 0 && (token.isSymbol(source, ',') || token.isSymbol(source, ')'))) {
                return tokens.subList(begin, position);
            }
            depth += nesting(source, token);
            check(depth >= 0);
            position++;
        }
    }

    /** The tokens up to the last {@code excluded} ones of the statement; at least one, parentheses balanced. */
    List<Token> rest(int excluded) throws NotRecognised {
        int end = tokens.size() - excluded;
        check(end > position);
        List<Token> rest = tokens.subList(position, end);
        int depth = 0;
        for (Token token : rest) {
            depth += nesting(source, token);
            check(depth >= 0);
        }
        check(depth == 0);
        position = end;
        return rest;
    }

    String text(List<Token> range) {
        return range.isEmpty() ? "" : source.substring(range.getFirst().start(), range.getLast().end());
    }

    /** +1 for an opening parenthesis or bracket, -1 for a closing one. */
    static int nesting(String source, Token token) {
        if (token.kind() != TokenKind.SYMBOL) {
            return 0;
        }
        return switch (source.charAt(token.start())) {
            case '(', '[' -> 1;
            case ')', ']' -> -1;
            default -> 0;
        };
    }
}
