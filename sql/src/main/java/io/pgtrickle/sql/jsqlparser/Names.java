// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.sql.jsqlparser;

import io.pgtrickle.sql.parse.UnsupportedConstructException;
import io.pgtrickle.sql.render.Quoting;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Names as the normalised text has them, always in double quotes; a bare word in a name's place is a misread key word. */
final class Names {

    private Names() {}

    private static boolean isQuoted(String spelling) {
        return spelling.length() > 2 && spelling.startsWith("\"") && spelling.endsWith("\"");
    }

    /** @param spelling null for a missing part, as in {@code a..b} */
    static String unquote(@Nullable String spelling) throws UnsupportedConstructException {
        if (spelling == null || !isQuoted(spelling)) {
            throw UnsupportedConstructException.unreadable(String.valueOf(spelling));
        }
        return spelling.substring(1, spelling.length() - 1).replace("\"\"", "\"");
    }

    /** {@code "shop"."Median"} as PostgreSQL would print it: {@code shop."Median"}. */
    static String printed(List<String> parts) throws UnsupportedConstructException {
        List<String> names = new ArrayList<>();
        for (String part : parts) {
            names.add(Quoting.identifier(unquote(part)));
        }
        return String.join(".", names);
    }
}
