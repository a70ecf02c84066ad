// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.delta;

import io.pgtrickle.dvm.operator.Aggregate;
import io.pgtrickle.dvm.operator.Reading;
import io.pgtrickle.dvm.operator.Scan;
import io.pgtrickle.dvm.plan.SourceUse;
import io.pgtrickle.dvm.plan.Target;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/** Reads changes from the WITH queries of a differential program, and stages from their state tables. */
final class ChangeReading implements Reading {

    private final Map<Long, Changes> changes = new HashMap<>();
    private final Target target;

    ChangeReading(List<Changes> changes, Target target) {
        changes.forEach(change -> this.changes.put(change.source().relation(), change));
        this.target = target;
    }

    @Override
    public boolean changed(Scan scan) {
        return changes.containsKey(scan.table().oid());
    }

    @Override
    public String changes(Scan scan) {
        return of(scan).name();
    }

    @Override
    public List<String> changedColumns(Scan scan) {
        return of(scan).source().columns();
    }

    @Override
    public Optional<List<String>> changedKey(Scan scan) {
        return of(scan).source().netting().flatMap(SourceUse.Netting::key);
    }

    private Changes of(Scan scan) {
        return Objects.requireNonNull(changes.get(scan.table().oid()));
    }

    @Override
    public boolean changed(Aggregate stage) {
        return stage.inputChanges(this);
    }

    @Override
    public String changes(Aggregate stage) {
        return stage.name() + "_changes";
    }

    @Override
    public String before(Aggregate stage) {
        return Differentiator.stageSql(stage, target).before();
    }

    @Override
    public String now(Aggregate stage) {
        return changed(stage) ? Differentiator.stageSql(stage, target).now() : before(stage);
    }
}
