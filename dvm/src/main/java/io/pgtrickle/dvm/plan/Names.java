// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.plan;

import io.pgtrickle.sql.render.Quoting;
import java.util.HashSet;
import java.util.Locale;
import java.util.Set;

/** Gives out readable column names that need no quotes, are short enough for a prefix, and never twice. */
final class Names {

    private static final int LONGEST = 40;

    private final Set<String> taken = new HashSet<>();

    /** @param wish what the name should say; may hold anything */
    String unique(String wish) {
        String plain = wish.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9_]+", "_");
        plain = plain.substring(0, Math.min(plain.length(), LONGEST)).replaceAll("_+$", "");
        // no keyword, no system column, and nothing that a prefix of the generated SQL could make of another name
        if (plain.isEmpty() || !Quoting.identifier(plain).equals(plain) || plain.matches("(old|came|went|stored|d|)_.*|ctid|xmin|xmax|cmin|cmax|tableoid")) {
            plain = "c_" + plain;
        }
        String name = plain;
        for (int i = 2; !taken.add(name); i++) {
            name = plain + "_" + i;
        }
        return name;
    }
}
