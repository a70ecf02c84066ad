// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.conversation;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgtrickle.wire.frontend.FrontendMessage;
import io.pgtrickle.wire.frontend.FrontendMessage.Bind;
import io.pgtrickle.wire.frontend.FrontendMessage.Close;
import io.pgtrickle.wire.frontend.FrontendMessage.Describe;
import io.pgtrickle.wire.frontend.FrontendMessage.Execute;
import io.pgtrickle.wire.frontend.FrontendMessage.Parse;
import io.pgtrickle.wire.frontend.FrontendMessage.Query;
import io.pgtrickle.wire.frontend.FrontendMessage.Sync;
import io.pgtrickle.wire.frontend.FrontendMessage.Target;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * SQL and protocol have one space of names for prepared statements, and a client in transaction pooling has it for itself, although
 * another client with the same names uses its server connection before each of its turns.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class StatementNamesIT {

    /**
     * What a client says, turn by turn.
     *
     * @param holds whether it holds the only connection between turns
     */
    record Talk(String name, boolean holds, Consumer<Turns> turns) {
        @Override
        public String toString() {
            return name;
        }
    }

    /** A client's turns, and what comes back, a line for each message. */
    static final class Turns {
        private final RawClient client;
        private final List<String> answers = new ArrayList<>();

        Turns(RawClient client) {
            this.client = client;
        }

        Turns query(String sql) {
            answers.addAll(client.query(sql));
            return this;
        }

        Turns batch(FrontendMessage... messages) {
            answers.addAll(client.pipeline(messages));
            return this;
        }

        Turns prepare(String name, String sql) {
            return batch(parse(name, sql));
        }

        /** In the extended protocol. */
        Turns execute(String sql) {
            return batch(parse("", sql), bind(""), RUN);
        }

        Turns run(String name, String... values) {
            return batch(bind(name, values), RUN);
        }

        /** Without waiting for the answers. */
        Turns atOnce(int answersReady, FrontendMessage... messages) {
            client.send(messages);
            for (int i = 0; i < answersReady; i++) {
                answers.addAll(client.untilReady());
            }
            return this;
        }
    }

    /** One char per byte. */
    private static final String TWELVE = new String("Zwölf \"1\"".getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);

    private static final Execute RUN = new Execute("", 0);

    private Proxy proxy;

    @TempDir
    private static Path directory;

    @BeforeAll
    void start() throws IOException {
        proxy = new Proxy(PooledProxy.config(directory, "pool_mode = transaction", "default_pool_size = 1", "max_prepared_statements = 5"));
    }

    @AfterAll
    void stop() {
        proxy.close();
    }

    private static Parse parse(String name, String sql) {
        return new Parse(name, sql, List.of());
    }

    private static Bind bind(String statement, String... values) {
        return Bind.ofText("", statement, List.of(values), StandardCharsets.UTF_8);
    }

    private static Talk talk(String name, Consumer<Turns> turns) {
        return new Talk(name, false, turns);
    }

    private static Talk holding(String name, Consumer<Turns> turns) {
        return new Talk(name, true, turns);
    }

    static Stream<Talk> talks() {
        return Stream.concat(Stream.concat(extended(), simple()), Stream.concat(preparedInSql(), unnamed()));
    }

    private static Stream<Talk> extended() {
        return Stream.of(
                talk("EXECUTE and DEALLOCATE in the extended protocol", turns -> turns.prepare("s", "SELECT 1 AS one")
                        .execute("EXECUTE s")
                        .execute("DEALLOCATE s")
                        .run("s")
                        .prepare("s", "SELECT 2 AS two")
                        .run("s")),
                talk("EXECUTE and DEALLOCATE as prepared statements", turns -> turns.prepare("s", "SELECT $1::int + 1 AS n")
                        .batch(parse("e", "EXECUTE s(4)"), new Describe(Target.STATEMENT, "e"))
                        .batch(bind("e"), new Describe(Target.PORTAL, ""), RUN)
                        .prepare("d", "DEALLOCATE s")
                        .run("d")
                        .run("e")
                        .run("d")),
                talk("DEALLOCATE that an error takes back no more", turns -> turns.prepare("s", "SELECT 1")
                        .batch(parse("", "DEALLOCATE s"), bind(""), RUN, parse("", "SELECT 1/0"), bind(""), RUN)
                        .run("s")
                        .prepare("s", "SELECT 2")
                        .batch(parse("", "SELECT 1/0"), bind(""), RUN, parse("", "DEALLOCATE s"), bind(""), RUN)
                        .run("s")),
                talk("a name that is used again in one batch", turns -> turns.batch(
                                parse("s", "SELECT 1"), parse("", "DEALLOCATE s"), bind(""), RUN, parse("s", "SELECT 5"), bind("s"), RUN,
                                new Close(Target.STATEMENT, "s"), parse("s", "SELECT 6"), bind("s"), RUN)
                        .run("s")),
                talk("DEALLOCATE ALL with a Parse behind it", turns -> turns.prepare("s", "SELECT 2")
                        .batch(parse("d", "DEALLOCATE ALL"), bind("d"), RUN, parse("s", "SELECT 2"), bind("s"), RUN)
                        .run("s")
                        .run("d")),
                talk("DEALLOCATE ALL with a Bind behind it", turns -> turns.prepare("s", "SELECT 2")
                        .batch(parse("d", "DEALLOCATE ALL"), bind("d"), RUN, bind("s"), RUN)
                        .run("s")),
                talk("a statement that was read with other settings", turns -> turns.query("SET datestyle = 'ISO, DMY'")
                        .prepare("s", "SELECT '01/02/2020'::date")
                        .query("SET datestyle = 'ISO, MDY'")
                        .query("EXECUTE s")
                        .query("SELECT '01/02/2020'::date")
                        .query("DEALLOCATE s")),
                talk("a statement that executes another and is executed", turns -> turns.prepare("s", "SELECT 1")
                        .prepare("e", "EXECUTE s")
                        .prepare("d", "DEALLOCATE s")
                        .query("EXECUTE e")
                        .query("EXECUTE d")
                        .run("s")));
    }

    private static Stream<Talk> simple() {
        return Stream.of(
                talk("DEALLOCATE in a Query that fails later", turns -> turns.prepare("s", "SELECT 1")
                        .query("DEALLOCATE s; EXECUTE none")
                        .run("s")
                        .prepare("s", "SELECT 2")
                        .run("s")),
                talk("DEALLOCATE in a Query that fails before", turns -> turns.prepare("s", "SELECT 1")
                        .prepare("s_2", "SELECT 2")
                        .query("DEALLOCATE s; EXECUTE s; DEALLOCATE s_2")
                        .run("s")
                        .run("s_2")),
                talk("DEALLOCATE ALL with a Parse sent behind it", turns -> turns.prepare("s", "SELECT 1")
                        .atOnce(2, new Query("DEALLOCATE ALL"), parse("s", "SELECT 3"), bind("s"), RUN, new Sync())
                        .run("s")),
                talk("Queries and batches without waiting", turns -> turns.atOnce(
                                6, parse("s", "SELECT 1"), new Sync(), new Query("EXECUTE s"), new Query("DEALLOCATE s"),
                                parse("s", "SELECT 2"), bind("s"), RUN, new Sync(), new Query("DEALLOCATE s; SELECT 1/0"), bind("s"), RUN, new Sync())
                        .run("s")),
                talk("EXECUTE in a failed transaction", turns -> turns.prepare("s", "SELECT 1")
                        .query("BEGIN")
                        .query("SELECT 1/0")
                        .query("EXECUTE s")
                        .query("DEALLOCATE s")
                        .query("ROLLBACK; DEALLOCATE s")
                        .run("s")),
                talk("EXECUTE of what cannot be run any more", turns -> turns.query("CREATE TABLE gone (a int)")
                        .prepare("s", "SELECT * FROM gone")
                        .query("DROP TABLE gone")
                        .query("EXECUTE s")
                        .query("BEGIN")
                        .query("EXECUTE s")
                        .query("COMMIT")
                        .query("DEALLOCATE s")
                        .run("s")),
                talk("EXPLAIN EXECUTE and CREATE TABLE AS EXECUTE", turns -> turns.prepare("s", "SELECT 1 AS a")
                        .query("BEGIN")
                        .query("EXPLAIN (COSTS OFF) EXECUTE s")
                        .query("CREATE TABLE executed AS EXECUTE s")
                        .query("TABLE executed")
                        .query("DEALLOCATE PREPARE s")
                        .query("ROLLBACK")
                        .run("s")),
                talk("positions of errors behind a name", turns -> turns.prepare("s", "SELECT 1")
                        .query("EXECUTE s; SELECT nope")
                        .query("DEALLOCATE s; SELECT nope")),
                talk("names with quotes and other letters", turns -> turns.prepare(TWELVE, "SELECT 12")
                        .query("EXECUTE \"Zwölf \"\"1\"\"\"")
                        .query("DEALLOCATE \"Zwölf \"\"1\"\"\"")
                        .run(TWELVE)),
                talk("two names for one text", turns -> turns.batch(parse("a", "SELECT $1::int"), parse("b", "SELECT $1::int"))
                        .prepare("b", "SELECT 2")
                        .run("b")
                        .run("a")
                        .prepare("a", "SELECT nope")));
    }

    private static Stream<Talk> preparedInSql() {
        return Stream.of(
                holding("PREPARE of a name taken in the protocol", turns -> turns.prepare("s", "SELECT 1")
                        .query("PREPARE s AS SELECT 7")
                        .execute("PREPARE s AS SELECT 7")
                        .run("s")
                        .query("DEALLOCATE s; PREPARE s AS SELECT 8")
                        .run("s")
                        .query("DEALLOCATE s")),
                holding("Parse of a name taken by PREPARE", turns -> turns.query("PREPARE s AS SELECT 7")
                        .prepare("s", "SELECT 9")
                        .prepare("s", "SELECT nope")
                        .query("DEALLOCATE s")
                        .prepare("s", "SELECT 9")
                        .run("s")),
                holding("the same in a transaction", turns -> turns.query("BEGIN; PREPARE s AS SELECT 7")
                        .prepare("s", "SELECT 9")
                        .query("ROLLBACK")
                        .prepare("s", "SELECT 9")
                        .query("DEALLOCATE s")));
    }

    private static Stream<Talk> unnamed() {
        return Stream.of(
                talk("DEALLOCATE ALL leaves the unnamed statement", turns -> turns.execute("DEALLOCATE ALL").run("").execute("DISCARD ALL").run("")),
                talk("Parse messages of the unnamed statement that are skipped", turns -> turns.prepare("", "SELECT 1")
                        .batch(bind("none"), RUN, parse("", "SELECT 2"), new Close(Target.STATEMENT, ""), parse("", "SELECT 3"))
                        .run("")
                        .batch(parse("", "SELECT 4"), bind("none"), RUN, parse("", "SELECT 5"))
                        .run("")
                        .batch(parse("", "SELECT 6"), parse("", "SELECT nope"), parse("", "SELECT 7"))
                        .run("")),
                talk("a Close of the unnamed statement that is skipped", turns -> turns.prepare("", "SELECT 1")
                        .batch(bind("none"), RUN, new Close(Target.STATEMENT, ""))
                        .run("")
                        .batch(new Close(Target.STATEMENT, ""))
                        .run("")));
    }

    @ParameterizedTest
    @MethodSource("talks")
    void the_same_as_on_a_connection_of_its_own(Talk talk) {
        try (RawClient direct = proxy.direct();
                RawClient other = proxy.client();
                RawClient client = proxy.client()) {
            var expected = new Turns(direct);
            talk.turns.accept(expected);
            other.pipeline(parse("s", "SELECT 'foreign'"), parse("", "SELECT 'foreign'"));
            if (!talk.holds) {
                client.beforeEachTurn(() -> seesOnlyItsOwn(other));
            }
            var actual = new Turns(client);
            talk.turns.accept(actual);
            assertThat(actual.answers).isEqualTo(expected.answers);
            client.close();
            seesOnlyItsOwn(other);
        }
    }

    /** Also that no names of others are in its way. */
    private static void seesOnlyItsOwn(RawClient other) {
        assertThat(other.pipeline(bind("s"), RUN)).contains("D foreign");
        assertThat(other.pipeline(
                        parse("", "SELECT name FROM pg_prepared_statements WHERE name NOT LIKE 'pgtrickle%'"), bind(""), RUN))
                .containsExactly("1", "2", "C SELECT 0", "Z I");
        other.pipeline(parse("", "SELECT 'foreign'"));
    }

    /** What would have made room for it was skipped because of an error before it. */
    @Test
    void the_unnamed_statement_of_others_is_out_of_reach() throws IOException {
        try (var single = new Proxy(PooledProxy.config(directory, "pool_mode = transaction", "default_pool_size = 1"));
                RawClient client = single.client();
                RawClient newcomer = single.client();
                RawClient other = single.client()) {
            client.pipeline(parse("", "SELECT 'mine'"));
            other.pipeline(parse("", "SELECT 'foreign'"));
            client.pipeline(bind("none"), bind(""), RUN);
            assertThat(client.pipeline(bind(""), RUN)).contains("D mine");
            other.pipeline(parse("", "SELECT 'foreign'"));
            newcomer.pipeline(bind("none"), bind(""), RUN);
            assertThat(newcomer.pipeline(bind(""), RUN)).contains("E ERROR 26000 unnamed prepared statement does not exist");
        }
    }
}
