// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.plan;

/**
 * What pg_type and pg_collation say about a column's type.
 *
 * @param schema the type's schema; a domain's is that of what it is made of, whose operators it has
 * @param name pg_type.typname, e.g. {@code int4}, {@code numeric}, {@code _text}
 * @param sql the type as {@code format_type} prints it, schema-qualified where needed
 * @param typmod pg_attribute.atttypmod, -1 for none
 * @param length pg_type.typlen: bytes of a fixed-size type, -1 or -2 for variable size
 * @param kind pg_type.typtype: b base, c composite, d domain, e enum, r range, m multirange
 * @param hashable whether the type has a default hash operator class with an extended hash function (domains: their base type's)
 * @param deterministic false when the column's collation is non-deterministic
 * @param recast whether a cast that somebody made for the type may keep its {@code =} or {@code ::text} from meaning what they usually do
 */
public record TypeFacts(
        long oid,
        String schema,
        String name,
        String sql,
        int typmod,
        int length,
        char kind,
        boolean hashable,
        boolean deterministic,
        boolean recast) {}
