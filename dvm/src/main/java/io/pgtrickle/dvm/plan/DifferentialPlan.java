// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.plan;

import io.pgtrickle.dvm.apply.Apply;
import io.pgtrickle.dvm.apply.KeyApply;
import io.pgtrickle.dvm.delta.Differentiator;
import io.pgtrickle.dvm.frontier.Slice;
import io.pgtrickle.dvm.operator.Aggregate;
import io.pgtrickle.dvm.operator.Output;
import io.pgtrickle.sql.render.Quoting;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The plan of a query whose changes follow from the changes of its tables. */
final class DifferentialPlan implements StreamPlan {

    private final List<Aggregate> stages;
    private final List<SourceUse> sources;
    private final Apply apply;
    private final Differentiator differentiator;

    DifferentialPlan(
            Output output,
            List<Aggregate> stages,
            List<SourceUse> sources,
            Map<Long, String> tableNames,
            Apply apply) {
        this.stages = List.copyOf(stages);
        this.sources = List.copyOf(sources);
        this.apply = apply;
        this.differentiator = new Differentiator(output, stages, sources, tableNames, apply);
    }

    @Override
    public boolean differential() {
        return true;
    }

    @Override
    public List<String> fullReasons() {
        return List.of();
    }

    @Override
    public List<SourceUse> sources() {
        return sources;
    }

    @Override
    public List<StateTable> stateTables() {
        return stages.stream()
                .map(stage -> new StateTable(Differentiator.suffix(stage), stage.words()))
                .toList();
    }

    @Override
    public Optional<List<String>> key() {
        return apply instanceof KeyApply byKey
                ? Optional.of(byKey.key().stream().map(i -> byKey.columns().get(i).name()).toList())
                : Optional.empty();
    }

    @Override
    public List<String> description() {
        List<String> lines = new ArrayList<>();
        for (Aggregate stage : stages) {
            lines.add("stage " + stage.number() + ": " + stage.words());
            for (Aggregate.Call call : stage.calls()) {
                String strategy = stage.accumulators().stream()
                        .filter(accumulator -> accumulator.column().equals(call.column()))
                        .findFirst()
                        .map(accumulator -> accumulator.strategy())
                        .orElse("added up");
                lines.add("stage " + stage.number() + ": " + call.text() + " is " + strategy);
            }
        }
        lines.add("apply: " + apply.description());
        return lines;
    }

    @Override
    public List<String> stateTableDdl(Target target) {
        return differentiator.stateTableDdl(target);
    }

    @Override
    public List<String> indexDdl(Target target) {
        return apply.indexDdl(Quoting.qualified(target.table()));
    }

    @Override
    public String differential(Target target, Map<Long, Slice> slices) {
        return differentiator.differential(target, slices);
    }

    @Override
    public boolean tooManyTogether(Set<Long> relations) {
        return differentiator.tooManyTerms(relations);
    }

    @Override
    public int changedTogether(Set<Long> relations) {
        return differentiator.changedTogether(relations);
    }

    @Override
    public String full(Target target) {
        return differentiator.full(target);
    }
}
