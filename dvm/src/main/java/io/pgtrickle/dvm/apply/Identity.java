// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.apply;

import io.pgtrickle.dvm.plan.ColumnFacts;
import io.pgtrickle.dvm.plan.TypeFacts;
import io.pgtrickle.sql.render.Quoting;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The one place that says by which expressions a value of a type is identified as a user would see it. Many types have a
 * coarser {@code =}: numeric 1.0 = 1.00, float -0 = 0, interval '24 hours' = '1 day', jsonb 1 = 1.0; some have none (json).
 */
public final class Identity {

    /** Types of pg_catalog whose {@code =} holds only between values that print alike, and that can be hashed and sorted. */
    private static final Set<String> EXACT = Set.of(
            "bool", "char", "name", "int2", "int4", "int8", "oid", "text", "varchar", "bytea", "date", "time", "timetz",
            "timestamp", "timestamptz", "uuid", "inet", "cidr", "macaddr", "macaddr8", "xid8", "tid", "pg_lsn");

    /** The same, but PostgreSQL cannot hash them. */
    private static final Set<String> EXACT_UNHASHABLE = Set.of("money", "bit", "varbit");

    /** PostgreSQL can hash but not sort them: beside a column it can only sort, it could not group by them. */
    private static final Set<String> UNSORTABLE = Set.of("xid", "cid", "aclitem");

    /** Types whose text shows floats, and those in whose texts a time zone's abbreviation may stand for two: identified by their bytes. */
    private static final Map<String, String> SENT = Map.ofEntries(
            Map.entry("float4", "float4send"), Map.entry("float8", "float8send"), Map.entry("point", "point_send"), Map.entry("line", "line_send"),
            Map.entry("lseg", "lseg_send"), Map.entry("box", "box_send"), Map.entry("path", "path_send"), Map.entry("polygon", "poly_send"),
            Map.entry("circle", "circle_send"), Map.entry("tstzrange", "range_send"), Map.entry("tstzmultirange", "multirange_send"));

    /** Types without hashing whose image is immutable, so that it can be hashed and indexed. */
    private static final Set<String> HASHED_BY_IMAGE =
            Set.of("json", "xml", "point", "line", "lseg", "box", "path", "polygon", "circle", "tsvector", "bit", "varbit");

    private Identity() {}

    /** Whether {@code =} tells any two values apart that a user can tell apart. */
    public static boolean exactEquality(TypeFacts type) {
        if (type.kind() == 'e') {
            return !type.recast();
        }
        if (!type.deterministic() || type.kind() != 'b' || !type.schema().equals("pg_catalog")) {
            return false;
        }
        String name = type.name();
        return EXACT.contains(name)
                || EXACT_UNHASHABLE.contains(name)
                || isHashableArray(type)
                || type.typmod() >= 0 && (name.equals("numeric") || name.equals("bpchar"));
    }

    /**
     * Whether {@code =}, written without a schema and resolved in pg_catalog as in all our SQL, is the type's own. It is not
     * for citext and domains over it, say, whose operator lives beside it: there {@code =} would silently become that of text. Nor if
     * it could be one of two: an implicit cast to text offers text's beside anyenum's, and no way of writing it tells them apart.
     */
    public static boolean equalityInCatalog(TypeFacts type) {
        return !type.recast()
                && (type.kind() != 'b' && type.kind() != 'd' || type.schema().equals("pg_catalog") || type.name().startsWith("_"));
    }

    /** Whether {@code GROUP BY} takes the type beside any other. */
    public static boolean groupable(TypeFacts type) {
        return type.hashable() && !UNSORTABLE.contains(type.name());
    }

    /** Expressions over {@code value} that are equal (or both NULL) exactly when the values look the same. */
    public static List<String> expressions(String value, TypeFacts type) {
        if (exactEquality(type)) {
            return List.of(value);
        }
        if (type.schema().equals("pg_catalog")) {
            switch (type.name()) {
                case "numeric" -> {
                    return List.of(value, "scale(" + value + ")");
                }
                case "bpchar" -> { // = ignores trailing blanks, and so does a cast to text
                    return List.of(value, "octet_length(" + value + ")");
                }
                default -> {}
            }
        }
        return List.of(image(value, type));
    }

