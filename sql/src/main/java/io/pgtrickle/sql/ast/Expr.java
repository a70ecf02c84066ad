// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.sql.ast;

import java.util.List;
import java.util.Optional;

/**
 * A scalar expression: the algebra needs its text, the columns and aggregates in it, and little else. Structure is kept
 * at every level, so that equal subexpressions can be recognised (GROUP BY) and replaced.
 */
public sealed interface Expr {

    /** A column reference; {@code relation} is empty where the canonical text leaves it out (one relation in FROM). */
    record Column(Optional<String> relation, String name) implements Expr {}

    /**
     * A call of an aggregate function.
     *
     * @param function as printed: {@code sum}, or {@code schema.name}, quoted where needed
     * @param arguments empty for count(*)
     * @param orderBy the text of ORDER BY inside the call, or WITHIN GROUP's, as expressions with direction in their text
     */
    record Aggregate(
            String function,
            boolean star,
            boolean distinct,
            List<Expr> arguments,
            List<Expr> orderBy,
            boolean withinGroup,
            Optional<Expr> filter)
            implements Expr {
        public Aggregate {
            arguments = List.copyOf(arguments);
            orderBy = List.copyOf(orderBy);
        }
    }

    /** {@code left = right}, kept apart because joins and keys depend on it. */
    record Equality(Expr left, Expr right) implements Expr {}

    /** Anything else: pieces of text with subexpressions between them, e.g. {@code lower(} name {@code )}. */
    record Composite(List<Piece> pieces) implements Expr {
        public Composite {
            pieces = List.copyOf(pieces);
        }
    }

    /** A part of a {@link Composite}. */
    sealed interface Piece {
        record Text(String text) implements Piece {}

        record Sub(Expr expression) implements Piece {}
    }
}
