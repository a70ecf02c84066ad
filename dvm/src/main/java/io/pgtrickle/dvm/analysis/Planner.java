// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.analysis;

import io.pgtrickle.dvm.catalog.QuerySettings;
import io.pgtrickle.dvm.plan.ColumnFacts;
import io.pgtrickle.dvm.plan.PlanCompiler;
import io.pgtrickle.dvm.plan.QueryFacts;
import io.pgtrickle.dvm.plan.RelationFacts;
import io.pgtrickle.dvm.plan.StreamPlan;
import io.pgtrickle.dvm.plan.TypeProbe;
import io.pgtrickle.dvm.session.Hands;
import io.pgtrickle.sql.parse.QueryParser;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** From a view to a plan: facts, guarded parse, compilation. The same facts give the same plan again. Thread-safe. */
public final class Planner {

    private final QueryParser parser;

    public Planner(QueryParser parser) {
        this.parser = parser;
    }

    /** A plan and all it was made from; the facts hold every answer the server gave. */
    public record Planned(QueryFacts facts, StreamPlan plan) {

        /** Whether the result may change although no captured change says so; such a table is recomputed whenever it is due. */
        public boolean everyTime() {
            return !plan.differential()
                    && (facts.relations().isEmpty()
                            || !facts.volatileFunctions().isEmpty()
                            || !facts.stableFunctions().isEmpty()
                            || facts.relations().stream().anyMatch(r -> r.kind() != 'v' && !r.capturable() || r.policed()));
        }

        public List<RelationFacts> captured() {
            return facts.relations().stream().filter(RelationFacts::capturable).toList();
        }
    }

    /** Asks the server of {@code hands} about the view, whose programs will run under these settings, and compiles a plan for it. */
    public Planned plan(Hands hands, long view, QuerySettings settings) {
        FactsReader reader = new FactsReader(hands, settings);
        QueryFacts facts = reader.read(view);
        GuardedParser guarded = new GuardedParser(parser, reader);
        Map<String, List<ColumnFacts>> probes = new LinkedHashMap<>();
        StreamPlan plan = new PlanCompiler(guarded).compile(facts, select -> probes.computeIfAbsent(select, reader::describe));
        List<String> failures = new ArrayList<>(guarded.failures());
        plan.fullReasons().stream().filter(PlanCompiler.TOO_MANY_PARTS::equals).forEach(failures::add);
        QueryFacts complete = with(facts, failures, probes);
        return failures.isEmpty() ? new Planned(complete, plan) : replan(complete);
    }

    /** Compiles stored facts again without a server. */
    public Planned replan(QueryFacts facts) {
        TypeProbe known = select -> {
            List<ColumnFacts> columns = facts.probes().get(select);
            if (columns == null) {
                throw new IllegalStateException("the stored facts do not know the columns of: " + select);
            }
            return columns;
        };
        return new Planned(facts, new PlanCompiler(parser).compile(facts, known));
    }

    private static QueryFacts with(QueryFacts facts, List<String> failures, Map<String, List<ColumnFacts>> probes) {
        List<String> obstacles = new ArrayList<>(facts.obstacles());
        obstacles.addAll(failures);
        return new QueryFacts(
                facts.canonicalQuery(), facts.relations(), facts.output(), facts.functionKinds(),
                facts.volatileFunctions(), facts.stableFunctions(), obstacles, probes);
    }
}
