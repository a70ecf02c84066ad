// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.operator;

import java.util.ArrayList;
import java.util.List;

/** A FROM clause with its conditions and what each row of it weighs; a select list makes it a {@link Select}. */
public record Rows(List<String> from, List<String> where, Weight weight) {
    public Rows {
        from = List.copyOf(from);
        where = List.copyOf(where);
    }

    /** Each row once. */
    public static Rows of(String item, List<String> where) {
        return new Rows(List.of(item), where, Weight.ONE);
    }

    static Rows from(String item) {
        return new Rows(List.of(item), List.of(), Weight.ONE);
    }

    static Rows weighted(String item, String relation) {
        return new Rows(List.of(item), List.of(), Weight.of(relation));
    }

    public Rows and(List<String> conditions) {
        List<String> all = new ArrayList<>(where);
        all.addAll(conditions);
        return new Rows(from, all, weight);
    }

    Rows weighing(Weight other) {
        return new Rows(from, where, other);
    }

    /** A product of weight columns with a sign; only ever +1 or -1 in a change. */
    public record Weight(boolean negative, List<String> factors) {

        static final Weight ONE = new Weight(false, List.of());

        public Weight {
            factors = List.copyOf(factors);
        }

        static Weight of(String relation) {
            return new Weight(false, List.of(relation + "." + Reading.WEIGHT));
        }

        public String sql() {
            String product = factors.isEmpty() ? "1" : String.join(" * ", factors);
            return !negative ? product : factors.size() > 1 ? "-(" + product + ")" : "-" + product;
        }
    }
}
