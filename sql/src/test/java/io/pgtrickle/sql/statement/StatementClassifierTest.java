// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.sql.statement;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.pgtrickle.sql.lexer.RandomSql;
import io.pgtrickle.sql.statement.SqlStatement.Argument;
import io.pgtrickle.sql.statement.SqlStatement.CreateOrdinaryView;
import io.pgtrickle.sql.statement.SqlStatement.CreateStreamTable;
import io.pgtrickle.sql.statement.SqlStatement.DropMaterializedViews;
import io.pgtrickle.sql.statement.SqlStatement.FunctionCall;
import io.pgtrickle.sql.statement.SqlStatement.Passthrough;
import io.pgtrickle.sql.statement.SqlStatement.RefreshMaterializedView;
import io.pgtrickle.sql.statement.SqlStatement.StreamOption;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StatementClassifierTest {

    private static final StatementClassifier CLASSIFIER = new StatementClassifier();

    private static List<SqlStatement> all(String text) {
        return CLASSIFIER.classify(text, true);
    }

    private static SqlStatement one(String text) {
        assertThat(all(text)).hasSize(1);
        return all(text).getFirst();
    }

    private static <T extends SqlStatement> T one(String text, Class<T> type) {
        assertThat(one(text)).as(text).isInstanceOf(type);
        return type.cast(one(text));
    }

    private static List<String> texts(String text) {
        return all(text).stream().map(statement -> statement.span().of(text)).toList();
    }

    @Nested
    class Splitting {

        @Test
        void statementsEndAtTopLevelSemicolons() {
            assertThat(texts(" select 1 ;select ';' ; select $$;$$ /* ; */ -- ;\n;")).containsExactly(
                    "select 1", "select ';'", "select $$;$$");
        }

        @Test
        void emptyStatementsAreLeftOut() {
            assertThat(texts("")).isEmpty();
            assertThat(texts(" ; /* nothing */ ; -- nothing")).isEmpty();
            assertThat(texts(";;select 1;;")).containsExactly("select 1");
        }

        @Test
        void aLeadingCommentBelongsToItsStatementATrailingOneDoesNot() {
            assertThat(texts("/*+ hint */ select 1 /* x */; -- y\n select 2 -- z")).containsExactly(
                    "/*+ hint */ select 1", "-- y\n select 2");
        }

        @Test
        void rulesKeepTheirParentheses() {
            String rule = "create rule r as on insert to t do also (delete from a; delete from b)";
            assertThat(texts(rule + "; select 1")).containsExactly(rule, "select 1");
        }

        @Test
        void sqlStandardRoutineBodiesStayWhole() {
            String body = " begin atomic select case when a then 1 end as end from t; select t.case; end";
            for (String head : List.of("create function f() returns int", "CREATE OR REPLACE PROCEDURE p()")) {
                assertThat(texts(head + body + "; select 1")).containsExactly(head + body, "select 1");
            }
        }

        @Test
        void aTransactionBlockIsNoRoutineBody() {
            assertThat(texts("begin; select 1; end")).containsExactly("begin", "select 1", "end");
            assertThat(texts("create table begin(atomic int); select 1")).hasSize(2);
        }

        @Test
        void backslashesFollowStandardConformingStrings() {
            String text = "select 'a\\'; refresh materialized view b; select '";
            assertThat(CLASSIFIER.classify(text, true)).hasSize(3);
            assertThat(CLASSIFIER.classify(text, false)).hasSize(1);
        }

        @Test
        void ourStatementsAreFoundAmongOthers() {
            assertThat(all("begin; refresh materialized view a; insert into t values (1); commit"))
                    .extracting(Object::getClass)
                    .containsExactly(
                            Passthrough.class, RefreshMaterializedView.class, Passthrough.class, Passthrough.class);
        }
    }

    @Nested
    class Create {

        @Test
        void theSimplestStatementGivesNameOptionsAndQuery() {
            String text = "create materialized view v with (pgtrickle.stream = true) as select 1";
            assertThat(one(text)).isEqualTo(new CreateStreamTable(
                    new SourceSpan(0, text.length()),
                    false,
                    QualifiedName.of("v"),
                    List.of(),
                    Optional.empty(),
                    List.of(new StreamOption("stream", Optional.of("true"))),
                    List.of(),
                    Optional.empty(),
                    "select 1",
                    text.indexOf("select"),
                    true));
        }

        @Test
        void everyClauseIsUnderstood() {
            String text = """
                    ; /* c */ CREATE -- c
                    MATERIALIZED/**/VIEW IF NOT EXISTS "My Schema".Orders ("A", b) USING Heap
                      WITH (fillfactor=70, PgTrickle.Stream, "pgtrickle"."schedule" = '1s', toast.autovacuum_enabled = off,
                            U&"pg!0074rickle" UESCAPE '!'.mode = FULL)
                      TABLESPACE "Fast" AS /* d */
                      WITH a AS (SELECT 1 AS data) TABLE a -- e
                      WITH NO DATA ;""";
            CreateStreamTable create = one(text, CreateStreamTable.class);
            assertThat(create.ifNotExists()).isTrue();
            assertThat(create.name()).isEqualTo(QualifiedName.of("My Schema", "orders"));
            assertThat(create.columns()).containsExactly("A", "b");
            assertThat(create.accessMethod()).contains("heap");
            assertThat(create.options()).containsExactly(
                    new StreamOption("stream", Optional.empty()),
                    new StreamOption("schedule", Optional.of("1s")),
                    new StreamOption("mode", Optional.of("full")));
            assertThat(create.storageOptions()).containsExactly("fillfactor=70", "toast.autovacuum_enabled = off");
            assertThat(create.tablespace()).contains("Fast");
            assertThat(create.query()).isEqualTo("WITH a AS (SELECT 1 AS data) TABLE a");
            assertThat(text.startsWith(create.query(), create.queryStart())).isTrue();
            assertThat(create.withData()).isFalse();
        }

        @ParameterizedTest
        @ValueSource(strings = {"select 1", "table data", "values (1)", "(select 1)", "select 1 as data", "select ';'"})
        void theDataClauseIsToldApartFromTheQuery(String query) {
            String head = "create materialized view v with (pgtrickle.stream) as ";
            assertThat(one(head + query, CreateStreamTable.class).query()).isEqualTo(query);
            assertThat(one(head + query, CreateStreamTable.class).withData()).isTrue();
            assertThat(one(head + query + " with data", CreateStreamTable.class).query()).isEqualTo(query);
            assertThat(one(head + query + " with data", CreateStreamTable.class).withData()).isTrue();
            assertThat(one(head + query + " with /**/ no data", CreateStreamTable.class).query()).isEqualTo(query);
            assertThat(one(head + query + " with no data", CreateStreamTable.class).withData()).isFalse();
        }

        @Test
        void optionValuesAreReadAsPostgresReadsThem() {
            CreateStreamTable create = one(
                    """
                    create materialized view v with (pgtrickle.a = $$1s$$, pgtrickle.b = -1.5, pgtrickle.c = E'x\\ty',
                      pgtrickle.d = Calculated, pgtrickle.e = "Calculated", pgtrickle.f = int[], pgtrickle.g = 1,
                      pgtrickle.h = varchar(3), pgtrickle.i = 'a''b', pgtrickle.select = ON) as select 1""",
                    CreateStreamTable.class);
            assertThat(create.options()).extracting(option -> option.name() + ":" + option.value().orElseThrow())
                    .containsExactly(
                            "a:1s", "b:-1.5", "c:x\ty", "d:calculated", "e:Calculated", "f:int[]", "g:1", "h:varchar(3)",
                            "i:a'b", "select:on");
        }

        @Test
        void optionsOfOursWithoutTheSwitchAreForTheEngineToRefuse() {
            assertThat(one("create materialized view v with (pgtrickle.schedule = '1s') as select 1"))
                    .isInstanceOf(CreateStreamTable.class);
            assertThat(one("create materialized view v with (pgtrickle.stream = maybe) as select 1"))
                    .isInstanceOf(CreateStreamTable.class);
        }

        @ParameterizedTest
        @ValueSource(strings = {"false", "'FALSE'", "Off", "no", "0", "f"})
        void aSwitchThatIsOffMakesAnOrdinaryView(String value) {
            assertThat(one("create materialized view v with (pgtrickle.stream = " + value
                                    + ", pgtrickle.schedule = '1s') as select 1;",
                            CreateOrdinaryView.class)
                            .statement())
                    .isEqualTo("create materialized view v as select 1");
            assertThat(one("create materialized view v(a) using heap with (fillfactor = 70, pgtrickle.stream = " + value
                                    + ") tablespace x as select 1 with no data",
                            CreateOrdinaryView.class)
                            .statement())
                    .isEqualTo("create materialized view v(a) using heap WITH (fillfactor = 70) tablespace x as select 1"
                            + " with no data");
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "create materialized view v as select 1",
                    "create materialized view v with (fillfactor = 70) as select 1",
                    "create materialized view v with (\"PgTrickle\".stream) as select 1",
                    "create materialized view v with (fillfactor = 'pgtrickle.stream') as select 1",
                    "create materialized view v as select 1 /* with (pgtrickle.stream) */",
                    "create unlogged materialized view v with (pgtrickle.stream) as select 1",
                    "create table v with (pgtrickle.stream) as select 1",
                    "create materialized view x.db.s.v with (pgtrickle.stream) as select 1",
                    "create materialized view v with (pgtrickle.stream) as",
                    "create materialized view v with (pgtrickle.stream) as with data",
                    "create materialized view v with (pgtrickle.stream) as select (1",
                    "create materialized view v with (pgtrickle.stream) as select 1)",
                    "create materialized view v with (pgtrickle.stream) as select 'a",
                    "create materialized view v with (pgtrickle.stream = 1s) as select 1",
                    "create materialized view v with (pgtrickle.stream =) as select 1",
                    "create materialized view v with (pgtrickle.stream.x) as select 1",
                    "create materialized view v with (pgtrickle.stream,) as select 1",
                    "create materialized view v with () as select 1",
                    "create materialized view v () with (pgtrickle.stream) as select 1",
                    "create materialized view \"\" with (pgtrickle.stream) as select 1",
                    "create materialized view v with (pgtrickle.stream) select 1",
                    "create materialized view v with pgtrickle.stream as select 1",
                    "create materialized view",
                    "explain create materialized view v with (pgtrickle.stream) as select 1"
                })
        void everythingElseIsLeftToPostgres(String text) {
            assertThat(one(text)).isInstanceOf(Passthrough.class);
        }

        @Test
        void longNamesAreTruncatedAsPostgresDoes() {
            String name = "n".repeat(80);
            CreateStreamTable create =
                    one("create materialized view " + name + " with (pgtrickle.stream) as select 1", CreateStreamTable.class);
            assertThat(create.name().name()).isEqualTo("n".repeat(63));
        }
    }

    @Nested
    class DropAndRefresh {

        @Test
        void dropTakesAListOfNames() {
            String text = "DROP MATERIALIZED VIEW IF EXISTS a, S.\"B\", U&\"\\00e9\" CASCADE";
            assertThat(one(text)).isEqualTo(new DropMaterializedViews(
                    new SourceSpan(0, text.length()),
                    true,
                    List.of(QualifiedName.of("a"), QualifiedName.of("s", "B"), QualifiedName.of("é")),
                    true));
            assertThat(one("drop materialized view a restrict", DropMaterializedViews.class).cascade()).isFalse();
        }

        @Test
        void aViewMayBeCalledIf() {
            DropMaterializedViews drop = one("drop materialized view if", DropMaterializedViews.class);
            assertThat(drop.names()).containsExactly(QualifiedName.of("if"));
            assertThat(drop.ifExists()).isFalse();
        }

        @Test
        void refreshKnowsConcurrentlyAndItsDataClause() {
            String text = "refresh materialized view concurrently s.a with no data";
            assertThat(one(text)).isEqualTo(new RefreshMaterializedView(
                    new SourceSpan(0, text.length()), true, QualifiedName.of("s", "a"), false));
            RefreshMaterializedView plain = one("refresh materialized view a with data", RefreshMaterializedView.class);
            assertThat(plain.concurrently()).isFalse();
            assertThat(plain.withData()).isTrue();
            assertThat(one("refresh materialized view \"D\".s.a", RefreshMaterializedView.class).name()).isEqualTo(QualifiedName.of("s", "a").in("D"));
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "drop view a",
                    "drop materialized view",
                    "drop materialized view a b",
                    "drop materialized view a,",
                    "drop materialized view a cascade restrict",
                    "drop materialized view 'a'",
                    "drop materialized view a.b.c.d",
                    "refresh materialized view",
                    "refresh materialized view concurrently",
                    "refresh materialized view a, b",
                    "refresh materialized view a with",
                    "\"drop\" materialized view a",
                    "drop materialized view a\\"
                })
        void everythingElseIsLeftToPostgres(String text) {
            assertThat(one(text)).isInstanceOf(Passthrough.class);
        }
    }

    @Nested
    class Calls {

        @Test
        void argumentsStayVerbatim() {
            String text = """
                    select PGTRICKLE."create_stream_table"('a''b', $q$select f(1, 2); $q$, schedule => '1s'::text ,
                      "refresh_mode" := coalesce($1, upper('x')), initialize=>-1 > 0, x => array[1, 2] /* c */)""";
            assertThat(one(text)).isEqualTo(new FunctionCall(
                    new SourceSpan(0, text.length()),
                    false,
                    "create_stream_table",
                    List.of(
                            new Argument(Optional.empty(), "'a''b'"),
                            new Argument(Optional.empty(), "$q$select f(1, 2); $q$"),
                            new Argument(Optional.of("schedule"), "'1s'::text"),
                            new Argument(Optional.of("refresh_mode"), "coalesce($1, upper('x'))"),
                            new Argument(Optional.of("initialize"), "-1 > 0"),
                            new Argument(Optional.of("x"), "array[1, 2]")),
                    "create_stream_table"));
        }

        @Test
        void theResultColumnHasTheAliasOrTheFunctionsName() {
            assertThat(resultName("select pgtrickle.refresh_stream_table('a')")).isEqualTo("refresh_stream_table");
            assertThat(resultName("select pgtrickle.refresh_stream_table('a') as \"X y\"")).isEqualTo("X y");
            assertThat(resultName("select pgtrickle.refresh_stream_table('a') Done")).isEqualTo("done");
            assertThat(resultName("select * from pgtrickle.refresh_stream_table('a')")).isEqualTo("refresh_stream_table");
            assertThat(resultName("select * from pgtrickle.refresh_stream_table('a') as r")).isEqualTo("r");
            assertThat(resultName("select*from pgtrickle.refresh_stream_table('a') r")).isEqualTo("r");
        }

        private String resultName(String text) {
            return one(text, FunctionCall.class).resultName();
        }

        @Test
        void aCallStatementIsMarked() {
            FunctionCall call = one("CALL pgtrickle.drop_stream_table($1)", FunctionCall.class);
            assertThat(call.call()).isTrue();
            assertThat(call.arguments()).containsExactly(new Argument(Optional.empty(), "$1"));
        }

        @Test
        void aCallMayHaveNoArguments() {
            assertThat(one("select pgtrickle.refresh_stream_table( )", FunctionCall.class).arguments()).isEmpty();
        }

        @Test
        void theSetOfFunctionsIsTheCallersChoice() {
            StatementClassifier classifier = new StatementClassifier(java.util.Set.of("alter_stream_table"));
            assertThat(classifier.classify("select pgtrickle.alter_stream_table('a')", true).getFirst())
                    .isInstanceOf(FunctionCall.class);
            assertThat(one("select pgtrickle.alter_stream_table('a')")).isInstanceOf(Passthrough.class);
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "select pgtrickle.version()",
                    "select create_stream_table('a', 'b')",
                    "select other.refresh_stream_table('a')",
                    "select pgtrickle.refresh_stream_table('a'), 1",
                    "select pgtrickle.refresh_stream_table('a') from t",
                    "select pgtrickle.refresh_stream_table('a') where true",
                    "select pgtrickle.refresh_stream_table('a') is null",
                    "select pgtrickle.refresh_stream_table('a') isnull",
                    "select pgtrickle.refresh_stream_table('a')::text",
                    "select pgtrickle.refresh_stream_table(variadic a)",
                    "select pgtrickle.refresh_stream_table(distinct a)",
                    "select pgtrickle.refresh_stream_table('a',)",
                    "select pgtrickle.refresh_stream_table(,'a')",
                    "select pgtrickle.refresh_stream_table(a => )",
                    "select pgtrickle.refresh_stream_table('a'",
                    "select pgtrickle.refresh_stream_table('a'))",
                    "select pgtrickle.refresh_stream_table('a') as",
                    "select pgtrickle.refresh_stream_table",
                    "select * from pgtrickle.refresh_stream_table('a'), t",
                    "select r.* from pgtrickle.refresh_stream_table('a') r",
                    "select * from pgtrickle.refresh_stream_table('a') with ordinality",
                    "(select pgtrickle.refresh_stream_table('a'))",
                    "call pgtrickle.refresh_stream_table('a') as x",
                    "select 'pgtrickle.refresh_stream_table(1)'",
                    "explain select pgtrickle.refresh_stream_table('a')"
                })
        void everythingElseIsLeftToPostgres(String text) {
            assertThat(one(text)).isInstanceOf(Passthrough.class);
        }
    }

    @Nested
    class Cheaply {

        @Test
        void statementsThatNamePgtrickleAreToldFromThoseThatMentionIt() {
            assertThat(names("select * from PgTrickle.pgt_stream_tables")).isTrue();
            assertThat(names("select * from \"pgtrickle\" . pgt_stream_tables")).isTrue();
            assertThat(names("select * from u&\"p\\0067trickle\".x")).isTrue();
            assertThat(names("create materialized view v with (pgtrickle.stream) as select 1")).isTrue();
            assertThat(names("select 'pgtrickle.x', $$pgtrickle.x$$ -- pgtrickle.x")).isFalse();
            assertThat(names("create role pgtrickle")).isFalse();
            assertThat(names("select \"PgTrickle\".x")).isFalse();
            assertThat(names("select pgtrickle_state.x")).isFalse();
        }

        private boolean names(String text) {
            return StatementClassifier.namesPgtrickle(text, true);
        }

        @Test
        void ordinaryTrafficDoesNotConcernUs() {
            for (String text : List.of("", "p", "select 1", "pgtrickl", "xpgtrickl", "materializeD".substring(1), "u&'x'")) {
                assertThat(StatementClassifier.mayConcern(text)).as(text).isFalse();
                assertThat(StatementClassifier.mayConcern(ByteBuffer.wrap(text.getBytes(UTF_8)))).as(text).isFalse();
            }
        }

        @Test
        void everySpellingOfOursDoes() {
            for (String text : List.of("PGTRICKLE", "select ppgTrickle.", "drop MaterializeD view", "uU&\"pg", "ééé pgtrickle")) {
                assertThat(StatementClassifier.mayConcern(text)).as(text).isTrue();
                ByteBuffer bytes = ByteBuffer.wrap(("x" + text).getBytes(UTF_8)).position(1);
                assertThat(StatementClassifier.mayConcern(bytes)).as(text).isTrue();
                assertThat(bytes.position()).isEqualTo(1);
            }
        }
    }

    private static final List<String> VALID = List.of(
            "create materialized view if not exists s.v(a) using heap with (pgtrickle.stream = true, fillfactor = 70) "
                    + "tablespace t as select 'x' from b with no data",
            "drop materialized view if exists a, \"B\".c cascade",
            "refresh materialized view concurrently a with data",
            "select pgtrickle.create_stream_table('a', $$select 1$$, schedule => '1s') as x",
            "select * from pgtrickle.refresh_stream_table($1)",
            "call pgtrickle.drop_stream_table(name := U&\"a\" uescape '!')",
            "create function f() begin atomic select case when a then 1 end; end");

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 20261120})
    void noTextMakesTheClassifierThrow(long seed) {
        Random random = new Random(seed);
        for (int i = 0; i < 20_000; i++) {
            String text = RandomSql.mutate(VALID.get(random.nextInt(VALID.size())), random) + ";" + RandomSql.next(random);
            int end = 0;
            for (SqlStatement statement : CLASSIFIER.classify(text, random.nextBoolean())) {
                assertThat(statement.span().start()).as("seed %d, text <%s>", seed, text).isGreaterThanOrEqualTo(end);
                assertThat(statement.span().of(text)).as("seed %d, text <%s>", seed, text).isNotBlank();
                end = statement.span().end();
                if (!(statement instanceof Passthrough)) {
                    assertThat(StatementClassifier.mayConcern(text)).as("seed %d, text <%s>", seed, text).isTrue();
                }
            }
        }
    }
}
