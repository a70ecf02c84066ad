// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.delta;

import io.pgtrickle.dvm.operator.Aggregate;
import io.pgtrickle.dvm.operator.Reading;
import io.pgtrickle.dvm.operator.Scan;
import io.pgtrickle.dvm.plan.Target;
import java.util.List;
import java.util.Optional;

/** Reads tables as they are, and stages from the WITH queries of a full program. */
final class RecomputedReading implements Reading {

    private final Target target;

    RecomputedReading(Target target) {
        this.target = target;
    }

    @Override
    public boolean changed(Scan scan) {
        return false;
    }

    @Override
    public String changes(Scan scan) {
        throw new IllegalStateException("nothing changes here");
    }

    @Override
    public List<String> changedColumns(Scan scan) {
        throw new IllegalStateException("nothing changes here");
    }

    @Override
    public Optional<List<String>> changedKey(Scan scan) {
        throw new IllegalStateException("nothing changes here");
    }

    @Override
    public boolean changed(Aggregate stage) {
        return false;
    }

    @Override
    public String changes(Aggregate stage) {
        throw new IllegalStateException("nothing changes here");
    }

    @Override
    public String before(Aggregate stage) {
        return now(stage);
    }

    @Override
    public String now(Aggregate stage) {
        return Differentiator.stageSql(stage, target).recomputed();
    }
}
