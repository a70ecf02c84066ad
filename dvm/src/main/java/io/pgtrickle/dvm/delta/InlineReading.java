// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.delta;

import io.pgtrickle.dvm.operator.Aggregate;
import io.pgtrickle.dvm.operator.Reading;
import io.pgtrickle.dvm.operator.Rows;
import io.pgtrickle.dvm.operator.Scan;
import io.pgtrickle.dvm.operator.Select;
import io.pgtrickle.sql.render.QueryRenderer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Reads everything from the tables, stages as subqueries: the defining query again, without any state. */
public final class InlineReading implements Reading {

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
        List<String> expressions = new ArrayList<>();
        List<String> names = new ArrayList<>();
        stage.keys().forEach(key -> {
            expressions.add(QueryRenderer.expression(key.expression()));
            names.add(key.name());
        });
        stage.calls().forEach(call -> {
            expressions.add(call.text());
            names.add(call.name());
        });
        Rows rows = stage.input().rows(Time.NOW, this);
        return "(" + new Select(rows, expressions, names).sql(false) + groupBy(stage.keys().stream()
                .map(key -> QueryRenderer.expression(key.expression()))) + ") AS " + stage.name();
    }

    static String groupBy(Stream<String> keys) {
        String list = keys.collect(Collectors.joining(", "));
        return list.isEmpty() ? "" : "\nGROUP BY " + list;
    }
}
