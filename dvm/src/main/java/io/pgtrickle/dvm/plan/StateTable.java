// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.plan;

import io.pgtrickle.sql.statement.QualifiedName;

/**
 * A side table that holds the past of one stage.
 *
 * @param suffix makes the table's name unique within its stream table, e.g. {@code _s1}
 * @param purpose what it holds, in words
 */
public record StateTable(String suffix, String purpose) {

    public QualifiedName name(Target target) {
        return QualifiedName.of(target.stateSchema(), target.statePrefix() + suffix);
    }
}
