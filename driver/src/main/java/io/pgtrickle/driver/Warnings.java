// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.driver;

import java.sql.SQLWarning;
import org.jspecify.annotations.Nullable;

/** The server's notices while one of our strings ran, as the chain that {@code Statement.getWarnings} gives. */
final class Warnings {

    private @Nullable SQLWarning first;

    void add(@Nullable SQLWarning warning) {
        if (warning == null) {
            return;
        }
        if (first == null) {
            first = warning;
        } else {
            first.setNextWarning(warning);
        }
    }

    @Nullable SQLWarning first() {
        return first;
    }
}
