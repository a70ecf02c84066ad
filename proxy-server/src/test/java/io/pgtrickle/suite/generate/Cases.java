// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.suite.generate;

import io.pgtrickle.suite.generate.Case.Batch;
import io.pgtrickle.suite.generate.Case.Creation;
import io.pgtrickle.suite.generate.Case.End;
import io.pgtrickle.suite.generate.Case.RefreshStyle;
import io.pgtrickle.suite.generate.Case.Round;
import io.pgtrickle.suite.generate.Case.View;
import io.pgtrickle.suite.generate.Rel.Source;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;

/** A case from a seed: the same seed always gives the same case. */
final class Cases {

    private static final List<String> COLUMN_NAMES = List.of("a", "b", "c", "d", "e", "f", "g");
    private static final List<String> ODD_NAMES = List.of("\"Mixed Case\"", "\"select\"", "action", "\"quo\"\"te\"", "new_x", "\"größe\"");
    private static final List<String> BEGINS = List.of("BEGIN", "BEGIN", "BEGIN ISOLATION LEVEL REPEATABLE READ", "BEGIN ISOLATION LEVEL SERIALIZABLE");

    private final RandomGenerator random;
    private final Expressions expressions;

    private Cases(long seed) {
        this.random = new SplittableRandom(seed);
        this.expressions = new Expressions(random);
    }

    static Case of(long seed) {
        return new Cases(seed).make(seed);
    }

    private Case make(long seed) {
        List<Table> tables = new ArrayList<>();
        int count = random.nextInt(1, 4);
        for (int i = 1; i <= count; i++) {
            tables.add(table("t" + i));
        }
        List<Source> sources = new ArrayList<>();
        tables.forEach(t -> sources.add(new Source(t.name(), t.columns(), 15)));
        List<View> views = new ArrayList<>();
        if (expressions.chance(15)) {
            Rel body = new Queries(random, sources, tables).query(1);
            views.add(new View("v1", body));
            sources.add(new Source("v1", body.columns(), Queries.size(body)));
        }
        List<Rel> streams = new ArrayList<>();
        streams.add(new Queries(random, sources, tables).query(random.nextInt(1, 5) - random.nextInt(2)));
        if (expressions.chance(20)) {
            Source first = new Source(Case.streamName(0), streams.getFirst().columns(), Queries.size(streams.getFirst()));
            sources.add(first);
            sources.add(first);
            streams.add(new Queries(random, sources, tables).query(1));
        }
        return new Case(seed, tables, views, streams, creation(tables), rounds(tables, streams.size()));
    }

    private Table table(String name) {
        List<Column> columns = new ArrayList<>();
        List<String> key = new ArrayList<>();
        int kind = random.nextInt(100);
        boolean partitioned = kind >= 92;
        if (kind < 45 || partitioned) {
            columns.add(Column.of("id", Type.INT));
            key.add("id");
        } else if (kind < 60) {
            columns.add(Column.of("k1", expressions.chance(70) ? Type.INT : Type.TEXT));
            columns.add(Column.of("k2", expressions.pick(List.of(Type.INT, Type.TEXT, Type.DATE, Type.NUMERIC))));
            key.addAll(List.of("k1", "k2"));
        }
        int width = random.nextInt(key.isEmpty() ? 1 : 0, 5);
        for (int i = 0; i < width; i++) {
            String columnName = expressions.chance(8) ? ODD_NAMES.get(random.nextInt(ODD_NAMES.size())) : COLUMN_NAMES.get(i);
            Type type = expressions.chance(45)
                    ? expressions.pick(List.of(Type.INT, Type.INT, Type.TEXT))
                    : expressions.pick(List.of(Type.values()));
            if (columns.stream().noneMatch(c -> c.name().equals(columnName))) {
                columns.add(Column.of(columnName, type));
            }
        }
        Table table = new Table(name, List.copyOf(columns), List.copyOf(key), !partitioned && expressions.chance(8), partitioned, List.of());
        return table.withRows(Changes.rows(random, table, random.nextInt(10) == 0 ? 0 : random.nextInt(3, 14)));
    }

    private Creation creation(List<Table> tables) {
        if (expressions.chance(75)) {
            return new Creation(Optional.empty(), List.of(), List.of());
        }
        Changes changes = new Changes(random, tables, 0);
        return new Creation(
                Optional.of(expressions.pick(BEGINS)), changes.batch(random.nextInt(3), true, false), changes.batch(random.nextInt(3), true, false));
    }

    private List<Round> rounds(List<Table> tables, int streams) {
        Changes changes = new Changes(random, tables, streams);
        List<Round> rounds = new ArrayList<>();
        int count = random.nextInt(2, 5);
        for (int i = 0; i < count; i++) {
            List<Batch> batches = new ArrayList<>();
            int size = random.nextInt(1, 4);
            for (int j = 0; j < size; j++) {
                boolean held = j == 0 && i + 1 < count && expressions.chance(12);
                boolean block = held || expressions.chance(65);
                End end = held ? End.HELD : block && expressions.chance(15) ? End.ROLLBACK : End.COMMIT;
                batches.add(new Batch(
                        block ? Optional.of(expressions.pick(BEGINS)) : Optional.empty(), changes.batch(random.nextInt(1, 5), block, held), end));
            }
            rounds.add(new Round(List.copyOf(batches), expressions.pick(List.of(RefreshStyle.values()))));
        }
        return rounds;
    }
}
