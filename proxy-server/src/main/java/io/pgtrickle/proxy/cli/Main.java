// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.cli;

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
        subcommands = {SqlCommand.class})
public final class Main {

    private Main() {}

    public static void main(String[] arguments) {
        System.exit(commandLine().execute(arguments));
    }

    static CommandLine commandLine() {
        return new CommandLine(new Main()).setExecutionExceptionHandler((exception, commandLine, _) -> {
            if (exception instanceof UserFacingException known) {
                commandLine.getErr().println("pgtrickle: " + known.getMessage());
                return known.exitCode();
            }
            exception.printStackTrace(commandLine.getErr());
            return commandLine.getCommandSpec().exitCodeOnExecutionException();
        });
    }

    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            String version = Main.class.getPackage().getImplementationVersion();
            return new String[] {"pgtrickle " + (version == null ? "(development)" : version)};
        }
    }
}
