// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.bench.pooler;

import io.pgtrickle.proxy.probe.Sql;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What a pooler needs while clients are connected that do nothing.
 *
 * @param residentBefore bytes of memory before the clients came; where the system does not tell, so is {@code resident}, empty
 * @param resident bytes of memory with them
 * @param heap bytes of Java objects that are in use with them, if it is a Java program
 * @param start milliseconds until it accepted clients
 */
public record Memory(
        Target target, int clients, Optional<Long> residentBefore, Optional<Long> resident, Optional<Long> heap, double start) {

    static Memory of(Pooler pooler, int clients) throws IOException, SQLException, InterruptedException {
        Optional<Long> before = pooler.resident();
        var connections = new ArrayList<Connection>();
        try {
            for (int i = 0; i < clients; i++) {
                connections.add(pooler.door().connect("idle"));
                Sql.run(connections.getLast(), "SELECT 1");
            }
            Optional<Long> with = pooler.resident();
            Optional<Long> heap = pooler.target() == Target.PGTRICKLE ? heap(pooler.process()) : Optional.empty();
            return new Memory(pooler.target(), clients, before, with, heap, pooler.start().toNanos() / (double) Duration.ofMillis(1).toNanos());
        } finally {
            for (Connection connection : connections) {
                connection.close();
            }
        }
    }

    /** The total of a histogram of live objects; collects the garbage before. */
    private static Optional<Long> heap(Process process) throws IOException, InterruptedException {
        Path jcmd = Path.of(System.getProperty("java.home"), "bin", "jcmd");
        if (!Files.isExecutable(jcmd)) {
            return Optional.empty();
        }
        Process histogram = new ProcessBuilder(jcmd.toString(), Long.toString(process.pid()), "GC.class_histogram").redirectErrorStream(true).start();
        List<String> lines = new String(histogram.getInputStream().readAllBytes(), StandardCharsets.UTF_8).lines().toList();
        return histogram.waitFor() != 0 ? Optional.empty() : Optional.of(Long.parseLong(lines.getLast().strip().split("\\s+")[2]));
    }
}
