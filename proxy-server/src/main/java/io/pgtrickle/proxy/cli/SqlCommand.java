// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.cli;

import java.io.BufferedReader;
import java.io.Console;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.postgresql.core.BaseConnection;
import org.postgresql.ds.PGSimpleDataSource;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code pgtrickle sql}: runs SQL through the proxy's port for people without psql. Each statement is sent by itself. */
@Command(
        name = "sql",
        description = "Runs SQL from the command line, a file or standard input, like psql.",
        footer = {
            "",
            "The password comes from PGPASSWORD or .pgpass. Exit codes: 0 everything succeeded,",
            "1 a statement failed, 2 wrong usage or no connection."
        })
final class SqlCommand implements Callable<Integer> {

    private static final int STATEMENT_FAILED = 1;
    private static final int NO_CONNECTION = 2;

    @Option(names = {"-c", "--command"}, paramLabel = "STATEMENT", description = "SQL to run; may be repeated.")
    private List<String> commands = List.of();

    @Parameters(
            arity = "0..1",
            paramLabel = "FILE",
            converter = Values.Script.class,
            description = "A file with SQL; standard input when neither is given.")
    private @Nullable Path file;

    @Option(names = {"-h", "--host"}, defaultValue = "127.0.0.1", description = "Default: ${DEFAULT-VALUE}.")
    private String host = "";

    @Option(
            names = {"-p", "--port"},
            defaultValue = "6432",
            converter = Values.Port.class,
            description = "Default: ${DEFAULT-VALUE}, the proxy.")
    private int port;

    @Option(names = {"-U", "--user"}, defaultValue = "${env:PGUSER:-postgres}", description = "Default: ${DEFAULT-VALUE}.")
    private String user = "";

    @Option(names = {"-d", "--dbname"}, defaultValue = "${env:PGDATABASE:-postgres}", description = "Default: ${DEFAULT-VALUE}.")
    private String database = "";

    @Option(names = "--keep-going", description = "Go on after a statement has failed.")
    private boolean keepGoing;

    @Option(names = "--help", usageHelp = true, description = "Show this help.")
    private boolean help;

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public Integer call() throws IOException, SQLException {
        CommandLine terminal = Objects.requireNonNull(spec).commandLine();
        if (!commands.isEmpty() && file != null) {
            throw new ParameterException(terminal, "--command and a file exclude each other");
        }
        Console console = System.console();
        boolean typed = console != null && console.isTerminal() && isStandardInput();
        try (BufferedReader input = open();
                BaseConnection connection = connect()) {
            ScriptReader script = typed ? ScriptReader.typed(input, this::prompt) : ScriptReader.of(input);
            StatementRunner runner = new StatementRunner(connection, script, terminal.getOut(), terminal.getErr());
            if (!commands.isEmpty()) {
                return exitCode(runner.runAll(commands, keepGoing));
            }
            // whoever types sees the error and goes on
            return exitCode(runner.runAll(script, typed || keepGoing));
        }
    }

    /** Not ours to close: others in this process may read it. */
    private static final class StandardInput extends FilterInputStream {
        StandardInput() {
            super(System.in);
        }

        @Override
        public void close() {}
    }

    private boolean isStandardInput() {
        return file == null || file.toString().equals("-");
    }

    private static int exitCode(boolean succeeded) {
        return succeeded ? 0 : STATEMENT_FAILED;
    }

    private void prompt(boolean continued) {
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        out.print(database + (continued ? "-> " : "=> "));
        out.flush();
    }

    private BufferedReader open() throws IOException {
        if (file == null || isStandardInput()) {
            return new BufferedReader(new InputStreamReader(new StandardInput(), StandardCharsets.UTF_8.newDecoder()));
        }
        return Files.newBufferedReader(file);
    }

    private BaseConnection connect() {
        PGSimpleDataSource source = new PGSimpleDataSource();
        source.setServerNames(new String[] {host});
        source.setPortNumbers(new int[] {port});
        source.setDatabaseName(database);
        source.setUser(user);
        source.setPassword(System.getenv("PGPASSWORD")); // without one pgjdbc looks into .pgpass
        source.setApplicationName("pgtrickle sql");
        source.setSslmode(System.getenv().getOrDefault("PGSSLMODE", "prefer"));
        try {
            return source.getConnection().unwrap(BaseConnection.class);
        } catch (SQLException e) {
            throw new UserFacingException(
                    NO_CONNECTION, "no connection to " + host + ":" + port + ": " + e.getMessage());
        }
    }
}
