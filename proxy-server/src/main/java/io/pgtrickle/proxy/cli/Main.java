// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.cli;

import io.pgtrickle.proxy.config.ConfigException;
import io.pgtrickle.proxy.embedded.EmbeddedPostgresException;
import io.pgtrickle.proxy.net.Resolver;
import java.io.PrintWriter;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;

/** {@code pgtrickle}: the commands, and how their failures end the process. */
@Command(
        name = "pgtrickle",
        description = "Materialized views that keep themselves fresh on an unmodified PostgreSQL.",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class,
        synopsisSubcommandLabel = "COMMAND",
        footer = {
            "  test   Runs all tests, those against a real PostgreSQL 18 included. What",
            "           follows is given to Maven.", // the launcher does it, as it needs the sources
            "",
            "./pgtrickle COMMAND --help tells more of each command but test."
        },
        subcommands = {DemoCommand.class, RunCommand.class, SqlCommand.class, BenchCommand.class})
public final class Main {

    private static final int FAILED = 1;

    private Main() {}

    public static void main(String[] arguments) {
        Resolver.trustNobodysMemory();
        System.exit(commandLine().execute(arguments));
    }

    static CommandLine commandLine() {
        return new CommandLine(new Main()).setExecutionExceptionHandler((exception, commandLine, _) -> {
            PrintWriter err = commandLine.getErr();
            return switch (exception) {
                case UserFacingException e -> tell(err, e.exitCode(), e.getMessage());
                case EmbeddedPostgresException e -> tell(err, FAILED, e.getMessage());
                case ConfigException e -> tell(err, FAILED, String.join("\n", e.problems()));
                default -> {
                    exception.printStackTrace(err);
                    yield FAILED;
                }
            };
        });
    }

    private static int tell(PrintWriter err, int exitCode, @Nullable String message) {
        err.println("pgtrickle: " + message);
        err.flush();
        return exitCode;
    }

    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            String version = Main.class.getPackage().getImplementationVersion();
            return new String[] {"pgtrickle " + (version == null ? "(development)" : version)};
        }
    }
}
