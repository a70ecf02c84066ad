// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.bench.pooler;

import io.pgtrickle.proxy.probe.FrontDoor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/** Runs pgbench (PostgreSQL manual, pgbench), whose logs of transactions go to a directory of ours. */
final class Pgbench {

    private static final String COMMAND = "pgbench";
    private static final Pattern PER_SECOND = Pattern.compile("tps = (\\d+(\\.\\d+)?)");
    private static final int LATENCY_COLUMN = 2;

    private final Path directory;

    /** @throws MissingTool if there is no pgbench */
    Pgbench(Path directory) throws IOException, InterruptedException {
        this.directory = directory;
        if (Tools.version(COMMAND).isEmpty()) {
            throw new MissingTool("pgbench is not installed; Debian and Ubuntu have it in postgresql-contrib");
        }
    }

    /**
     * One run.
     *
     * @param perSecond transactions per second, as pgbench counts them: without the time to connect at the beginning
     * @param latencies of each transaction in microseconds, sorted
     */
    record Turn(double perSecond, long[] latencies) {}

    void createTables(FrontDoor door, int scale) throws IOException, InterruptedException {
        run(door, List.of("--initialize", "--quiet", "--scale=" + scale));
    }

    Turn run(FrontDoor door, Workload workload, QueryMode mode, int clients, int seconds) throws IOException, InterruptedException {
        Path log = Files.createTempDirectory(directory, "turn");
        var options = new ArrayList<>(workload.options());
        options.addAll(List.of("--no-vacuum", "--protocol=" + mode.label(), "--client=" + clients, "--jobs=" + jobs(workload, clients), "--time=" + seconds));
        options.addAll(List.of("--log", "--log-prefix=" + log.resolve("log")));
        Matcher perSecond = PER_SECOND.matcher(run(door, options));
        if (!perSecond.find()) {
            throw new IOException("pgbench does not say how many transactions there were per second");
        }
        try (Stream<Path> files = Files.list(log)) {
            return new Turn(Double.parseDouble(perSecond.group(1)), files.flatMapToLong(Pgbench::latencies).sorted().toArray());
        }
    }

    /**
     * pgbench prepares statements with calls that wait. With one thread for all its clients it would wait for a server connection forever
     * which another of them has in a transaction.
     */
    private static int jobs(Workload workload, int clients) {
        return workload == Workload.TPCB_LIKE ? clients : 1;
    }

    private static LongStream latencies(Path log) {
        try {
            return Files.readAllLines(log).stream().mapToLong(line -> Long.parseLong(line.split(" ")[LATENCY_COLUMN]));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String run(FrontDoor door, List<String> options) throws IOException, InterruptedException {
        var command = new ArrayList<>(List.of(
                COMMAND, "--host=" + door.host(), "--port=" + door.port(), "--username=" + door.user()));
        command.addAll(options);
        command.add(door.database());
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (process.waitFor() != 0) {
            throw new IOException(String.join(" ", command) + " failed: " + said);
        }
        return said;
    }
}
