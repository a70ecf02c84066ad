// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.session;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a statement returned.
 *
 * @param columns names; empty for a statement without result
 * @param rows text images, null for NULL
 * @param commandTag PostgreSQL's command tag, e.g. {@code INSERT 0 3}
 */
public record SqlResult(List<String> columns, List<List<@Nullable String>> rows, String commandTag) {

    /** The only value of the only row. @throws IllegalStateException if the result has another shape */
    public @Nullable String single() {
        if (rows.size() != 1 || columns.size() != 1) {
            throw new IllegalStateException("expected one value, got " + rows.size() + " rows of " + columns);
        }
        return rows.getFirst().getFirst();
    }

    /** The number at the end of the command tag, e.g. of the rows an UPDATE changed. */
    public long rowsAffected() {
        return Long.parseLong(commandTag.substring(commandTag.lastIndexOf(' ') + 1));
    }

    public boolean isEmpty() {
        return rows.isEmpty();
    }
}
