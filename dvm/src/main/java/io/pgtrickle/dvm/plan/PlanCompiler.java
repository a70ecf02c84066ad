// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.plan;

import io.pgtrickle.dvm.apply.AnchorApply;
import io.pgtrickle.dvm.apply.Apply;
import io.pgtrickle.dvm.apply.BagApply;
import io.pgtrickle.dvm.apply.Identity;
import io.pgtrickle.dvm.apply.KeyApply;
import io.pgtrickle.dvm.operator.Aggregate;
import io.pgtrickle.dvm.operator.Filter;
import io.pgtrickle.dvm.operator.Output;
import io.pgtrickle.dvm.operator.Project;
import io.pgtrickle.dvm.operator.Scope;
import io.pgtrickle.sql.parse.QueryParser;
import io.pgtrickle.sql.parse.UnsupportedConstructException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** From facts to a plan: the same facts give the same plan. Stateless, any thread. */
public final class PlanCompiler {

    /** PostgreSQL's limit for a table; that for a select list is a little higher. */
    private static final int WIDEST = 1600;

    /** At most so many columns beside the query's does a buffer or a state table have. */
    private static final int OWN_COLUMNS = 8;

    /** Whether a stack is deep enough can change; so whoever keeps facts has to keep this among the obstacles. */
    public static final String TOO_MANY_PARTS = "an expression of too many parts";

    private final QueryParser parser;

    public PlanCompiler(QueryParser parser) {
        this.parser = parser;
    }

    /** Never fails for what a query contains: what cannot be maintained differentially gives a plan that recomputes, with the reasons. */
    public StreamPlan compile(QueryFacts facts, TypeProbe probe) {
        List<String> reasons = new ArrayList<>();
        facts.relations().stream()
                .filter(relation -> !relation.capturable() && relation.definition().isEmpty())
                .map(PlanBuilder::notCapturable)
                .forEach(reasons::add);
        facts.relations().stream()
                .filter(RelationFacts::policed)
                .map(relation -> "row-level security on " + relation.schema() + "." + relation.name())
                .forEach(reasons::add);
        reasons.addAll(facts.obstacles());
        facts.volatileFunctions().forEach(function -> reasons.add("volatile function " + function));
        facts.stableFunctions().forEach(function -> reasons.add("function " + function + ", whose value changes by itself"));
        if (!reasons.isEmpty()) {
            return new FullPlan(facts, reasons);
        }
        try {
            PlanBuilder builder = new PlanBuilder(facts, parser, probe);
            Output output = builder.build();
            checkWidth(builder, names(facts));
            return new DifferentialPlan(
                    output, builder.stages(), builder.sources(), names(facts), apply(output, facts.output()));
        } catch (UnsupportedConstructException e) {
            return new FullPlan(facts, List.of(e.construct()));
        } catch (StackOverflowError e) {
            return new FullPlan(facts, List.of(TOO_MANY_PARTS));
        }
    }

    /** The tables beside the visible one have columns of ours, too; a query PostgreSQL has just enough room for leaves none to them. */
    private static void checkWidth(PlanBuilder builder, Map<Long, String> names) throws UnsupportedConstructException {
        for (SourceUse source : builder.sources()) {
            if (source.columns().size() > WIDEST - OWN_COLUMNS) {
                throw new UnsupportedConstructException("%d columns of %s, of whose changes only %d can be kept"
                        .formatted(source.columns().size(), names.get(source.relation()), WIDEST - OWN_COLUMNS));
            }
        }
        for (Aggregate stage : builder.stages()) {
            // its programs list old values beside new ones, and both beside what is gathered for them
            int keys = stage.keys().stream().mapToInt(key -> Identity.exactEquality(key.type()) ? 1 : 3).sum();
            int accumulators = stage.accumulators().size();
            long gathered = stage.accumulators().stream().flatMap(accumulator -> accumulator.gathered().stream()).distinct().count();
            if (keys + accumulators + Math.max(accumulators, gathered) > WIDEST - OWN_COLUMNS) {
                throw new UnsupportedConstructException("too many columns: " + stage.keys().size() + " to group by and "
                        + stage.calls().size() + " aggregates");
            }
        }
    }

    private static Map<Long, String> names(QueryFacts facts) {
        return facts.relations().stream()
                .collect(Collectors.toMap(RelationFacts::oid, relation -> relation.schema() + "." + relation.name()));
    }

    private static Apply apply(Output output, List<ColumnFacts> declared) {
        List<Output.Column> derived = output.columns();
        List<ColumnFacts> columns = new ArrayList<>();
        for (int i = 0; i < declared.size(); i++) {
            ColumnFacts column = declared.get(i);
            columns.add(new ColumnFacts(
                    column.name(), column.type(), column.notNull() || derived.get(i).notNull()));
        }
        Optional<Keys.Key> key = Keys.of(output);
        if (key.isPresent()) {
            return new KeyApply(columns, key.get().positions(), indexable(key.get(), columns), isGrouping(output));
        }
        return Keys.anchor(output)
                .filter(anchor -> indexable(anchor, columns))
                .<Apply>map(anchor -> new AnchorApply(columns, anchor.positions()))
                .orElseGet(() -> new BagApply(columns));
    }

    /** Whether an index on the columns themselves finds rows: NOT NULL, and of a size an index can take. */
    private static boolean indexable(Keys.Key key, List<ColumnFacts> columns) {
        return key.positions().stream().allMatch(i -> columns.get(i).notNull()
                && (key.indexed() || columns.get(i).type().length() > 0));
    }

    /** A select list over one stage: its changes are at most one old and one new row for each key. */
    private static boolean isGrouping(Output output) {
        if (output instanceof Project project) {
            Scope input = project.input() instanceof Filter filter ? filter.input() : project.input();
            return input instanceof Aggregate;
        }
        return false;
    }
}
