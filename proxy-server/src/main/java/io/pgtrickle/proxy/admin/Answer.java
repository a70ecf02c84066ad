// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.admin;

import io.pgtrickle.wire.backend.Report;
import java.util.List;
import java.util.Optional;

/**
 * What a command has come to.
 *
 * @param tag of CommandComplete
 * @param notices sent before it
 */
record Answer(Optional<Table> table, String tag, List<Report> notices) {

    Answer {
        notices = List.copyOf(notices);
    }

    static Answer done(String tag) {
        return new Answer(Optional.empty(), tag, List.of());
    }

    static Answer of(String tag, Table table) {
        return new Answer(Optional.of(table), tag, List.of());
    }
}
