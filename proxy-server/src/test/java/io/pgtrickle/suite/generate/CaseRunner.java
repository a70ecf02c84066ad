// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.suite.generate;

import io.pgtrickle.suite.Client;
import io.pgtrickle.suite.Door;
import io.pgtrickle.suite.SqlError;
import io.pgtrickle.suite.generate.Case.Batch;
import io.pgtrickle.suite.generate.Case.End;
import io.pgtrickle.suite.generate.Case.Round;
import io.pgtrickle.suite.generate.Change.Copy;
import io.pgtrickle.suite.generate.Change.Insert;
import io.pgtrickle.suite.generate.Change.Merge;
import io.pgtrickle.suite.generate.Change.Nested;
import io.pgtrickle.suite.generate.Change.Plain;
import io.pgtrickle.suite.generate.Change.Refresh;
import io.pgtrickle.suite.generate.Outcome.Abandoned;
import io.pgtrickle.suite.generate.Outcome.Failed;
import io.pgtrickle.suite.generate.Outcome.Invalid;
import io.pgtrickle.suite.generate.Outcome.Passed;
import io.pgtrickle.suite.generate.Outcome.Unsupported;
import io.pgtrickle.suite.oracle.Difference;
import io.pgtrickle.suite.oracle.Oracle;
import java.util.List;
import java.util.Set;

/**
 * Runs a case through a door in a schema of its own and compares every stream table with its query after every refresh.
 * A second session holds transactions open across refreshes. Not thread-safe.
 */
final class CaseRunner implements AutoCloseable {

    /** Errors that changes may run into, by SQLSTATE or class: data, constraints, cardinality, locks, serialization. */
    private static final Set<String> EXPECTED = Set.of("22", "23", "21", "40", "55P03", "25P02");

    private static final String TIMEOUT = "57014";

    private static final int ATTEMPTS = 4;

    private final Client main;
    private final Client second;
    private final boolean catalog;
    private int schemas;
    private int refreshes;
    private int full;

    /** @param catalog whether the door keeps pgtrickle's catalog (a fake has none) */
    CaseRunner(Door door, String database, String role, boolean catalog) {
        this.main = door.connect(database, role);
        this.second = door.connect(database, role);
        this.catalog = catalog;
        for (Client client : List.of(main, second)) {
            client.run("SET statement_timeout = '10s'");
            client.run("SET client_min_messages = warning");
        }
        if (catalog) {
            install();
        }
    }

    /** So that no case begins with the installation of the catalog, which a REPEATABLE READ block would not see. */
    private void install() {
        main.run("CREATE SCHEMA installing");
        main.run("CREATE TABLE installing.t (a integer)");
        main.run("CREATE MATERIALIZED VIEW installing.v WITH (pgtrickle.stream = true, pgtrickle.schedule = '1h') AS SELECT a FROM installing.t");
        main.run("DROP MATERIALIZED VIEW installing.v");
        main.run("DROP SCHEMA installing CASCADE");
    }

    Outcome run(Case test) {
        refreshes = 0;
        full = 0;
        String schema = "case_" + ++schemas;
        main.run("CREATE SCHEMA " + schema);
        for (Client client : List.of(main, second)) {
            client.run("SET search_path = " + schema);
        }
        try {
            return prepareAndRun(test);
        } catch (Finding finding) {
            return finding.outcome;
        } catch (SerializationFailure e) {
            return new Failed("REFRESH 40001", "outside a block: " + e.error.getMessage());
        } finally {
            second.run("ROLLBACK");
            main.run("ROLLBACK");
            main.run("RESET lock_timeout");
            cleanUp(test, schema);
        }
    }

    private Outcome prepareAndRun(Case test) {
        try {
            test.setUp().forEach(main::run);
            main.run("BEGIN");
            for (int i = 0; i < test.streams().size(); i++) {
                main.run("CREATE VIEW " + Case.streamName(i) + " AS " + test.streams().get(i).sql());
                main.run("SELECT * FROM " + Case.streamName(i));
            }
            main.run("ROLLBACK");
        } catch (SqlError e) {
            return new Invalid(e.getMessage() + "\n" + test.script());
        }
        create(test);
        for (Round round : test.rounds()) {
            round(test, round);
        }
        return new Passed(refreshes, full);
    }

    private void create(Case test) {
        boolean block = test.creation().begin().isPresent();
        test.creation().begin().ifPresent(main::run);
        changes(main, test, test.creation().before(), block);
        for (int i = 0; i < test.streams().size(); i++) {
            try {
                main.run(test.createStream(i));
            } catch (SqlError e) {
                if (e.sqlState().equals("0A000")) {
                    throw new Finding(new Unsupported(e.text() + " (" + e.detail() + ")"));
                }
                throw unexpected("CREATE", test.createStream(i), e);
            }
            compare(main, test, i, "after CREATE");
        }
        changes(main, test, test.creation().after(), block);
        if (block) {
            commit(main);
        }
    }

    private void round(Case test, Round round) {
        boolean held = false;
        for (Batch batch : round.batches()) {
            Client client = batch.end() == End.HELD ? second : main;
            if (batch.end() == End.HELD) {
                held = true;
                main.run("SET lock_timeout = '20ms'");
            }
            batch.begin().ifPresent(client::run);
            changes(client, test, batch.changes(), batch.begin().isPresent());
            switch (batch.end()) {
                case COMMIT -> {
                    if (batch.begin().isPresent()) {
                        commit(client);
                    }
                }
                case ROLLBACK -> client.run("ROLLBACK");
                case HELD -> {}
            }
        }
        for (int i = 0; i < test.streams().size(); i++) {
            String sql = round.refresh().sql(Case.streamName(i));
            if (round.refresh().block) {
                refreshInBlock(test, i, sql);
            } else {
                refresh(main, test, i, sql);
            }
        }
        if (held) {
            commit(second);
            main.run("RESET lock_timeout");
        }
    }

