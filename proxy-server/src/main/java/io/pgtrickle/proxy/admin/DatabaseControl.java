// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.admin;

import io.pgtrickle.proxy.client.ClientState;
import io.pgtrickle.proxy.client.Clients;
import io.pgtrickle.proxy.pool.DatabaseStates;
import io.pgtrickle.proxy.pool.Pools;
import io.pgtrickle.wire.backend.Report;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Predicate;

/** PAUSE and its relatives, for one database or all of them. Thread-safe. */
public final class DatabaseControl {

    private final List<Pools> pools;
    private final Clients clients;
    private final DatabaseStates states;

    /** @param pools with these states */
    public DatabaseControl(List<Pools> pools, Clients clients, DatabaseStates states) {
        this.pools = List.copyOf(pools);
        this.clients = clients;
        this.states = states;
    }

    private static Predicate<String> named(String database) {
        return database.isEmpty() ? _ -> true : database::equals;
    }

    private void each(Consumer<Pools> action) {
        pools.forEach(action);
    }

    /** Completed when the condition holds for all pools. */
    private CompletableFuture<Void> until(BooleanSupplier condition) {
        return CompletableFuture.anyOf(pools.stream().map(each -> each.until(condition)).toArray(CompletableFuture[]::new)).thenApply(_ -> null);
    }

    /** @param database empty for all; so for the others. Completed when there are no server connections any more, or with an error by RESUME. */
    CompletableFuture<Void> pause(String database) {
        if (states.areAllPaused()) {
            throw new CommandFailure(CommandFailure.WRONG_STATE, "already paused").hint("RESUME goes on.");
        }
        if (database.isEmpty()) {
            states.pauseAll(true);
        } else if (!states.pause(database)) {
            throw new CommandFailure(CommandFailure.WRONG_STATE, "database " + database + " is paused already").hint("RESUME " + database + " goes on.");
        }
        each(all -> all.closeIdle(named(database)));
        return until(() -> !isPaused(database) || !hasConnections(database)).thenRun(() -> {
            if (!isPaused(database)) {
                throw new CompletionException(new CommandFailure("57014", "RESUME came before all server connections were released"));
            }
        });
    }

    private boolean isPaused(String database) {
        return database.isEmpty() ? states.areAllPaused() : states.isPaused(database);
    }

    private boolean hasConnections(String database) {
        return pools.stream().anyMatch(all -> all.hasConnections(named(database)));
    }

    void resume(String database) {
        if (database.isEmpty()) {
            if (!states.areAllPaused()) {
                var failure = new CommandFailure(CommandFailure.WRONG_STATE, "the proxy is not paused");
                throw states.paused().isEmpty() ? failure : failure.hint("Paused by name: " + String.join(", ", states.paused()) + ". RESUME them by name.");
            }
            states.pauseAll(false);
        } else if (!states.resume(database)) {
            var failure = new CommandFailure(CommandFailure.WRONG_STATE, "database " + database + " is not paused");
            throw states.areAllPaused() ? failure.hint("All databases are; RESUME without a name goes on.") : failure;
        }
        each(all -> all.serve(named(database)));
        each(Pools::closed);
    }

    void kill(String database) {
        if (states.areAllPaused()) {
            throw new CommandFailure(CommandFailure.WRONG_STATE, "already paused").hint("RESUME goes on.");
        }
        if (database.isEmpty()) {
            states.pauseAll(true);
        } else {
            states.pause(database);
        }
        clients.end(client -> client.phase() != ClientState.Phase.CONSOLE && client.phase() != ClientState.Phase.LOGIN && named(database).test(client.database()), Clients.KILLED);
        each(all -> all.closeAll(named(database)));
    }

    void killClient(String id) {
        long number;
        try {
            number = Long.parseLong(id);
        } catch (NumberFormatException e) {
            throw new CommandFailure(CommandFailure.SYNTAX, "\"" + id + "\" is not the id of a client").hint("SHOW CLIENTS has them in its last column.");
        }
        if (clients.end(client -> client.id() == number, Clients.KILLED) == 0) {
            throw new CommandFailure("22023", "there is no client " + id).hint("SHOW CLIENTS has the ids in its last column.");
        }
    }

    /** Connections that are open now are closed when nobody uses them. */
    public void reconnect(String database) {
        each(all -> all.reconnect(named(database)));
    }

    CompletableFuture<Void> waitClose(String database) {
        return until(() -> pools.stream().noneMatch(all -> all.hasOutdated(named(database))));
    }

    void disable(String database) {
        states.disable(database);
    }

    void enable(String database) {
        states.enable(database);
    }

    /** Nobody gets a server connection any more, who waits for one is told so. Completed when none is left. */
    public CompletableFuture<Void> releaseServers(Report reason) {
        states.pauseAll(true);
        each(all -> all.end(reason));
        each(all -> all.closeIdle(_ -> true));
        return until(() -> !hasConnections(""));
    }
}
