// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.sql.statement;

import java.util.Optional;

/** A relation's name as PostgreSQL resolved its spelling: unquoted parts folded to lower case, quoted parts as they are. */
public record QualifiedName(Optional<String> schema, String name) {

    public static QualifiedName of(String schema, String name) {
        return new QualifiedName(Optional.of(schema), name);
    }

    public static QualifiedName of(String name) {
        return new QualifiedName(Optional.empty(), name);
    }
}
