// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.sql.jsqlparser;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pgtrickle.sql.ast.Expr;
import io.pgtrickle.sql.ast.FromItem;
import io.pgtrickle.sql.ast.Query;
import io.pgtrickle.sql.lexer.SqlLexer;
import io.pgtrickle.sql.lexer.Token;
import io.pgtrickle.sql.parse.FunctionCatalog;
import io.pgtrickle.sql.parse.UnsupportedConstructException;
import io.pgtrickle.sql.render.QueryRenderer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

class JSqlQueryParserTest {

    private static final Expr A = new Expr.Column(Optional.empty(), "a");

    @Test
    void like_is_an_expression_over_its_two_operands() throws UnsupportedConstructException {
        Expr like = select("SELECT a FROM s.t WHERE (a ~~ upper(b))").where().getFirst();

        assertThat(QueryRenderer.expression(like)).isEqualTo("(a ~~ upper(b))");
        assertThat(like.children()).hasSize(2).first().isEqualTo(A);
    }

    @Test
    void brackets_and_white_space_make_no_difference_to_equality() throws UnsupportedConstructException {
        Query.Select select = select("SELECT lower(((a))) AS x, CASE\n WHEN (a ~~ 'x') THEN a\n END AS y"
                + " FROM s.t GROUP BY (lower(a)), (CASE WHEN ((a ~~ 'x')) THEN (a) END)");

        assertThat(select.groupBy().orElseThrow())
                .containsExactly(select.items().get(0).expression(), select.items().get(1).expression());
    }

    @Test
    void the_name_of_a_named_argument_is_no_column() throws UnsupportedConstructException {
        assertThat(select("SELECT make_interval(days => a) AS x FROM s.t").items().getFirst().expression().columns())
                .containsExactly((Expr.Column) A);
    }

    @Test
    void the_field_of_extract_the_type_of_a_cast_and_the_field_of_a_row_are_no_columns() throws UnsupportedConstructException {
        assertThat(select("SELECT EXTRACT(year FROM ((a)::timestamp without time zone)) AS x, ((a).year)::public.year AS y FROM s.t")
                        .items())
                .allSatisfy(item -> assertThat(item.expression().columns()).containsExactly((Expr.Column) A));
    }

    @Test
    void a_slice_keeps_its_bounds() throws UnsupportedConstructException {
        Expr slice = select("SELECT t.a[t.b:(t.c + 1)] AS x FROM s.t").items().getFirst().expression();

        assertThat(QueryRenderer.expression(slice)).isEqualTo("t.a[t.b:(t.c + 1)]");
        assertThat(slice.columns()).extracting(Expr.Column::name).containsExactly("a", "b", "c");
    }

    @Test
    void only_the_topmost_and_is_split() throws UnsupportedConstructException {
        Query.Select select = select("SELECT a FROM s.t WHERE ((a = b) AND ((c = d) AND e) AND f)");

        assertThat(select.where()).hasSize(3);
        assertThat(select.where().get(1)).isInstanceOf(Expr.And.class);
        assertThat(select.where().getFirst()).isInstanceOf(Expr.Equality.class);
    }

    @Test
    void a_function_is_an_aggregate_if_the_catalog_says_so() throws UnsupportedConstructException {
        String query = "SELECT shop.\"Median\"(a) AS x, sum(b) AS y FROM s.t";
        FunctionCatalog medianOnly = name ->
                name.equals("shop.\"Median\"") ? FunctionCatalog.Kind.AGGREGATE : FunctionCatalog.Kind.SCALAR;

        Query.Select select = (Query.Select) new JSqlQueryParser().parse(query, medianOnly);

        assertThat(select.items().get(0).expression()).isInstanceOf(Expr.Aggregate.class);
        assertThat(select.items().get(1).expression()).isInstanceOf(Expr.Composite.class);
    }

    @Test
    void every_part_of_an_aggregate_call_is_kept() throws UnsupportedConstructException {
        Expr call = select("SELECT string_agg(DISTINCT a, ','::text ORDER BY a DESC, b) FILTER (WHERE (c > 0)) AS x FROM s.t")
                .items().getFirst().expression();

        assertThat(call).isInstanceOfSatisfying(Expr.Aggregate.class, aggregate -> {
            assertThat(aggregate.function()).isEqualTo("string_agg");
            assertThat(aggregate.distinct()).isTrue();
            assertThat(aggregate.arguments()).hasSize(2);
            assertThat(aggregate.orderBy()).hasSize(2);
            assertThat(aggregate.filter()).isPresent();
        });
    }

