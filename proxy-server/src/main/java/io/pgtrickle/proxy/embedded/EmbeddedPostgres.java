// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.embedded;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A PostgreSQL server that lives as long as this object and at most as long as this process: a small shell beside it
 * waits on a pipe to us and stops the server when we close the pipe or die. pg_ctl does the rest (readiness, detaching
 * from the terminal so that Ctrl-C reaches us first, waiting for the end). Thread-safe; start and close block.
 */
public final class EmbeddedPostgres implements AutoCloseable {

    public static final String HOST = "127.0.0.1";
    public static final String SUPERUSER = "postgres";

    private static final String MAJOR_VERSION = "18";
    private static final String STARTED = "pgtrickle: server started";
    private static final int ATTEMPTS_ON_A_FREE_PORT = 3;
    private static final int LOG_LINES_SHOWN = 15;
    private static final long LOG_BYTES_KEPT = 16L << 20;
    private static final long STOP_SECONDS = 90;

    /** $1 pg_ctl, $2 data directory, $3 log file. Signals meant for us must not end the shell before the server. */
    private static final String SUPERVISOR =
            """
            trap '' HUP INT TERM
            "$1" start --wait --timeout=120 --silent --pgdata="$2" --log="$3" 2>&1 || exit 1
            echo '%s'
            read -r _
            "$1" stop --wait --timeout=30 --silent --mode=fast --pgdata="$2" 2>&1 \
            || exec "$1" stop --wait --timeout=30 --silent --mode=immediate --pgdata="$2" 2>&1
            """
                    .formatted(STARTED);

    private final DataDirectory directory;
    private final Process supervisor;
    private final PostmasterFile server;
    private final int port;
    private volatile boolean closing;

    private EmbeddedPostgres(DataDirectory directory, Process supervisor, PostmasterFile server, int port) {
        this.directory = directory;
        this.supervisor = supervisor;
        this.server = server;
        this.port = port;
    }

    /**
     * Unpacks PostgreSQL if this machine has not yet done so, creates the cluster if there is none, starts the server
     * and returns when it accepts connections.
     *
     * @param progress told about the steps that take a moment
     */
    public static EmbeddedPostgres start(EmbeddedPostgresOptions options, Consumer<String> progress) {
        PostgresBinaries binaries = PostgresBinaries.unpacked(Places.cache(), progress);
        ServerUser user = ServerUser.find();
        try {
            DataDirectory directory = DataDirectory.claim(options.directory());
            try {
                return new Starter(binaries, user, directory, options, progress).start();
            } catch (IOException | RuntimeException e) {
                directory.close();
                throw e;
            }
        } catch (IOException e) {
            throw new EmbeddedPostgresException("Cannot start PostgreSQL in " + options.directory() + ": " + reason(e), e);
        }
    }

    /** The message of most of these exceptions is only a file's name. */
    private static String reason(IOException failure) {
        return switch (failure) {
            case AccessDeniedException denied -> "permission denied for " + denied.getFile();
            case NoSuchFileException missing -> missing.getFile() + " does not exist and cannot be created";
            default -> failure.toString();
        };
    }

    public int port() {
        return port;
    }

    /** What the server logs, for messages to people. */
    public Path serverLog() {
        return directory.serverLog();
    }

    /** Runs the action, on another thread, if the server ends before {@link #close}. */
    public void onUnexpectedEnd(Runnable action) {
        ProcessHandle.of(server.pid())
                .ifPresentOrElse(
                        process -> process.onExit().thenRun(() -> {
                            if (supervisor.isAlive() && !closing) {
                                action.run();
                            }
                        }),
                        action);
    }

