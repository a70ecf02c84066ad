// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.state;

import io.pgtrickle.sql.lexer.SqlLexer;
import io.pgtrickle.sql.lexer.Token;
import io.pgtrickle.sql.lexer.TokenKind;
import io.pgtrickle.sql.lexer.TokenValue;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The settings of applications (with a dot in their name) that a text may set for the session. PostgreSQL keeps them, but lists them
 * nowhere (pg_settings has no placeholders), so that their names have to be known before their values can be asked for.
 *
 * @param all those named
 * @param unknown whether set_config is called with a name that is not a literal
 */
record SettingNames(Set<String> all, boolean unknown) {

    static SettingNames in(String text, boolean standardConformingStrings) {
        List<Token> tokens = SqlLexer.significantTokens(text, standardConformingStrings);
        var names = new LinkedHashSet<String>();
        boolean unknown = false;
        for (int i = 0; i < tokens.size(); i++) {
            boolean first = i == 0 || tokens.get(i - 1).isSymbol(text, ';');
            if (first && tokens.get(i).isWord(text, "set")) {
                behindSet(text, tokens, i + 1).ifPresent(names::add);
            } else if (isIdentifier(text, tokens.get(i), "set_config") && !isLocal(text, tokens, i + 1)) {
                Optional<String> name = i + 2 < tokens.size() ? TokenValue.string(text, tokens.get(i + 2)) : Optional.empty();
                name.filter(value -> value.indexOf('.') > 0).ifPresent(names::add);
                unknown |= name.isEmpty();
            } else if (tokens.get(i).kind() == TokenKind.DOLLAR_STRING) { // of a DO block
                String body = TokenValue.string(text, tokens.get(i)).orElse("");
                if (!body.equals(text)) {
                    SettingNames inside = in(body, standardConformingStrings);
                    names.addAll(inside.all);
                    unknown |= inside.unknown;
                }
            }
        }
        return new SettingNames(names, unknown);
    }

    private static boolean isIdentifier(String text, Token token, String name) {
        return TokenValue.identifier(text, token).filter(name::equals).isPresent();
    }

    /** SET [SESSION] a.b [.c] … */
    private static Optional<String> behindSet(String text, List<Token> tokens, int from) {
        int at = from < tokens.size() && tokens.get(from).isWord(text, "session") ? from + 1 : from;
        var name = new StringBuilder();
        for (; at < tokens.size(); at += 2) {
            Optional<String> part = TokenValue.identifier(text, tokens.get(at));
            if (part.isEmpty()) {
                return Optional.empty();
            }
            name.append(part.get());
            if (at + 1 >= tokens.size() || !tokens.get(at + 1).isSymbol(text, '.')) {
                break;
            }
            name.append('.');
        }
        return name.indexOf(".") > 0 ? Optional.of(name.toString()) : Optional.empty();
    }

    /** Whether the last argument of a call is the literal true. */
    private static boolean isLocal(String text, List<Token> tokens, int open) {
        int depth = 0;
        for (int at = open; at < tokens.size(); at++) {
            depth += tokens.get(at).isSymbol(text, '(') ? 1 : tokens.get(at).isSymbol(text, ')') ? -1 : 0;
            if (depth == 0) {
                return at > open + 1 && tokens.get(at - 1).isWord(text, "true");
            }
        }
        return false;
    }
}
