// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.sql.lexer;

import java.util.List;
import java.util.random.RandomGenerator;

/** Random text made of the pieces that matter to a lexer and classifier; mostly malformed. */
public final class RandomSql {

    private static final List<String> PIECES = List.of(
            "'", "''", "\"", "\"\"", "\\", "\\'", "$", "$$", "$a$", "$1", "E'", "e'", "U&'", "u&\"", "N'", "B'", "x'",
            "UESCAPE", "'!'", "--", "/*", "*/", "\n", "\r", " ", "\t", ";", ",", "(", ")", "[", "]", ".", "..", ":", "::",
            ":=", "=>", "=", "+", "-", "*", "/", "<", ">", "@", "|", "?", "0x1F", "1e5", "1e", "1_0", "1.", ".5", "12s",
            "a", "Z", "_", "é", "語", "😀", "\uD800", "\0", "\u00a0", "K", "{", "create", "MATERIALIZED", "view", "if",
            "not", "exists", "with", "no", "data", "as", "select", "from", "call", "drop", "refresh", "cascade",
            "pgtrickle", "PgTrickle.", "stream", "schedule", "create_stream_table", "refresh_stream_table(", "using",
            "concurrently", "begin", "atomic", "end", "case", "function", "true", "false", "\\0061", "\\x4", "\\u0041");

    private RandomSql() {}

    public static String next(RandomGenerator random) {
        StringBuilder text = new StringBuilder();
        boolean spaced = random.nextBoolean();
        for (int n = random.nextInt(24); n > 0; n--) {
            text.append(PIECES.get(random.nextInt(PIECES.size())));
            if (spaced) {
                text.append(' ');
            }
        }
        return text.toString();
    }

    /** A valid text with a few pieces cut out, doubled or put in. */
    public static String mutate(String text, RandomGenerator random) {
        StringBuilder mutated = new StringBuilder(text);
        for (int n = random.nextInt(4); n > 0; n--) {
            int at = random.nextInt(mutated.length() + 1);
            int end = Math.min(mutated.length(), at + random.nextInt(6));
            switch (random.nextInt(3)) {
                case 0 -> mutated.delete(at, end);
                case 1 -> mutated.insert(at, mutated.substring(at, end));
                default -> mutated.insert(at, PIECES.get(random.nextInt(PIECES.size())));
            }
        }
        return mutated.toString();
    }
}
