// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.cli;

import static io.pgtrickle.proxy.cli.InlineCopy.Direction.IN;
import static io.pgtrickle.proxy.cli.InlineCopy.Direction.OUT;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class InlineCopyTest {

    @ParameterizedTest
    @ValueSource(strings = {
        "COPY t FROM STDIN", "/* c */ copy s.t (a, b) from stdin with (format csv)", "COPY t FROM STDOUT", "COPY \"to\" FROM STDIN BINARY",
        "COPY t FROM STDIN WHERE a > 1"})
    void data_come_in(String statement) {
        assertThat(InlineCopy.direction(statement)).contains(IN);
    }

    @ParameterizedTest
    @ValueSource(strings = {"COPY t TO STDOUT", "COPY (SELECT a FROM stdin) TO stdout", "COPY t TO STDIN CSV HEADER"})
    void data_go_out(String statement) {
        assertThat(InlineCopy.direction(statement)).contains(OUT);
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "COPY t FROM '/stdin'", "COPY (SELECT a FROM stdin) TO '/file'", "SELECT copy FROM stdin", "COPY t FROM PROGRAM 'stdin'",
        "EXPLAIN SELECT 1", "", "COPY t FROM /* stdin */ 'x'"})
    void the_server_does_it_alone(String statement) {
        assertThat(InlineCopy.direction(statement)).isEmpty();
    }
}
