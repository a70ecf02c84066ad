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
import java.util.regex.Pattern;

/**
 * The settings of applications (with a dot in their name) that a text may set for the session. PostgreSQL keeps them, but lists them
 * nowhere (pg_settings has no placeholders), so that their names have to be known before their values can be asked for.
 *
 * @param all those named
 * @param unknown whether a name is not in the text: set_config is called with an expression, or a DO block executes a string that sets one
 */
record SettingNames(Set<String> all, boolean unknown) {

    /** In a string to be executed: a SET command, or a call. */
    private static final Pattern SETS =
            Pattern.compile("(^|;)\\s*set\\s+(?!local\\b|transaction\\b|constraints\\b)|set_config", Pattern.CASE_INSENSITIVE);

    static SettingNames in(String text, boolean standardConformingStrings) {
        return in(text, standardConformingStrings, false);
    }

    /** @param anywhere whether SET may begin a statement wherever it stands, as in a block; what an UPDATE sets is no setting, but does no harm */
    private static SettingNames in(String text, boolean standardConformingStrings, boolean anywhere) {
        List<Token> tokens = SqlLexer.significantTokens(text, standardConformingStrings);
        var names = new LinkedHashSet<String>();
        boolean unknown = false;
        boolean block = false;
        for (int i = 0; i < tokens.size(); i++) {
            Token token = tokens.get(i);
            boolean first = i == 0 || tokens.get(i - 1).isSymbol(text, ';');
            block = first ? token.isWord(text, "do") : block;
            if ((first || anywhere) && token.isWord(text, "set")) {
                behindSet(text, tokens, i + 1).ifPresent(names::add);
            } else if (isIdentifier(text, token, "set_config") && !isLocal(text, tokens, i + 1)) {
                Optional<String> name = literalArgument(text, tokens, i + 1);
                name.filter(value -> value.indexOf('.') > 0).ifPresent(names::add);
                unknown |= name.isEmpty();
            } else if (block && (token.kind() == TokenKind.DOLLAR_STRING || token.kind() == TokenKind.STRING)) {
                SettingNames inside = inBlock(TokenValue.string(text, token).orElse(""), standardConformingStrings);
                names.addAll(inside.all);
                unknown |= inside.unknown;
            }
        }
        return new SettingNames(names, unknown);
    }

    /** Of a DO block, which may put together what it executes. */
    private static SettingNames inBlock(String body, boolean standardConformingStrings) {
        SettingNames plain = in(body, standardConformingStrings, true);
        boolean unknown = plain.unknown || SqlLexer.significantTokens(body, standardConformingStrings).stream()
                .flatMap(token -> TokenValue.string(body, token).stream())
                .anyMatch(string -> SETS.matcher(string).find());
        return new SettingNames(plain.all, unknown);
    }

    /** The first argument, if it is a literal and nothing else. */
    private static Optional<String> literalArgument(String text, List<Token> tokens, int open) {
        return open + 2 < tokens.size() && tokens.get(open + 2).isSymbol(text, ',')
                ? TokenValue.string(text, tokens.get(open + 1))
                : Optional.empty();
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
