// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.clients;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.pgtrickle.clients.ClientsLab.Pool;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** node-postgres and postgres.js, in the versions of clients/node/package-lock.json. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class NodeIT {

    private static final List<String> FILES = List.of("package.json", "package-lock.json", "say.js", "node-postgres.js", "postgres-js.js");
    /** Where Node.js looks for modules: beside the scripts. */
    private static final Path HERE = Path.of("target", "clients", "node").toAbsolutePath();

    private final ClientsLab lab = new ClientsLab();

    @BeforeAll
    static void install() throws Exception {
        Script.need("Node.js 18 or newer, apt install nodejs", "node", "--version");
        Script.need("npm, apt install npm", "npm", "--version");
        Files.createDirectories(HERE);
        for (String file : FILES) {
            Files.copy(Script.resource("node").resolve(file), HERE.resolve(file), StandardCopyOption.REPLACE_EXISTING);
        }
        String wanted = Files.readString(HERE.resolve("package-lock.json"));
        Path installed = HERE.resolve("installed.json");
        if (Files.exists(installed) && Files.readString(installed).equals(wanted)) {
            return;
        }
        Process npm = new ProcessBuilder("npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts").directory(HERE.toFile()).redirectErrorStream(true).start();
        npm.getOutputStream().close();
        String said = new String(npm.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        // A registry that cannot be reached is the one reason that is not ours.
        boolean unreachable = said.contains("ENOTFOUND") || said.contains("EAI_AGAIN") || said.contains("ECONNREFUSED") || said.contains("ETIMEDOUT");
        int status = npm.waitFor();
        assumeThat(status != 0 && unreachable).as("npm ci in %s needs its registry once: %s", HERE, said).isFalse();
        assertThat(status).as(said).isZero();
        Files.writeString(installed, wanted);
    }

    @AfterAll
    void close() {
        lab.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"node-postgres.js", "postgres-js.js"})
    void what_applications_do(String script) throws Exception {
        lab.seesTheSame(Pool.FOUR, Script.of("node", "--no-deprecation", HERE.resolve(script).toString()));
    }
}