    /** Stops the server if it still runs: open transactions are rolled back, everything committed is on disk. */
    @Override
    public void close() {
        closing = true;
        try (directory) {
            supervisor.getOutputStream().close();
            if (!supervisor.waitFor(STOP_SECONDS, TimeUnit.SECONDS) || (supervisor.exitValue() != 0 && server.isAlive())) {
                throw new EmbeddedPostgresException("PostgreSQL (process " + server.pid() + ") did not stop" + tail(directory.serverLog(), 0));
            }
        } catch (IOException e) {
            throw new EmbeddedPostgresException("Cannot stop PostgreSQL: " + e, e);
        } catch (InterruptedException e) {
            throw Interruption.of(e);
        }
    }

    /** The steps of a start; the directory is ours. */
    private record Starter(
            PostgresBinaries binaries,
            ServerUser user,
            DataDirectory directory,
            EmbeddedPostgresOptions options,
            Consumer<String> progress) {

        EmbeddedPostgres start() throws IOException {
            user.requireAccess(binaries.home());
            user.requireAccess(directory.directory());
            stopLeftOver();
            if (!Files.isDirectory(directory.data())) {
                createCluster();
            }
            checkVersion();
            user.own(directory.data());
            limitLog();
            if (options.port() != 0) {
                requireFree(options.port());
                return start(options.port());
            }
            for (int attempt = 1; attempt < ATTEMPTS_ON_A_FREE_PORT; attempt++) {
                int port = freePort();
                try {
                    return start(port);
                } catch (EmbeddedPostgresException e) {
                    if (isFree(port)) {
                        throw e;
                    }
                    progress.accept("Port " + port + " was taken meanwhile, trying another one");
                }
            }
            return start(freePort());
        }

        /** A server that outlived its pgtrickle (kill -9 of the whole group) is stopped; a stale file is removed. */
        private void stopLeftOver() throws IOException {
            Optional<PostmasterFile> found = PostmasterFile.read(directory.data());
            if (found.isEmpty()) {
                return;
            }
            PostmasterFile running = found.get();
            if (!running.isAlive()) {
                PostmasterFile.remove(directory.data());
            } else if (directory.started(running)) {
                progress.accept("Stopping the PostgreSQL that an earlier run left behind (process " + running.pid() + ")");
                run("pg_ctl", List.of("stop", "--wait", "--silent", "--mode=fast", "--pgdata=" + directory.data()));
            } else {
                throw new EmbeddedPostgresException("Another PostgreSQL (process " + running.pid() + ") already runs on "
                        + directory.data() + " and was not started by pgtrickle. Stop it or choose another directory.");
            }
        }

        private void createCluster() throws IOException {
            progress.accept("Creating a database cluster in " + directory.data());
            Path unfinished = directory.directory().resolve("data.unfinished");
            PostgresBinaries.delete(unfinished);
            Files.createDirectory(unfinished);
            user.own(unfinished);
            // builtin C.UTF-8: the same order of text on every platform, in this and in later releases
            List<String> arguments = new ArrayList<>(List.of(
                    "--pgdata=" + unfinished, "--username=" + SUPERUSER, "--auth=trust", "--encoding=UTF8",
                    "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "--no-instructions"));
            if ("off".equals(options.settings().get("fsync"))) {
                arguments.add("--no-sync");
            }
            run("initdb", arguments);
            Files.writeString(
                    unfinished.resolve("postgresql.conf"),
                    System.lineSeparator() + "include_if_exists = 'pgtrickle.conf'" + System.lineSeparator(),
                    StandardOpenOption.APPEND);
            Files.move(unfinished, directory.data(), StandardCopyOption.ATOMIC_MOVE);
        }

        private void checkVersion() throws IOException {
            String version = Files.readString(directory.data().resolve("PG_VERSION")).strip();
            if (!version.equals(MAJOR_VERSION)) {
                throw new EmbeddedPostgresException(directory.data() + " was created by PostgreSQL " + version + ", this is PostgreSQL "
                        + MAJOR_VERSION + ". Choose another directory, or upgrade it with pg_upgrade.");
            }
        }

        private void limitLog() throws IOException {
            Path log = directory.serverLog();
            if (Files.exists(log) && Files.size(log) > LOG_BYTES_KEPT) {
                Files.move(log, log.resolveSibling("server.log.old"), StandardCopyOption.REPLACE_EXISTING);
            }
        }

        private EmbeddedPostgres start(int port) throws IOException {
            progress.accept("Starting PostgreSQL on " + HOST + ":" + port);
            writeSettings(port);
            Path log = directory.serverLog();
            long logged = Files.exists(log) ? Files.size(log) : 0;
            Process supervisor = new ProcessBuilder(user.command(List.of(
                            "sh", "-c", SUPERVISOR, "sh",
                            binaries.program("pg_ctl").toString(), directory.data().toString(), log.toString())))
                    .directory(directory.data().toFile())
                    .redirectErrorStream(true)
                    .start();
            BufferedReader output = supervisor.inputReader(StandardCharsets.UTF_8);
            StringBuilder said = new StringBuilder();
            for (String line = output.readLine(); !STARTED.equals(line); line = output.readLine()) {
                if (line == null) {
                    throw new EmbeddedPostgresException("PostgreSQL did not start in " + directory.data() + "\n" + said.toString().strip()
                            + tail(log, logged));
                }
                said.append(line).append('\n');
            }
            PostmasterFile server = PostmasterFile.read(directory.data())
                    .orElseThrow(() -> new EmbeddedPostgresException("PostgreSQL stopped right after its start" + tail(log, logged)));
            directory.record(server);
            return new EmbeddedPostgres(directory, supervisor, server, port);
        }

        private void writeSettings(int port) throws IOException {
            Map<String, String> fixed = Map.of("listen_addresses", HOST, "port", Integer.toString(port), "unix_socket_directories", "");
            String text = Stream.of(options.settings(), fixed)
                    .flatMap(settings -> settings.entrySet().stream())
                    .map(setting -> setting.getKey() + " = '" + setting.getValue().replace("'", "''") + "'\n")
                    .collect(Collectors.joining("", "# Written by pgtrickle at every start; your own settings go to postgresql.conf.\n", ""));
            Path file = directory.data().resolve("pgtrickle.conf");
            Files.writeString(file, text);
            user.own(file);
        }

        private void run(String program, List<String> arguments) throws IOException {
            List<String> command = Stream.concat(Stream.of(binaries.program(program).toString()), arguments.stream()).toList();
            Process process = new ProcessBuilder(user.command(command))
                    .directory(directory.directory().toFile())
                    .redirectErrorStream(true)
                    .start();
            process.getOutputStream().close();
            String said;
            try (var output = new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8)) {
                said = output.readAllAsString();
            }
            try {
                if (process.waitFor() != 0) {
                    throw new EmbeddedPostgresException(program + " failed:\n" + said.strip());
                }
            } catch (InterruptedException e) {
                throw Interruption.of(e);
            }
        }
    }

    private static String tail(Path log, long from) {
        try (var channel = Files.newByteChannel(log)) {
            channel.position(from);
            String text = new String(Channels.newInputStream(channel).readAllBytes(), StandardCharsets.UTF_8);
            List<String> lines = text.lines().toList();
            return lines.stream()
                    .skip(Math.max(0, lines.size() - LOG_LINES_SHOWN))
                    .collect(Collectors.joining("\n", "\nFrom " + log + ":\n", ""));
        } catch (IOException e) {
            return ""; // there is no log yet
        }
    }

    private static void requireFree(int port) {
        if (!isFree(port)) {
            throw new EmbeddedPostgresException("Port " + port + " on " + HOST + " is in use; choose another --embedded-port.");
        }
    }

    private static boolean isFree(int port) {
        try (ServerSocket socket = new ServerSocket()) {
            socket.setReuseAddress(true);
            socket.bind(new InetSocketAddress(HOST, port));
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getByName(HOST))) {
            return socket.getLocalPort();
        }
    }
}
