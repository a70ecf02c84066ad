// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.sql.parse;

import java.util.List;

/**
 * Canonical text in a dialect that any SQL parser reads the same way: every name is in double quotes, and what parsers
 * disagree about is a call of an unquoted (hence not the user's) function {@code pgt_opaque_N(…)}.
 *
 * @param templates the text that {@code pgt_opaque_N} stands for: one more text than the call has arguments, to be put
 *     before, between and after them
 */
public record NormalizedQuery(String text, List<List<String>> templates) {

    /** Followed by an index into {@link #templates}. */
    public static final String OPAQUE = "pgt_opaque_";

    /** {@code pgt_filter(call, condition)} is {@code call FILTER (WHERE condition)}. */
    public static final String FILTER = "pgt_filter";

    /** {@code pgt_only."s"."t"} is {@code ONLY s.t}. */
    public static final String ONLY = "pgt_only";

    public NormalizedQuery {
        templates = templates.stream().map(List::copyOf).toList();
    }
}
