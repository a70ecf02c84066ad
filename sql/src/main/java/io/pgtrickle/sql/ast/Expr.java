// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.sql.ast;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * A scalar expression: the algebra needs its text, the columns and aggregates in it, and little else. Structure is kept
 * at every level, so that equal subexpressions can be recognised (GROUP BY) and replaced; redundant parentheses are not
 * part of it, so equality of records is equality of expressions.
 */
public sealed interface Expr {

    /** A column reference; {@code relation} is empty where the canonical text leaves it out (one relation in FROM). */
    record Column(Optional<String> relation, String name) implements Expr {}

    /**
     * A call of an aggregate function.
     *
     * @param function as printed: {@code sum}, or {@code schema.name}, quoted where needed
     * @param star {@code count(*)}: no arguments
     * @param orderBy ORDER BY inside the call, or WITHIN GROUP's; a direction is part of the expression's text
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

    /** {@code a AND b AND …} as PostgreSQL keeps it: an AND inside an AND stands for parentheses the user wrote. */
    record And(List<Expr> operands) implements Expr {
        public And {
            operands = List.copyOf(operands);
        }
    }

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

    /** The direct subexpressions, in textual order. */
    default List<Expr> children() {
        return switch (this) {
            case Column c -> List.of();
            case Aggregate a -> {
                List<Expr> all = new ArrayList<>(a.arguments());
                all.addAll(a.orderBy());
                a.filter().ifPresent(all::add);
                yield List.copyOf(all);
            }
            case Equality e -> List.of(e.left(), e.right());
            case And and -> and.operands();
            case Composite c -> c.pieces().stream()
                    .flatMap(piece -> piece instanceof Piece.Sub(Expr expression)
                            ? Stream.of(expression)
                            : Stream.empty())
                    .toList();
        };
    }

    /** This expression and all below it, parents first. */
    default void forEach(Consumer<Expr> action) {
        action.accept(this);
        children().forEach(child -> child.forEach(action));
    }

    /** Every column reference in textual order, those inside aggregates too; repeated as often as they occur. */
    default List<Column> columns() {
        List<Column> found = new ArrayList<>();
        forEach(e -> {
            if (e instanceof Column c) {
                found.add(c);
            }
        });
        return List.copyOf(found);
    }

    /** Every aggregate call in textual order (PostgreSQL does not allow one inside another). */
    default List<Aggregate> aggregates() {
        List<Aggregate> found = new ArrayList<>();
        forEach(e -> {
            if (e instanceof Aggregate a) {
                found.add(a);
            }
        });
        return List.copyOf(found);
    }

    /** The operands of a conjunction at any depth; any other expression is its only conjunct. */
    default List<Expr> conjuncts() {
        return this instanceof And(List<Expr> operands)
                ? operands.stream().flatMap(e -> e.conjuncts().stream()).toList()
                : List.of(this);
    }

    /** From the top down: where {@code replacement} gives something it is taken as it is, elsewhere the search goes on below. */
    default Expr replace(Function<Expr, Optional<Expr>> replacement) {
        return replacement.apply(this).orElseGet(() -> switch (this) {
            case Column c -> c;
            case Aggregate a -> new Aggregate(
                    a.function(),
                    a.star(),
                    a.distinct(),
                    replaceAll(a.arguments(), replacement),
                    replaceAll(a.orderBy(), replacement),
                    a.withinGroup(),
                    a.filter().map(f -> f.replace(replacement)));
            case Equality(Expr left, Expr right) -> new Equality(left.replace(replacement), right.replace(replacement));
            case And(List<Expr> operands) -> new And(replaceAll(operands, replacement));
            case Composite(List<Piece> pieces) -> new Composite(pieces.stream()
                    .<Piece>map(piece -> switch (piece) {
                        case Piece.Text text -> text;
                        case Piece.Sub(Expr expression) -> new Piece.Sub(expression.replace(replacement));
                    })
                    .toList());
        });
    }

    private static List<Expr> replaceAll(List<Expr> expressions, Function<Expr, Optional<Expr>> replacement) {
        return expressions.stream().map(e -> e.replace(replacement)).toList();
    }
}
