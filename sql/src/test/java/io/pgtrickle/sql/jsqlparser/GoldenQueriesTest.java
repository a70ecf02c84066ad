// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.sql.jsqlparser;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pgtrickle.sql.ast.Expr;
import io.pgtrickle.sql.ast.FromItem;
import io.pgtrickle.sql.ast.Query;
import io.pgtrickle.sql.parse.QueryParser;
import io.pgtrickle.sql.parse.UnsupportedConstructException;
import io.pgtrickle.sql.render.QueryRenderer;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The corpus without a server; GoldenQueriesIT (proxy-server) shows that PostgreSQL agrees. */
class GoldenQueriesTest {

    private final QueryParser parser = new JSqlQueryParser();

    static List<GoldenQuery> all() {
        return GoldenQuery.all();
    }

    static Stream<GoldenQuery> grouped() {
        // Grouped by a primary key, other columns may be selected as well.
        return accepted().filter(query -> query.canonical().contains("GROUP BY") && !query.name().equals("GROUP BY primary key"));
    }

    static Stream<GoldenQuery> accepted() {
        return all().stream().filter(GoldenQuery::accepted);
    }

    @ParameterizedTest
    @MethodSource("all")
    void a_query_is_rendered_as_recorded_or_refused_by_name(GoldenQuery golden) throws UnsupportedConstructException {
        if (golden.accepted()) {
            assertThat(QueryRenderer.query(parse(golden.canonical()))).isEqualTo(golden.result());
        } else {
            assertThatThrownBy(() -> parse(golden.canonical()))
                    .isInstanceOfSatisfying(UnsupportedConstructException.class, e -> assertThat(e.construct())
                            .isEqualTo(golden.result()));
        }
    }

    @Test
    void nothing_in_the_corpus_is_merely_unreadable() {
        assertThat(all()).hasSizeGreaterThan(300);
        assertThat(all()).filteredOn(query -> query.result().contains("could not be read")).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3, 5, 6, 7, 8, 9, 10, 12, 14, 19})
    void the_tpc_h_queries_over_our_operators_are_accepted(int number) {
        assertThat(GoldenQuery.named("TPC-H " + number).accepted()).isTrue();
    }

    @ParameterizedTest
    @MethodSource("grouped")
    void every_column_of_a_grouped_query_is_a_key_or_inside_an_aggregate(GoldenQuery golden) throws UnsupportedConstructException {
        selects(parse(golden.canonical())).filter(select -> select.groupBy().isPresent()).forEach(select -> {
            List<Expr> keys = select.groupBy().orElseThrow();
            Expr.Composite nothing = new Expr.Composite(List.of());
            Stream.concat(select.items().stream().map(Query.SelectItem::expression), select.having().stream())
                    .map(expression -> expression.replace(e ->
                            keys.contains(e) || e instanceof Expr.Aggregate ? Optional.of(nothing) : Optional.empty()))
                    .forEach(rest -> assertThat(rest.columns()).isEmpty());
        });
    }

    @ParameterizedTest
    @MethodSource("accepted")
    void what_is_rendered_is_read_as_the_same_tree(GoldenQuery golden) throws UnsupportedConstructException {
        Query query = parse(golden.canonical());
        String canonicalEnough = QueryRenderer.query(query);
        assertThat(QueryRenderer.query(parse(canonicalEnough))).isEqualTo(canonicalEnough);
    }

    private Query parse(String canonical) throws UnsupportedConstructException {
        return parser.parse(canonical, new CorpusFunctions());
    }

    private static Stream<Query.Select> selects(Query query) {
        return switch (query) {
            case Query.Select select -> Stream.concat(
                    Stream.of(select),
                    select.from().stream()
                            .flatMap(item -> item.leaves().stream())
                            .flatMap(leaf -> leaf instanceof FromItem.Derived derived
                                    ? selects(derived.query())
                                    : Stream.empty()));
            case Query.Union union -> union.branches().stream().flatMap(GoldenQueriesTest::selects);
            case Query.With with -> selects(with.body());
            case Query.Ordered ordered -> selects(ordered.body());
        };
    }
}
