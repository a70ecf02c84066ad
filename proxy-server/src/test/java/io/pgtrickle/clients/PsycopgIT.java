// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.clients;

import io.pgtrickle.clients.ClientsLab.Pool;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** psycopg 3: prepares after the fifth time by itself, pipelines, names its cursors. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class PsycopgIT {

    private final ClientsLab lab = new ClientsLab();

    @BeforeAll
    void need() {
        Script.need("Python and psycopg 3, apt install python3-psycopg, or pip install 'psycopg[binary]'", "python3", "-c", "import psycopg");
    }

    @AfterAll
    void close() {
        lab.close();
    }

    @Test
    void what_applications_do() throws Exception {
        lab.seesTheSame(Pool.FOUR, Script.of("python3", "-B", Script.resource("psycopg_client.py").toString()));
    }
}
