// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.config;

import io.pgtrickle.wire.auth.StoredSecret;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The users of an auth_file, in the format of PgBouncer's userlist.txt: lines of {@code "user" "secret"}, two double quotes inside a string
 * stand for one, the rest of the line is ignored, a line that starts with a semicolon is a comment. The last line of a user counts.
 */
public record UserList(Map<String, StoredSecret> secrets) {

    public static final UserList EMPTY = new UserList(Map.of());

    public UserList {
        secrets = Map.copyOf(secrets);
    }

    /** The user's secret; empty when there is no such user. */
    public Optional<StoredSecret> find(String user) {
        return Optional.ofNullable(secrets.get(user));
    }

    /** @throws ConfigException naming the line that is broken */
    public static UserList parse(String text, String source) {
        var secrets = new LinkedHashMap<String, StoredSecret>();
        int number = 0;
        for (String line : text.split("\n", -1)) {
            number++;
            String rest = line.strip();
            if (rest.isEmpty() || rest.startsWith(";")) {
                continue;
            }
            int user = endOfString(rest, 0);
            int secret = rest.startsWith("\"") && user > 0 ? rest.indexOf('"', user) : -1;
            int end = secret < 0 ? -1 : endOfString(rest, secret);
            if (end < 0) {
                throw new ConfigException(source + ":" + number + ": expected \"user\" \"secret\", both in double quotes");
            }
            secrets.put(unquoted(rest.substring(0, user)), StoredSecret.parse(unquoted(rest.substring(secret, end))));
        }
        return new UserList(secrets);
    }

    /** The position behind the closing quote of the string that opens at {@code start}; -1 if it does not close. */
    private static int endOfString(String text, int start) {
        for (int i = start + 1; i < text.length(); i++) {
            if (text.charAt(i) == '"') {
                if (i + 1 == text.length() || text.charAt(i + 1) != '"') {
                    return i + 1;
                }
                i++;
            }
        }
        return -1;
    }

    private static String unquoted(String quoted) {
        return quoted.substring(1, quoted.length() - 1).replace("\"\"", "\"");
    }

    @Override
    public String toString() {
        return "UserList[" + secrets.size() + " users]";
    }
}
