// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.clients;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgtrickle.clients.ClientsLab.Pool;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** psql. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class PsqlIT {

    private final ClientsLab lab = new ClientsLab();

    @BeforeAll
    void need() {
        Script.need("PostgreSQL's client programs, apt install postgresql-client", "psql", "--version");
    }

    @AfterAll
    void close() {
        lab.close();
    }

    private static Script psql(String... arguments) {
        String[] command = new String[arguments.length + 2];
        command[0] = "psql";
        command[1] = "--no-psqlrc";
        System.arraycopy(arguments, 0, command, 2, arguments.length);
        return Script.of(command);
    }

    private static Program script(String name, String... arguments) {
        return endpoint -> {
            String[] command = new String[arguments.length + 6];
            System.arraycopy(arguments, 0, command, 0, arguments.length);
            String[] rest = {"-v", "schema=" + endpoint.schema(), "-v", "stream=" + endpoint.stream(), "-f", Script.resource(name).toString()};
            System.arraycopy(rest, 0, command, arguments.length, rest.length);
            // A session's server process and the number of a large object are nobody else's.
            return psql(command).run(endpoint).stream().map(line -> line.replaceAll("(PID|lo_import) \\d+", "$1 n")).toList();
        };
    }

    @Test
    void a_script_of_everything_psql_does() throws Exception {
        lab.seesTheSame(Pool.TWO, script("everything.sql", "--echo-all"));
    }

    @Test
    void a_script_in_one_transaction() throws Exception {
        lab.seesTheSame(Pool.TWO, script("one-transaction.sql", "--single-transaction", "-v", "ON_ERROR_STOP=1"));
    }

    @Test
    void commands_on_the_command_line() throws Exception {
        lab.seesTheSame(Pool.TWO, endpoint -> {
            var ended = psql("-c", "SET search_path = " + endpoint.schema() + "; SELECT 1 AS a; SELECT 2 AS b", "-c", "CREATE TABLE t AS SELECT 3 AS c",
                    "-c", "TABLE t", "-c", "SELECT 1/0", "-c", "INSERT INTO t VALUES (4); SELECT nothing FROM t", "-c", "TABLE t").start(endpoint);
            assertThat(ended.status()).isZero();
            return ended.lines();
        });
    }
}
