// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.suite.oracle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pgtrickle.suite.Client;
import io.pgtrickle.suite.Lab;
import io.pgtrickle.suite.TestPostgres;
import io.pgtrickle.suite.oracle.Difference.Counted;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The oracle itself, on ordinary tables. */
class OracleIT {

    private static Client client;

    @BeforeAll
    static void connect() {
        client = Lab.direct(TestPostgres.shared().createDatabase());
    }

    @AfterAll
    static void close() {
        client.close();
    }

    private static Difference compare(String rows, String query) {
        client.run("DROP TABLE IF EXISTS st");
        client.run("CREATE TABLE st AS " + rows);
        return Oracle.exact().compare(client, "st", query);
    }

    @Test
    void equalBagsAreEqualInAnyOrder() {
        assertThat(compare("VALUES (1, 'a'), (2, NULL), (2, NULL)", "VALUES (2, NULL), (1, 'a'), (2, NULL)").isEmpty()).isTrue();
    }

    @Test
    void multiplicityCounts() {
        Difference difference = compare("VALUES (1), (1), (2)", "VALUES (1), (2), (2), (2)");
        assertThat(difference.unexpected()).extracting(Counted::count).containsExactly(1L);
        assertThat(difference.missing()).extracting(Counted::count).containsExactly(2L);
        assertThat(difference.describe()).contains("only in the stream table: 1 x (1)").contains("only in the query's result: 2 x (2)");
    }

    @Test
    void nullIsNotAnEmptyString() {
        assertThat(compare("SELECT NULL::text", "SELECT ''::text").isEmpty()).isFalse();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', textBlock = """
            '1.0'::numeric       | '1.00'::numeric
            '0'::float8          | '-0'::float8
            '{"a": 1}'::json     | '{"a":1}'::json
            '1'::jsonb           | '1.0'::jsonb
            '24 hours'::interval | '1 day'::interval
            '(1,2)'::point       | '(1,3)'::point
            'a'::text            | 'a '::text
            """)
    void whatPrintsDifferentlyIsDifferent(String a, String b) {
        assertThat(compare("SELECT " + a, "SELECT " + b).isEmpty()).isFalse();
        assertThat(compare("SELECT " + a, "SELECT " + a).isEmpty()).isTrue();
    }

    @Test
    void notANumberEqualsItself() {
        assertThat(compare("SELECT 'NaN'::numeric, 'NaN'::float8", "SELECT 'NaN'::numeric, 'NaN'::float8").isEmpty()).isTrue();
    }

    @Test
    void onlyTheLastDigitsOfFloatsAreForgivenAndOnlyWhenAsked() {
        client.run("DROP TABLE IF EXISTS st");
        client.run("CREATE TABLE st AS SELECT 0.1::float8 + 0.2::float8 AS x, 'a' AS t");
        assertThat(Oracle.exact().compare(client, "st", "SELECT 0.3::float8, 'a'").isEmpty()).isFalse();
        assertThat(Oracle.floatsWithinRounding().compare(client, "st", "SELECT 0.3::float8, 'a'").isEmpty()).isTrue();
        assertThat(Oracle.floatsWithinRounding().compare(client, "st", "SELECT 0.3000001::float8, 'a'").isEmpty()).isFalse();
        assertThat(Oracle.floatsWithinRounding().compare(client, "st", "SELECT 0.3::float8, 'b'").isEmpty()).isFalse();
        assertThat(Oracle.floatsWithinRounding().compare(client, "st", "SELECT NULL::float8, 'a'").isEmpty()).isFalse();
    }

    @Test
    void theErrorShowsBothSidesAndTheQuery() {
        client.run("DROP TABLE IF EXISTS st");
        client.run("CREATE TABLE st AS SELECT 1 AS x");
        assertThatThrownBy(() -> Oracle.exact().check(client, "st", "SELECT 2")).isInstanceOf(AssertionError.class)
                .hasMessageContaining("SELECT 2").hasMessageContaining("only in the stream table").hasMessageContaining("only in the query");
    }
}
