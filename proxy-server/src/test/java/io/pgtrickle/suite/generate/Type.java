// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.suite.generate;

import java.math.BigDecimal;
import java.util.List;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * The column types of the generator, with a few values each: so few that values meet in joins and groups, and chosen to hurt
 * (equal but differently printed, NaN, quotes, arrays with other bounds).
 */
enum Type {
    INT("integer", Traits.ORDERED | Traits.GROUPABLE, "-3", "-1", "0", "1", "1", "2", "2", "3", "5", "7"),
    BIGINT("bigint", Traits.ORDERED | Traits.GROUPABLE, "0", "1", "2", "-10000000000", "10000000000"),
    NUMERIC("numeric", Traits.ORDERED, "0", "0.0", "1", "1.0", "1.00", "2.5", "2.50", "-1.125", "100", "NaN"),
    MONEY_LIKE("numeric(8,2)", Traits.ORDERED | Traits.GROUPABLE, "0.00", "1.00", "1.50", "-2.25", "99.99"),
    FLOAT("double precision", Traits.ORDERED, "0", "-0", "0.5", "-1.5", "2.25", "1024", "NaN", "Infinity"),
    TEXT("text", Traits.ORDERED | Traits.GROUPABLE, "", "a", "a", "b", "ab", "aB", "a%b", "x_y", "O'Hara", "ä日", "back\\slash", " "),
    VARCHAR("character varying(10)", Traits.ORDERED | Traits.GROUPABLE, "", "a", "b", "ab", "zz"),
    BPCHAR("character(4)", Traits.ORDERED | Traits.GROUPABLE, "", "a", "b", "ab  "),
    BOOL("boolean", Traits.ORDERED | Traits.GROUPABLE, "t", "f"),
    DATE("date", Traits.ORDERED | Traits.GROUPABLE, "2024-01-01", "2024-02-29", "2024-12-31", "1999-06-15"),
    TIMESTAMP("timestamp without time zone", Traits.ORDERED | Traits.GROUPABLE, "2024-01-01 00:00:00", "2024-01-01 00:00:00.5", "2024-03-10 12:30:00"),
    TIMESTAMPTZ("timestamp with time zone", Traits.ORDERED | Traits.GROUPABLE, "2024-01-01 00:00:00+00", "2024-06-01 10:00:00+02"),
    INTERVAL("interval", Traits.ORDERED, "1 day", "24:00:00", "2 mons", "-00:00:01"),
    JSON("json", 0, "{\"a\": 1}", "{\"a\":1}", "{\"a\": \"x\"}", "[1, 2]", "null"),
    JSONB("jsonb", Traits.ORDERED, "{\"a\": 1}", "{\"a\": 1.0}", "{\"a\": \"x\", \"b\": [1]}", "[1, 2]", "null"),
    INT_ARRAY("integer[]", Traits.ORDERED | Traits.GROUPABLE, "{}", "{1}", "{1,2}", "{NULL}", "{1,NULL,3}", "[2:3]={1,2}"),
    UUID("uuid", Traits.ORDERED | Traits.GROUPABLE, "00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-0000000000ff"),
    BYTEA("bytea", Traits.ORDERED | Traits.GROUPABLE, "\\x", "\\x00ff", "\\x6162"),
    POINT("point", 0, "(0,0)", "(1,2)", "(1,-2.5)");

    /** Properties as bits, so that an enum constant reads as one line. */
    private static final class Traits {
        static final int ORDERED = 1;
        static final int GROUPABLE = 2;
    }

    final String sql;

    /** Has {@code =} and {@code <}. */
    final boolean ordered;

    /** Equal values print alike, so it does not matter which of them represents a group. */
    final boolean groupable;

    private final List<String> values;

    Type(String sql, int traits, String... values) {
        this.sql = sql;
        this.ordered = (traits & Traits.ORDERED) != 0;
        this.groupable = (traits & Traits.GROUPABLE) != 0;
        this.values = List.of(values);
    }

    /** A value as COPY would spell it, before escaping. */
    String value(RandomGenerator random) {
        return values.get(random.nextInt(values.size()));
    }

    String literal(RandomGenerator random) {
        return literal(value(random));
    }

    String literal(String value) {
        if (this == INT) {
            return value.startsWith("-") ? "(" + value + ")" : value;
        }
        return "'" + value.replace("'", "''") + "'::" + sql;
    }

    /** The same text for equal values, of the types that keys are made of. */
    @Nullable String equalityImage(@Nullable String value) {
        boolean number = this == NUMERIC && value != null && !value.equals("NaN");
        return number ? new BigDecimal(value).stripTrailingZeros().toPlainString() : value;
    }

    /** The type an expression has that starts from such a column. */
    Type expressionType() {
        return switch (this) {
            case VARCHAR -> TEXT;
            case MONEY_LIKE -> NUMERIC;
            case INT, BIGINT, NUMERIC, FLOAT, TEXT, BPCHAR, BOOL, DATE, TIMESTAMP, TIMESTAMPTZ, INTERVAL, JSON, JSONB,
                    INT_ARRAY, UUID, BYTEA, POINT -> this;
        };
    }
}
