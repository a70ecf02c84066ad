// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.sql.ast;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgtrickle.sql.ast.Expr.Aggregate;
import io.pgtrickle.sql.ast.Expr.And;
import io.pgtrickle.sql.ast.Expr.Column;
import io.pgtrickle.sql.ast.Expr.Composite;
import io.pgtrickle.sql.ast.Expr.Equality;
import io.pgtrickle.sql.ast.Expr.Piece;
import io.pgtrickle.sql.ast.FromItem.InnerJoin;
import io.pgtrickle.sql.ast.FromItem.Relation;
import io.pgtrickle.sql.render.QueryRenderer;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ExprTest {

    private static final Column A = column("t", "a");
    private static final Column B = column("t", "b");
    private static final Column C = column("u", "c");

    @Test
    void columns_are_found_at_every_depth_in_the_order_of_the_text() {
        Expr expression = new And(List.of(new Equality(A, upper(B)), upper(sum(upper(C), Optional.of(A)))));

        assertThat(expression.columns()).containsExactly(A, B, C, A);
    }

    @Test
    void aggregates_are_found_inside_expressions() {
        Aggregate sum = sum(A, Optional.empty());

        assertThat(upper(sum).aggregates()).containsExactly(sum);
        assertThat(upper(A).aggregates()).isEmpty();
    }

    @Test
    void conjuncts_are_taken_out_of_nested_conjunctions() {
        Expr expression = new And(List.of(A, new And(List.of(B, new And(List.of(C, A))))));

        assertThat(expression.conjuncts()).containsExactly(A, B, C, A);
        assertThat(upper(A).conjuncts()).containsExactly(upper(A));
    }

    @Test
    void the_outermost_match_is_replaced_and_its_inside_left_alone() {
        Expr expression = new Equality(upper(A), upper(sum(A, Optional.of(A))));

        Expr replaced = expression.replace(e -> e.equals(upper(A)) ? Optional.of(C) : e.equals(A) ? Optional.of(B) : Optional.empty());

        assertThat(replaced).isEqualTo(new Equality(C, upper(sum(B, Optional.of(B)))));
    }

    @Test
    void columns_can_be_written_in_another_way() {
        Expr expression = new And(List.of(new Equality(A, B), upper(sum(C, Optional.of(A)))));

        assertThat(QueryRenderer.expression(expression, column -> "x." + column.name()))
                .isEqualTo("((x.a = x.b) AND upper(sum(x.c) FILTER (WHERE x.a)))");
    }

    @Test
    void using_means_the_first_relation_of_each_side_that_has_the_column() {
        Relation t = relation("t");
        Relation u = relation("u");
        Relation v = relation("v");
        InnerJoin join = new InnerJoin(new InnerJoin(t, u, List.of(), List.of("id")), v, List.of(), List.of("id", "c"));
        Map<String, List<String>> columns = Map.of("t", List.of("id", "a"), "u", List.of("id", "c"), "v", List.of("c", "id"));

        assertThat(UsingColumns.equalities(join, leaf -> columns.getOrDefault(leaf.alias(), List.of())))
                .containsExactly(
                        new Equality(column("t", "id"), column("v", "id")), new Equality(column("u", "c"), column("v", "c")));
    }

    private static Column column(String relation, String name) {
        return new Column(Optional.of(relation), name);
    }

    private static Relation relation(String name) {
        return new Relation("s", name, Optional.empty(), List.of(), false);
    }

    private static Expr upper(Expr argument) {
        return new Composite(List.of(new Piece.Text("upper("), new Piece.Sub(argument), new Piece.Text(")")));
    }

    private static Aggregate sum(Expr argument, Optional<Expr> filter) {
        return new Aggregate("sum", false, false, List.of(argument), List.of(), false, filter);
    }
}