    /** Repeated, as any REPEATABLE READ block has to be, if the scheduler has written to the catalog meanwhile. */
    private void refreshInBlock(Case test, int stream, String sql) {
        for (int attempt = 1; ; attempt++) {
            main.run("BEGIN ISOLATION LEVEL REPEATABLE READ");
            try {
                refresh(main, test, stream, sql);
                main.run("COMMIT");
                return;
            } catch (SerializationFailure e) {
                main.run("ROLLBACK");
                if (attempt == ATTEMPTS) {
                    throw unexpected("REFRESH", sql, e.error);
                }
            }
        }
    }

    private static void commit(Client client) {
        try {
            client.run("COMMIT");
        } catch (SqlError e) {
            if (!e.sqlState().startsWith("40") && !e.sqlState().startsWith("23")) {
                throw unexpected("COMMIT", "COMMIT", e);
            }
        }
    }

    private void refresh(Client client, Case test, int stream, String sql) {
        try {
            client.run(sql);
        } catch (SqlError e) {
            if (e.sqlState().equals(TIMEOUT)) {
                abandonIfSlow(client, test, stream);
            }
            if (e.sqlState().equals("40001")) {
                throw new SerializationFailure(e);
            }
            throw unexpected("REFRESH", sql, e);
        }
        refreshes++;
        if (catalog) {
            full = recomputations(client);
        }
        compare(client, test, stream, "after " + sql);
    }

    /** Since the case began, the initial ones left out. */
    private static int recomputations(Client client) {
        return Integer.parseInt(String.valueOf(client.query(
                "SELECT count(*) FROM pgtrickle.pgt_refresh_history h JOIN pgtrickle.pgt_stream_tables s USING (pgt_id) "
                        + "WHERE h.action IN ('FULL', 'REINITIALIZE') AND h.initiated_by <> 'INITIAL' AND s.pgt_schema = current_schema()").single()));
    }

    private static void abandonIfSlow(Client client, Case test, int stream) {
        client.run("ROLLBACK");
        try {
            client.run("SET statement_timeout = '2s'");
            client.run("SELECT count(*) FROM (" + test.streams().get(stream).sql() + ") q");
        } catch (SqlError e) {
            throw new Finding(new Abandoned());
        } finally {
            client.run("SET statement_timeout = '10s'");
        }
    }

    private static void compare(Client client, Case test, int stream, String when) {
        Difference difference;
        try {
            difference = Oracle.exact().compare(client, Case.streamName(stream), test.streams().get(stream).sql());
        } catch (SqlError e) {
            if (e.sqlState().equals(TIMEOUT)) {
                throw new Finding(new Abandoned());
            }
            throw unexpected("comparison", test.streams().get(stream).sql(), e);
        }
        if (!difference.isEmpty()) {
            throw new Finding(new Failed(
                    "difference", Case.streamName(stream) + " differs from its query " + when + "\n" + difference.describe()));
        }
    }

    private void changes(Client client, Case test, List<Change> changes, boolean block) {
        for (Change change : changes) {
            try {
                if (block && !(change instanceof Nested)) {
                    client.run("SAVEPOINT statement");
                }
                apply(client, test, change);
                if (block && !(change instanceof Nested)) {
                    client.run("RELEASE SAVEPOINT statement");
                }
            } catch (SerializationFailure e) {
                if (!block) {
                    throw unexpected("change", change.sql(), e.error);
                }
                client.run("ROLLBACK TO SAVEPOINT " + (change instanceof Nested ? "nested" : "statement"));
            } catch (SqlError e) {
                if (EXPECTED.stream().noneMatch(e.sqlState()::startsWith)) {
                    throw unexpected("change", change.sql(), e);
                }
                if (block) {
                    client.run("ROLLBACK TO SAVEPOINT " + (change instanceof Nested ? "nested" : "statement"));
                }
            }
        }
    }

    private void apply(Client client, Case test, Change change) {
        switch (change) {
            case Insert insert -> client.run(insert.sql());
            case Merge merge -> client.run(merge.sql());
            case Plain plain -> client.run(plain.sql());
            case Copy copy -> client.copyIn(copy.command(), copy.data());
            case Refresh refresh -> refresh(client, test, refresh.stream(), refresh.sql());
            case Nested nested -> {
                client.run("SAVEPOINT nested");
                for (Change inner : nested.changes()) {
                    apply(client, test, inner);
                }
                client.run(nested.rollback() ? "ROLLBACK TO SAVEPOINT nested" : "RELEASE SAVEPOINT nested");
            }
        }
    }

    private static Finding unexpected(String what, String sql, SqlError e) {
        return new Finding(new Failed(what + " " + e.sqlState(), e.getMessage() + "\nat: " + sql));
    }

    /** Dropping must work too: what remains would disturb the next case. */
    private void cleanUp(Case test, String schema) {
        for (int i = test.streams().size() - 1; i >= 0; i--) {
            main.run("DROP MATERIALIZED VIEW IF EXISTS " + Case.streamName(i));
        }
        main.run("DROP SCHEMA " + schema + " CASCADE");
    }

    @Override
    public void close() {
        main.close();
        second.close();
    }

    /** The block's snapshot is older than something it wants to write. */
    private static final class SerializationFailure extends RuntimeException {
        private final transient SqlError error;

        SerializationFailure(SqlError error) {
            super(error);
            this.error = error;
        }
    }

    /** Ends a case early. */
    private static final class Finding extends RuntimeException {
        private final transient Outcome outcome;

        Finding(Outcome outcome) {
            super(outcome.toString());
            this.outcome = outcome;
        }
    }
}
