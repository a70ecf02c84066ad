// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.sql.statement;

import io.pgtrickle.sql.lexer.SqlLexer;
import io.pgtrickle.sql.lexer.Token;
import io.pgtrickle.sql.lexer.TokenKind;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;

/** Cuts a query string at its semicolons, except those in parentheses and in the BEGIN ATOMIC … END of a routine's body. */
final class StatementSplitter {

    private final String source;
    private final BiConsumer<SourceSpan, List<Token>> sink;
    private List<Token> tokens = new ArrayList<>();
    private int begin = -1;
    private int parentheses;
    private int atomic;

    private StatementSplitter(String source, BiConsumer<SourceSpan, List<Token>> sink) {
        this.source = source;
        this.sink = sink;
    }

    /** Hands each statement's span (leading comments belong to it) and significant tokens to the sink. */
    static void split(
            String source, boolean standardConformingStrings, BiConsumer<SourceSpan, List<Token>> sink) {
        StatementSplitter splitter = new StatementSplitter(source, sink);
        SqlLexer lexer = new SqlLexer(source, standardConformingStrings);
        while (lexer.advance()) {
            splitter.take(lexer.token());
        }
        splitter.finish();
    }

    private void take(Token token) {
        if (token.kind() == TokenKind.WHITESPACE) {
            return;
        }
        if (parentheses == 0 && atomic == 0 && token.isSymbol(source, ';')) {
            finish();
            return;
        }
        if (begin < 0) {
            begin = token.start();
        }
        if (token.kind() != TokenKind.COMMENT) {
            parentheses = Math.max(0, parentheses + TokenCursor.nesting(source, token));
            if (parentheses == 0) {
                trackBody(token);
            }
            tokens.add(token);
        }
    }

    private void finish() {
        if (!tokens.isEmpty()) {
            sink.accept(new SourceSpan(begin, tokens.getLast().end()), tokens);
            tokens = new ArrayList<>();
        }
        begin = -1;
        parentheses = 0;
        atomic = 0;
    }

    /** Inside a body only CASE has an END of its own; both may be labels after AS or a dot. */
    private void trackBody(Token token) {
        if (token.kind() != TokenKind.IDENTIFIER || tokens.isEmpty()) {
            return;
        }
        Token previous = tokens.getLast();
        if (atomic == 0) {
            if (token.isWord(source, "atomic") && previous.isWord(source, "begin") && createsRoutine()) {
                atomic = 1;
            }
        } else if (!previous.isWord(source, "as") && !previous.isSymbol(source, '.')) {
            if (token.isWord(source, "case")) {
                atomic++;
            } else if (token.isWord(source, "end")) {
                atomic--;
            }
        }
    }

    private boolean createsRoutine() {
        TokenCursor cursor = new TokenCursor(source, tokens);
        boolean create = cursor.accept("create", "or", "replace") || cursor.accept("create");
        return create && (cursor.looksAt("function") || cursor.looksAt("procedure"));
    }
}