    @Test
    void a_reference_to_a_with_query_carries_that_query_under_the_columns_names() throws UnsupportedConstructException {
        Query.With with = (Query.With) parse("WITH x(k) AS (SELECT t.a FROM s.t), y AS (SELECT x.k FROM x) SELECT y.k FROM y");

        FromItem.Derived y = (FromItem.Derived) ((Query.Select) with.body()).from().getFirst();
        FromItem.Derived x = (FromItem.Derived) ((Query.Select) y.query()).from().getFirst();
        assertThat(y.commonTable()).contains("y");
        assertThat(((Query.Select) x.query()).items()).extracting(Query.SelectItem::name).containsExactly("k");
    }

    @Test
    void a_with_query_is_not_seen_outside() throws UnsupportedConstructException {
        Query.Select select = select("SELECT d.a, x.b FROM (WITH x AS (SELECT t.a FROM s.t) SELECT x.a FROM x) d, x");

        assertThat(select.from().get(1)).isEqualTo(new FromItem.Relation("pg_catalog", "x", Optional.empty(), List.of(), false));
    }

    @Test
    void only_and_the_alias_given_are_kept() throws UnsupportedConstructException {
        Query.Select select = select("SELECT x.a FROM ONLY s.t x(a), s.t");

        assertThat(select.from())
                .containsExactly(
                        new FromItem.Relation("s", "t", Optional.of("x"), List.of("a"), true),
                        new FromItem.Relation("s", "t", Optional.empty(), List.of(), false));
    }

    @Test
    void words_that_only_other_dialects_reserve_are_names() throws UnsupportedConstructException {
        assertThat(select("SELECT t.final, t.top, t.qualify, t.start, t.connect, t.limit_, t.pivot, t.sample, t.regexp FROM s.t")
                        .items())
                .extracting(Query.SelectItem::name)
                .containsExactly("final", "top", "qualify", "start", "connect", "limit_", "pivot", "sample", "regexp");
    }

    @Test
    void names_of_placeholders_are_ordinary_names_for_users() throws UnsupportedConstructException {
        Expr call = select("SELECT (pgt_opaque_0(a) ~~ pgt_filter(a, b)) AS pgt_only FROM s.pgt_opaque_0")
                .items().getFirst().expression();

        assertThat(QueryRenderer.expression(call)).isEqualTo("(pgt_opaque_0(a) ~~ pgt_filter(a, b))");
    }

    @Test
    void deep_nesting_is_read_or_refused_but_never_an_error() {
        for (int depth : new int[] {50, 300, 20_000}) {
            assertReadOrRefused("SELECT " + "upper(".repeat(depth) + "a" + ")".repeat(depth) + " AS x FROM s.t");
        }
    }

    @Test
    void damaged_queries_are_read_or_refused_but_never_an_error() {
        Random random = new Random(20261120);
        for (GoldenQuery golden : GoldenQuery.all()) {
            for (int i = 0; i < 3; i++) {
                assertReadOrRefused(damage(golden.canonical(), random));
            }
        }
    }

    @Test
    void unbalanced_brackets_and_open_quotes_are_unreadable() {
        for (String text : List.of("SELECT (a FROM s.t", "SELECT a) FROM s.t", "SELECT 'a FROM s.t", "SELECT a[1) FROM s.t", "", ";", "DROP TABLE s.t")) {
            assertThatThrownBy(() -> parse(text))
                    .isInstanceOf(UnsupportedConstructException.class)
                    .hasMessageContaining("could not be read");
        }
    }

    /** One token left out, doubled, or exchanged for another one. */
    private static String damage(String text, Random random) {
        List<Token> tokens = new ArrayList<>(SqlLexer.tokens(text, true));
        int at = random.nextInt(tokens.size());
        Token other = tokens.get(random.nextInt(tokens.size()));
        switch (random.nextInt(3)) {
            case 0 -> tokens.remove(at);
            case 1 -> tokens.add(at, tokens.get(at));
            default -> tokens.set(at, other);
        }
        StringBuilder damaged = new StringBuilder();
        tokens.forEach(token -> damaged.append(token.text(text)));
        return damaged.toString();
    }

    private static void assertReadOrRefused(String text) {
        try {
            assertThat(QueryRenderer.query(parse(text))).isNotEmpty();
        } catch (UnsupportedConstructException refused) {
            assertThat(refused.construct()).isNotEmpty();
        } catch (RuntimeException | StackOverflowError e) {
            throw new AssertionError(text.substring(0, Math.min(2000, text.length())), e);
        }
    }

    private static Query.Select select(String text) throws UnsupportedConstructException {
        return (Query.Select) parse(text);
    }

    private static Query parse(String text) throws UnsupportedConstructException {
        return new JSqlQueryParser().parse(text, new CorpusFunctions());
    }
}
