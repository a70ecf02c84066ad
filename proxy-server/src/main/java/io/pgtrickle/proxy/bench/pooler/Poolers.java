// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.bench.pooler;

import io.pgtrickle.proxy.probe.FrontDoor;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Starts the poolers, with the same configuration file but for the port. */
final class Poolers {

    private static final String PGBOUNCER = "pgbouncer";
    /** It refuses to be root, and becomes who is named here. */
    private static final String NOBODY = "nobody";

    private static final Pattern READY = Pattern.compile("ready postgresql://[^:]*:(\\d+)/");
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final Duration BETWEEN_KNOCKS = Duration.ofMillis(2);
    /** The first one that keeps prepared statements in transaction mode. */
    private static final List<Integer> FIRST_THAT_PREPARES = List.of(1, 21);

    private static final String CONFIGURATION =
            """
            [databases]
            * = host=%s port=%d
            [pgbouncer]
            listen_addr = 127.0.0.1
            listen_port = %d
            unix_socket_dir =
            auth_type = trust
            auth_file = %s
            pool_mode = transaction
            default_pool_size = %d
            max_client_conn = %d
            log_connections = 0
            log_disconnections = 0
            ignore_startup_parameters = extra_float_digits
            """;

    private final Path directory;
    private final FrontDoor server;
    private final PoolerPlan plan;

    Poolers(Path directory, FrontDoor server, PoolerPlan plan) throws IOException {
        this.directory = directory;
        this.server = server;
        this.plan = plan;
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x")); // for nobody
        Files.writeString(users(), "\"" + server.user() + "\" \"\"\n");
    }

    private Path users() {
        return directory.resolve("users.txt");
    }

    private Path configuration(String name, int port, String more) throws IOException {
        int clients = plan.idleClients() + plan.clients().stream().mapToInt(Integer::intValue).max().orElse(1);
        return Files.writeString(
                directory.resolve(name), CONFIGURATION.formatted(server.host(), server.port(), port, users(), plan.servers(), clients + 10) + more);
    }

    /** @param command starts this program */
    Pooler pgtrickle(List<String> command) throws IOException {
        Path file = configuration("pgtrickle.ini", 0, "");
        var whole = new ArrayList<>(command);
        whole.addAll(List.of("run", "--config", file.toString(), "--server", server.host() + ":" + server.port(), "--user", server.user()));
        whole.addAll(List.of("--listen", "127.0.0.1:" + freePort()));
        long begin = System.nanoTime();
        Process process = new ProcessBuilder(whole).redirectError(directory.resolve("pgtrickle.log").toFile()).start();
        BufferedReader out = process.inputReader(StandardCharsets.UTF_8);
        String line = out.readLine();
        Matcher ready = READY.matcher(line == null ? "" : line);
        if (!ready.find()) {
            process.destroyForcibly();
            throw new IOException("pgtrickle did not start: " + Files.readString(directory.resolve("pgtrickle.log")));
        }
        return new Pooler(Target.PGTRICKLE, process, door(Integer.parseInt(ready.group(1))), since(begin), true);
    }

    /** Empty if it is not installed. */
    Optional<Pooler> pgbouncer() throws IOException, InterruptedException {
        Optional<String> version = Tools.version(PGBOUNCER);
        if (version.isEmpty()) {
            return Optional.empty();
        }
        boolean prepares = prepares(version.get());
        int port = freePort();
        Path file = configuration("pgbouncer.ini", port, prepares ? "max_prepared_statements = 200\n" : "");
        var command = new ArrayList<>(List.of(PGBOUNCER));
        if (System.getProperty("user.name").equals("root")) {
            command.addAll(List.of("-u", NOBODY));
        }
        command.add(file.toString());
        File log = directory.resolve("pgbouncer.log").toFile();
        long begin = System.nanoTime();
        Process process = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log).start();
        awaitPort(process, port, log.toPath());
        return Optional.of(new Pooler(Target.PGBOUNCER, process, door(port), since(begin), prepares));
    }

    private static boolean prepares(String version) {
        String[] parts = version.split("\\.");
        int major = Integer.parseInt(parts[0]);
        int minor = parts.length > 1 ? Integer.parseInt(parts[1]) : 0;
        return major > FIRST_THAT_PREPARES.getFirst() || major == FIRST_THAT_PREPARES.getFirst() && minor >= FIRST_THAT_PREPARES.getLast();
    }

    private FrontDoor door(int port) {
        return new FrontDoor("127.0.0.1", port, server.database(), server.user());
    }

    private static Duration since(long begin) {
        return Duration.ofNanos(System.nanoTime() - begin);
    }

    private static void awaitPort(Process process, int port, Path log) throws IOException, InterruptedException {
        long begin = System.nanoTime();
        while (true) {
            try (Socket _ = new Socket(InetAddress.getLoopbackAddress(), port)) {
                return;
            } catch (IOException e) {
                if (!process.isAlive() || since(begin).compareTo(PATIENCE) > 0) {
                    process.destroyForcibly();
                    throw new IOException("PgBouncer did not start: " + Files.readString(log), e);
                }
                Thread.sleep(BETWEEN_KNOCKS);
            }
        }
    }

    private static int freePort() throws IOException {
        try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }
}
