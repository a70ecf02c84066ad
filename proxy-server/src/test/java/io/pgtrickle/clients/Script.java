// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.clients;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A program in another language, in a process of its own; its standard output and error are what it observed. */
record Script(List<String> command) implements Program {

    private static final long PATIENCE_SECONDS = 60;

    static Script of(String... command) {
        return new Script(List.of(command));
    }

    /** A file of src/test/resources/clients. */
    static Path resource(String name) {
        var url = Script.class.getResource("/clients/" + name);
        assertThat(url).as(name).isNotNull();
        try {
            return Path.of(url.toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Skips the test where a program does not run, and says what would help. */
    static void need(String advice, String... command) {
        String answer;
        boolean there;
        try {
            Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
            process.getOutputStream().close();
            answer = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
            there = process.waitFor() == 0;
        } catch (IOException e) {
            answer = String.valueOf(e.getMessage());
            there = false;
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
        assumeThat(there).as("`%s` does not work here (%s); to run this test, install it: %s", String.join(" ", command), answer, advice)
                .isTrue();
    }

    @Override
    public List<String> run(Endpoint endpoint) throws Exception {
        Ended ended = start(endpoint);
        assertThat(ended.status()).as("%s, %s%n%s", command, endpoint, ended.output()).isZero();
        return ended.lines();
    }

    /** @param output standard output and error together */
    record Ended(int status, String output) {

        List<String> lines() {
            return Arrays.asList(output.split("\n", -1));
        }
    }

    /** Runs it to its end, whatever that is. */
    Ended start(Endpoint endpoint) throws Exception {
        var builder = new ProcessBuilder(new ArrayList<>(command)).redirectErrorStream(true);
        builder.environment().keySet().removeIf(name -> name.startsWith("PG"));
        builder.environment().putAll(endpoint.environment());
        Process process = builder.start();
        process.getOutputStream().close();
        try {
            var output = new StringBuffer();
            Thread reader = Thread.startVirtualThread(() -> read(process, output));
            boolean ended = process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS);
            if (ended) {
                reader.join();
            }
            assertThat(ended).as("%s, %s, has not ended; it said%n%s", command, endpoint, output).isTrue();
            return new Ended(process.exitValue(), output.toString());
        } finally {
            process.destroyForcibly();
        }
    }

    private static void read(Process process, StringBuffer into) {
        try (var reader = process.inputReader(StandardCharsets.UTF_8)) {
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                into.append(line).append('\n');
            }
        } catch (IOException e) {
            into.append(e).append('\n');
        }
    }
}
