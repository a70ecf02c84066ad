// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.plan;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgtrickle.sql.jsqlparser.JSqlQueryParser;
import io.pgtrickle.sql.statement.QualifiedName;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class PlanCompilerTest {

    private static final String SHOP =
            """
            --: table customers: id int4!, name text!; key id
            --: table orders: id int4!, customer int4!, code text!, day date; key id; key code
            --: table items: order_id int4!, line int4!, product int4, price numeric(10,2)!; key order_id, line
            --: table log: at timestamptz, level text
            """;

    private static StreamPlan plan(String query, String output, String... probes) {
        StringBuilder header = new StringBuilder(SHOP).append("--: query ").append(query).append("\n--: output ").append(output).append('\n');
        List.of(probes).forEach(probe -> header.append("--: probe ").append(probe).append('\n'));
        return GoldenCase.read(header.toString()).plan();
    }

    // ---- keys

    @Test
    void aTablesKeyIsTheKeyWhenItIsSelected() {
        assertThat(plan("SELECT id, day FROM public.orders", "id int4, day date").key()).contains(List.of("id"));
        assertThat(plan("SELECT day FROM public.orders", "day date").key()).isEmpty();
    }

    @Test
    void anotherUniqueKeyWillDo() {
        assertThat(plan("SELECT day, code AS c FROM public.orders", "day date, c text").key()).contains(List.of("c"));
    }

    @Test
    void aManyToOneJoinKeepsTheKeyOfTheManySide() {
        StreamPlan plan = plan(
                "SELECT i.order_id, i.line, c.name FROM ((public.items i JOIN public.orders o ON ((o.id = i.order_id)))"
                        + " JOIN public.customers c ON ((c.id = o.customer)))",
                "order_id int4, line int4, name text");
        assertThat(plan.key()).contains(List.of("order_id", "line"));
    }

    @Test
    void aColumnThatEqualsTheKeyColumnStandsForIt() {
        StreamPlan plan = plan(
                "SELECT o.id AS the_order, i.line FROM (public.items i JOIN public.orders o ON ((o.id = i.order_id)))",
                "the_order int4, line int4");
        assertThat(plan.key()).contains(List.of("the_order", "line"));
    }

    @Test
    void aManyToManyJoinNeedsTheKeysOfBothSides() {
        String join = "public.orders a, public.orders b WHERE (a.day = b.day)";
        assertThat(plan("SELECT a.id, b.id AS other FROM " + join, "id int4, other int4").key())
                .contains(List.of("id", "other"));
        assertThat(plan("SELECT a.id FROM " + join, "id int4").key()).isEmpty();
    }

    @Test
    void aConstantFillsThePlaceOfAKeyColumn() {
        StreamPlan plan = plan(
                "SELECT o.id, i.price FROM (public.orders o JOIN public.items i ON (((i.order_id = o.id) AND (i.line = 1))))",
                "id int4, price numeric(10,2)");
        assertThat(plan.key()).contains(List.of("id"));
    }

    @Test
    void groupingColumnsAreAKeyAndAScalarAggregateIsOneRow() {
        assertThat(plan("SELECT day, count(*) AS n FROM public.orders GROUP BY day", "day date, n int8", "day date, count int8").key())
                .contains(List.of("day"));
        assertThat(plan("SELECT count(*) AS n FROM public.orders", "n int8", "count int8").key()).contains(List.of());
    }

    @Test
    void aGroupIsNotAKeyWhenAGroupingColumnIsNotSelected() {
        assertThat(plan("SELECT count(*) AS n FROM public.orders GROUP BY day", "n int8", "day date, count int8").key()).isEmpty();
    }

    @Test
    void aKeyOfNotNullFixedSizeColumnsIsIndexedAsItIsAndOthersByHash() {
        Target target = new Target(
                QualifiedName.of("s", "t"), QualifiedName.of("s", "q"), "x", "t_1");
        assertThat(plan("SELECT id FROM public.orders", "id int4").indexDdl(target))
                .containsExactly("CREATE UNIQUE INDEX ON s.t (id)");
        assertThat(plan("SELECT day, count(*) AS n FROM public.orders GROUP BY day", "day date, n int8", "day date, count int8")
                        .indexDdl(target))
                .containsExactly("CREATE INDEX ON s.t (hash_record_extended(ROW(day), 0))");
        assertThat(plan("SELECT code FROM public.orders", "code text").indexDdl(target))
                .as("it fits into an index, since it is in one already")
                .containsExactly("CREATE UNIQUE INDEX ON s.t (code)");
    }

    @Test
    void withoutAKeyTheKeyOfOneTableFindsRows() {
        StreamPlan plan = plan(
                "SELECT o.id, b.code FROM public.orders o, public.orders b WHERE (o.day = b.day)", "id int4, other text");
        assertThat(plan.key()).contains(List.of("id", "other"));
        plan = plan("SELECT o.id, l.level FROM public.orders o, public.log l WHERE (o.code = l.level)", "id int4, level text");
        assertThat(plan.key()).isEmpty();
        assertThat(plan.description()).singleElement().asString().contains("rows are found by (id)");
    }

    @Test
    void aColumnThatDependsOnTheGroupingKeyBecomesOne() {
        StreamPlan plan = plan(
                "SELECT o.id, o.day, count(*) AS n FROM (public.orders o JOIN public.items i ON ((i.order_id = o.id))) GROUP BY o.id",
                "id int4, day date, n int8",
                "id int4!, day date, count int8");
        assertThat(plan.stateTables()).extracting(StateTable::purpose).containsExactly("GROUP BY o.id, o.day: count(*)");
    }

    // ---- sources and stages

    @Test
    void onlyTheColumnsThatAreReadAreCaptured() {
        StreamPlan plan = plan(
                "SELECT o.code FROM (public.orders o JOIN public.customers c ON ((c.id = o.customer)))", "code text");
        assertThat(plan.sources()).containsExactly(new SourceUse(1, List.of("id")), new SourceUse(2, List.of("customer", "code")));
    }

    @Test
    void twoEqualSubqueriesAreOneStage() {
        String grouped = "( SELECT orders.day, count(*) AS n FROM public.orders GROUP BY orders.day)";
        StreamPlan plan = plan(
                "SELECT a.n, b.n AS m FROM (" + grouped + " a JOIN " + grouped + " b ON ((a.n = b.n)))",
                "n int8, m int8",
                "day date, count int8",
                "day date, count int8");
        assertThat(plan.stateTables()).hasSize(1);
    }

    // ---- what cannot be maintained, in words a user knows

    @Test
    void theReasonNamesTheConstruct() {
        assertThat(plan("SELECT 1 AS x", "x int4").fullReasons()).containsExactly("a query without FROM");
        assertThat(plan("SELECT o.id, o.ctid AS c FROM public.orders o", "id int4, c text").fullReasons())
                .containsExactly("system column ctid");
        assertThat(plan("SELECT id FROM ONLY public.orders", "id int4").fullReasons()).containsExactly("ONLY orders");
    }

    @Test
    void relationsWithoutTriggersAreNamedByTheirKind() {
        assertThat(PlanBuilder.notCapturable(relation("public", 'm'))).isEqualTo("materialized view public.r");
        assertThat(PlanBuilder.notCapturable(relation("public", 'f'))).isEqualTo("foreign table public.r");
        assertThat(PlanBuilder.notCapturable(relation("pg_catalog", 'r'))).isEqualTo("system catalog pg_catalog.r");
        assertThat(PlanBuilder.notCapturable(relation("pg_temp_3", 'r'))).isEqualTo("temporary table r");
    }

    private static RelationFacts relation(String schema, char kind) {
        return new RelationFacts(1, schema, "r", kind, false, false, List.of(), List.of(), Optional.empty());
    }

    @Test
    void aFunctionWhoseValueChangesByItselfMakesThePlanFull() {
        QueryFacts facts = GoldenCase.read(SHOP + "--: query SELECT id FROM public.orders\n--: output id int4\n").facts();
        StreamPlan full = compile(new QueryFacts(
                facts.canonicalQuery(), facts.relations(), facts.output(), Map.of(), List.of("random"), List.of(), List.of(), Map.of()));
        assertThat(full.differential()).isFalse();
        assertThat(full.fullReasons()).containsExactly("volatile function random");
        StreamPlan changing = compile(new QueryFacts(
                facts.canonicalQuery(), facts.relations(), facts.output(), Map.of(), List.of(), List.of("now"), List.of(), Map.of()));
        assertThat(changing.fullReasons()).containsExactly("function now, whose value changes by itself");
    }

    @Test
    void aFullPlanReadsTheQueryViewAndWatchesTheTablesWithoutColumns() {
        StreamPlan plan = plan("SELECT DISTINCT ON (id) id FROM public.orders", "id int4");
        assertThat(plan.differential()).isFalse();
        assertThat(plan.sources()).extracting(SourceUse::columns).allMatch(List::isEmpty);
        Target target = new Target(
                QualifiedName.of("s", "t"), QualifiedName.of("s", "q"), "x", "t_1");
        assertThat(plan.full(target)).contains("FROM s.q AS q");
    }

    private static StreamPlan compile(QueryFacts facts) {
        return new PlanCompiler(new JSqlQueryParser()).compile(facts, select -> List.of());
    }
}
