// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.plan;

import io.pgtrickle.dvm.apply.Apply;
import io.pgtrickle.dvm.apply.BagApply;
import io.pgtrickle.dvm.delta.Differentiator;
import io.pgtrickle.dvm.frontier.Slice;
import io.pgtrickle.sql.render.Quoting;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The plan of a query the algebra does not cover: every refresh evaluates it and applies the difference. */
final class FullPlan implements StreamPlan {

    private final QueryFacts facts;
    private final List<String> reasons;
    private final Apply apply;

    FullPlan(QueryFacts facts, List<String> reasons) {
        this.facts = facts;
        this.reasons = List.copyOf(reasons);
        this.apply = new BagApply(facts.output());
    }

    @Override
    public boolean differential() {
        return false;
    }

    @Override
    public List<String> fullReasons() {
        return reasons;
    }

    @Override
    public List<SourceUse> sources() {
        return facts.relations().stream()
                .filter(relation -> relation.capturable() && relation.definition().isEmpty())
                .sorted(Comparator.comparingLong(RelationFacts::oid))
                .map(relation -> new SourceUse(relation.oid(), List.of()))
                .toList();
    }

    @Override
    public List<StateTable> stateTables() {
        return List.of();
    }

    @Override
    public Optional<List<String>> key() {
        return Optional.empty();
    }

    @Override
    public List<String> description() {
        List<String> lines = new ArrayList<>();
        reasons.forEach(reason -> lines.add("recomputed at every refresh because of " + reason));
        lines.add("apply: " + apply.description());
        return lines;
    }

    @Override
    public List<String> stateTableDdl(Target target) {
        return List.of();
    }

    @Override
    public List<String> indexDdl(Target target) {
        return apply.indexDdl(Quoting.qualified(target.table()));
    }

    @Override
    public String differential(Target target, Map<Long, Slice> slices) {
        throw new IllegalStateException("not differential: " + reasons);
    }

    @Override
    public boolean tooManyTogether(Set<Long> relations) {
        return true;
    }

    @Override
    public int changedTogether(Set<Long> relations) {
        return 0;
    }

    @Override
    public String full(Target target) {
        return Differentiator.recompute(apply, target);
    }
}