    /** One expression that tells values apart as {@link #expressions} do, for lists and comparisons with a stored image. */
    public static String image(String value, TypeFacts type) {
        if (exactEquality(type)) {
            return value;
        }
        if (type.kind() != 'd' && type.schema().equals("pg_catalog")) {
            String element = isArray(type) ? type.name().substring(1) : type.name();
            if (SENT.containsKey(element)) {
                return (isArray(type) ? "array_send" : SENT.get(element)) + "(" + value + ")";
            }
        }
        if (type.kind() == 'd' || type.name().equals("bpchar") || type.recast()) {
            return "ROW(" + value + ")::text"; // by the type's output function; a cast to text would lose trailing blanks
        }
        return type.deterministic() ? "(" + value + ")::text" : "(" + value + ")::text COLLATE \"C\"";
    }

    /**
     * For a GROUP BY of rows that look the same.
     *
     * @param items the columns, each under its own name: one of those in the group, which look the same
     * @param by what to group by
     */
    public record Grouping(String items, String by) {}

    /** @param alias of the rows that have the columns */
    public static Grouping grouping(String alias, List<ColumnFacts> columns) {
        List<String> by = columns.stream()
                .flatMap(column -> expressions(alias + "." + Quoting.identifier(column.name()), column.type()).stream())
                .toList();
        String items = columns.stream()
                .map(column -> {
                    String name = Quoting.identifier(column.name());
                    String value = alias + "." + name;
                    return by.contains(value) ? value : "any_value(" + value + ") AS " + name;
                })
                .collect(Collectors.joining(", "));
        return new Grouping(items, String.join(", ", by));
    }

    /** A condition: both look the same, NULL like NULL. */
    public static String same(String left, String right, TypeFacts type) {
        List<String> lefts = expressions(left, type);
        List<String> rights = expressions(right, type);
        return lefts.size() == 1
                ? lefts.getFirst() + " IS NOT DISTINCT FROM " + rights.getFirst()
                : "(" + String.join(", ", lefts) + ") IS NOT DISTINCT FROM (" + String.join(", ", rights) + ")";
    }

    /** What stands for a value in a row's hash, if anything can: equal values (by {@code =}) always hash alike. */
    public static Optional<String> hashInput(String value, TypeFacts type) {
        if (type.schema().equals("pg_catalog") && HASHED_BY_IMAGE.contains(type.name())) {
            return Optional.of(SENT.containsKey(type.name()) ? image(value, type) : "(" + value + ")::text");
        }
        // a record's hash function uses the default collation, hence no columns with a non-deterministic one;
        // whether a container can be hashed depends on what it contains
        boolean container = type.kind() == 'c' || type.kind() == 'r' || type.kind() == 'm' || isArray(type);
        boolean hashable = container ? isHashableArray(type) : type.hashable() || isExactBaseType(type);
        return hashable && type.deterministic() ? Optional.of(value) : Optional.empty();
    }

    /** Whether {@link #rowHash} tells anything apart. */
    public static boolean hashes(Stream<TypeFacts> types) {
        return types.anyMatch(type -> hashInput("", type).isPresent());
    }

    /** A row's hash, immutable and therefore indexable; 0 when no column can be hashed. */
    public static String rowHash(Stream<Optional<String>> hashInputs) {
        String row = hashInputs.flatMap(Optional::stream).collect(Collectors.joining(", "));
        return row.isEmpty() ? "0::bigint" : "hash_record_extended(ROW(" + row + "), 0)";
    }

    private static boolean isExactBaseType(TypeFacts type) {
        return type.kind() == 'b' && type.schema().equals("pg_catalog") && EXACT.contains(type.name());
    }

    private static boolean isArray(TypeFacts type) {
        return type.name().startsWith("_") && type.length() == -1;
    }

    private static boolean isHashableArray(TypeFacts type) {
        return isArray(type) && type.schema().equals("pg_catalog") && EXACT.contains(type.name().substring(1));
    }
}
