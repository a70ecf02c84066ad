// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.admin;

import io.pgtrickle.proxy.config.ConfigException;
import io.pgtrickle.sql.text.Suggestions;
import io.pgtrickle.wire.backend.Report;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Carries out the console's commands. Thread-safe; what takes a while is done elsewhere. */
final class Commands {

    private static final Logger LOG = LoggerFactory.getLogger(Commands.class);

    /** PgBouncer's, for a configuration that cannot be used. */
    private static final String CONFIG_ERROR = "F0000";

    private final Shows shows;
    private final DatabaseControl databases;
    private final Operations operations;

    Commands(Shows shows, DatabaseControl databases, Operations operations) {
        this.shows = shows;
        this.databases = databases;
        this.operations = operations;
    }

    /** The columns the answer has, or what it is like without being carried out; empty for none. */
    Optional<Table> describe(Command command) {
        return switch (command.verb()) {
            case SHOW -> isHelp(command) ? Optional.empty() : Optional.of(show(command));
            case SELECT -> Optional.of(select(command));
            default -> Optional.empty();
        };
    }

    /** @param admin whether the client may do more than look */
    CompletableFuture<Answer> run(Command command, boolean admin) {
        try {
            return carryOut(command, admin);
        } catch (CommandFailure e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    private CompletableFuture<Answer> carryOut(Command command, boolean admin) {
        Verb verb = command.verb();
        boolean secret = verb == Verb.SHOW && command.argument().equals("fds");
        if ((verb.needsAdmin() || secret) && !admin && !isDrivers(command)) {
            throw new CommandFailure(CommandFailure.NO_PRIVILEGE, "permission denied: " + verb.name().toUpperCase(Locale.ROOT) + " is for admin_users")
                    .hint("Users in stats_users can use SHOW.");
        }
        if (verb.needsAdmin() && !isDrivers(command)) {
            LOG.info("{} {} on the admin console", verb, command.argument());
        }
        return switch (verb) {
            case SHOW -> isHelp(command) ? done(help()) : done(Answer.of("SHOW", show(command)));
            case SELECT -> done(Answer.of("SELECT 1", select(command)));
            case NOTHING -> done(Answer.done(command.argument()));
            case SET -> isDrivers(command) ? done(Answer.done("SET")) : change("SET", () -> operations.set(command.argument(), command.value()));
            case RELOAD -> change("RELOAD", operations::reload);
            case PAUSE -> databases.pause(database(command, false)).thenApply(_ -> Answer.done("PAUSE"));
            case WAIT_CLOSE -> databases.waitClose(database(command, false)).thenApply(_ -> Answer.done("WAIT_CLOSE"));
            case RESUME -> {
                if (operations.isShuttingDown()) {
                    throw new CommandFailure(CommandFailure.WRONG_STATE, "the proxy is shutting down");
                }
                databases.resume(database(command, false));
                yield done(Answer.done("RESUME"));
            }
            case DISABLE -> {
                databases.disable(database(command, true));
                yield done(Answer.done("DISABLE"));
            }
            case ENABLE -> {
                databases.enable(database(command, true));
                yield done(Answer.done("ENABLE"));
            }
            case RECONNECT -> {
                databases.reconnect(database(command, false));
                yield done(Answer.done("RECONNECT"));
            }
            case KILL -> {
                databases.kill(database(command, false));
                yield done(Answer.done("KILL"));
            }
            case KILL_CLIENT -> {
                databases.killClient(command.argument());
                yield done(Answer.done("KILL_CLIENT"));
            }
            case SHUTDOWN -> {
                operations.shutDown(ending(command.argument()));
                yield done(Answer.done("SHUTDOWN"));
            }
            case SUSPEND -> throw new CommandFailure(CommandFailure.UNSUPPORTED, "SUSPEND is not supported")
                    .hint("It serves to hand the sockets to another PgBouncer process. PAUSE waits for the end of all transactions.");
        };
    }

    private static CompletableFuture<Answer> done(Answer answer) {
        return CompletableFuture.completedFuture(answer);
    }

    /** Reading files and making keys of passwords takes a while. */
    private static CompletableFuture<Answer> change(String tag, Supplier<List<String>> change) {
        return CompletableFuture.supplyAsync(() -> {
            try {
                List<String> warnings = change.get();
                return new Answer(Optional.empty(), tag, warnings.stream().map(Commands::warning).toList());
            } catch (ConfigException e) {
                var failure = new CommandFailure(CONFIG_ERROR, tag + " failed: " + e.problems().getFirst()).hint("Nothing has changed.");
                throw e.problems().size() > 1 ? failure.detail(String.join("\n", e.problems())) : failure;
            }
        }, task -> Thread.ofVirtual().name("admin-console").start(task));
    }

    private static Report warning(String text) {
        return Report.notice(text).with(Report.SEVERITY, "WARNING").with(Report.SEVERITY_NAME, "WARNING").with(Report.SQL_STATE, "01000");
    }

    private static Operations.Ending ending(String word) {
        if (word.isEmpty()) {
            return Operations.Ending.NOW;
        }
        return Arrays.stream(Operations.Ending.values())
                .filter(ending -> ending != Operations.Ending.NOW && ending.name().equalsIgnoreCase(word))
                .findFirst()
                .orElseThrow(() -> new CommandFailure(CommandFailure.SYNTAX, "syntax error at or near \"" + word + "\"")
                        .hint("SHUTDOWN [WAIT_FOR_SERVERS | WAIT_FOR_CLIENTS]"));
    }

    /** @throws CommandFailure if clients could not ask for it */
    private String database(Command command, boolean required) {
        String name = command.argument();
        if (name.isEmpty() && required) {
            throw new CommandFailure(CommandFailure.SYNTAX, "a database is required").hint(command.verb().name() + " <db>");
        }
        if (operations.config().isConsole(name)) {
            throw new CommandFailure(CommandFailure.WRONG_VALUE, name + " is the admin console itself");
        }
        if (!name.isEmpty() && operations.config().databases().find(name).isEmpty()) {
            var known = List.copyOf(operations.config().databases().named().keySet());
            var failure = new CommandFailure(CommandFailure.NO_DATABASE, "no such database: " + name);
            throw Suggestions.nearest(name, known).map(near -> failure.hint("Did you mean " + near + "? SHOW DATABASES lists them.")).orElse(failure);
        }
        return name;
    }

    /** Whether it is a setting that drivers set on every connection. */
    private static boolean isDrivers(Command command) {
        return command.verb() == Verb.SET && Shows.DRIVERS.containsKey(command.argument());
    }

    private static boolean isHelp(Command command) {
        return command.verb() == Verb.SHOW && (command.argument().isEmpty() || command.argument().equals("help"));
    }

    private static Answer help() {
        String usage = Verb.help().stream().map(line -> "\n\t" + line).collect(Collectors.joining());
        return new Answer(Optional.empty(), "SHOW", List.of(Report.notice("Console usage").with(Report.DETAIL, usage)));
    }

    private Table show(Command command) {
        String name = command.argument();
        return shows.find(name).orElseThrow(() -> new CommandFailure(CommandFailure.SYNTAX, "there is nothing to SHOW called \"" + name + "\"")
                .hint(Suggestions.nearest(name, shows.names()).map(near -> "Did you mean SHOW " + near.toUpperCase(Locale.ROOT) + "? ").orElse("")
                        + "SHOW HELP lists what there is."));
    }

    private Table select(Command command) {
        String what = command.argument();
        if (what.equalsIgnoreCase("version()")) {
            return Table.of("version").add(shows.table("version").rows().getFirst().getFirst());
        }
        if (!what.isEmpty() && what.chars().allMatch(Character::isDigit) && what.length() < 10) {
            return Table.of("?column? int4").add(what);
        }
        throw new CommandFailure(CommandFailure.UNSUPPORTED, "the admin console does not know SQL").hint("SHOW HELP lists its commands.");
    }
}
