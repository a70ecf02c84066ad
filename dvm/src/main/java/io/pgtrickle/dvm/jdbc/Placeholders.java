// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.jdbc;

import io.pgtrickle.sql.lexer.SqlLexer;
import io.pgtrickle.sql.lexer.Token;
import io.pgtrickle.sql.lexer.TokenKind;
import java.util.ArrayList;
import java.util.List;

/** A statement with $n parameters in JDBC's spelling: question marks, and every question mark of an operator doubled. */
record Placeholders(String jdbcText, List<Integer> numbers) {

    static Placeholders of(String sql) {
        StringBuilder text = new StringBuilder(sql.length() + 16);
        List<Integer> numbers = new ArrayList<>();
        for (Token token : SqlLexer.tokens(sql, true)) {
            String spelling = token.text(sql);
            if (token.kind() == TokenKind.PARAMETER) {
                text.append('?');
                numbers.add(Integer.parseInt(spelling.substring(1)));
            } else {
                text.append(token.kind() == TokenKind.OPERATOR ? spelling.replace("?", "??") : spelling);
            }
        }
        return new Placeholders(text.toString(), List.copyOf(numbers));
    }
}
