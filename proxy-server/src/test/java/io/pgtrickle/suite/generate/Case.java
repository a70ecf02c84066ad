// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.suite.generate;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * A generated test: tables with rows, views, stream tables over them, and rounds of changes, each ended by a refresh of every
 * stream table. Everything a failure needs to be repeated; {@link #script} prints it for psql.
 *
 * @param streams the defining queries; {@code st2} may read {@code st1}
 */
record Case(long seed, List<Table> tables, List<View> views, List<Rel> streams, Creation creation, List<Round> rounds) {

    record View(String name, Rel query) {}

    /**
     * How the stream tables come to be.
     *
     * @param begin the BEGIN of the block they are created in; empty for autocommit
     * @param before changes in that block before they are created
     * @param after and after
     */
    record Creation(Optional<String> begin, List<Change> before, List<Change> after) {}

    /** Batches, then a refresh of every stream table and a comparison. */
    record Round(List<Batch> batches, RefreshStyle refresh) {}

    /** @param begin empty: every change is a transaction of its own */
    record Batch(Optional<String> begin, List<Change> changes, End end) {}

    enum End {
        COMMIT,
        ROLLBACK,
        /** Runs in a second session and commits only after the round's refresh. */
        HELD
    }

    /** How the refresh at the end of a round is asked for. */
    enum RefreshStyle {
        PLAIN("REFRESH MATERIALIZED VIEW %s", false),
        CONCURRENTLY("REFRESH MATERIALIZED VIEW CONCURRENTLY %s", false),
        FUNCTION("SELECT pgtrickle.refresh_stream_table('%s')", false),
        IN_BLOCK("REFRESH MATERIALIZED VIEW %s", true);

        private final String format;
        final boolean block;

        RefreshStyle(String format, boolean block) {
            this.format = format;
            this.block = block;
        }

        String sql(String stream) {
            return format.formatted(stream);
        }
    }

    static String streamName(int stream) {
        return "st" + (stream + 1);
    }

    String createStream(int stream) {
        return "CREATE MATERIALIZED VIEW " + streamName(stream)
                + " WITH (pgtrickle.stream = true, pgtrickle.mode = 'DIFFERENTIAL', pgtrickle.schedule = '1h') AS\n"
                + streams.get(stream).sql();
    }

    List<String> setUp() {
        List<String> statements = new ArrayList<>();
        for (Table table : tables) {
            statements.addAll(table.ddl());
            if (!table.rows().isEmpty()) {
                statements.add("INSERT INTO " + table.name() + " VALUES "
                        + table.rows().stream().map(table::tuple).collect(Collectors.joining(",\n  ")));
            }
        }
        views.forEach(v -> statements.add("CREATE VIEW " + v.name + " AS " + v.query.sql()));
        return statements;
    }

    /** The whole case as a script for psql; a statement that fails inside a block is undone alone, as the runner does it. */
    String script() {
        StringBuilder script = new StringBuilder("-- seed " + seed + "\n\\set ON_ERROR_ROLLBACK on\n");
        setUp().forEach(s -> script.append(s).append(";\n"));
        creation.begin.ifPresent(b -> script.append(b).append(";\n"));
        creation.before.forEach(c -> script.append(c.sql()).append(";\n"));
        for (int i = 0; i < streams.size(); i++) {
            script.append(createStream(i)).append(";\n");
        }
        creation.after.forEach(c -> script.append(c.sql()).append(";\n"));
        creation.begin.ifPresent(b -> script.append("COMMIT;\n"));
        rounds.forEach(round -> append(script, round));
        return script.toString().replace("\\.;", "\\.");
    }

    private void append(StringBuilder script, Round round) {
        for (Batch batch : round.batches) {
            script.append(batch.end == End.HELD ? "-- in a second session:\n" : "");
            batch.begin.ifPresent(b -> script.append(b).append(";\n"));
            batch.changes.forEach(c -> script.append(c.sql()).append(";\n"));
            batch.begin.ifPresent(b -> script.append(switch (batch.end) {
                case COMMIT -> "COMMIT;\n";
                case ROLLBACK -> "ROLLBACK;\n";
                case HELD -> "-- the second session commits after the refresh\n";
            }));
        }
        for (int i = 0; i < streams.size(); i++) {
            script.append(round.refresh.block ? "BEGIN ISOLATION LEVEL REPEATABLE READ; " : "")
                    .append(round.refresh.sql(streamName(i)))
                    .append(round.refresh.block ? "; COMMIT;\n" : ";\n");
        }
    }
}
