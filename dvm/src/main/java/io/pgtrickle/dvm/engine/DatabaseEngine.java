// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.engine;

import io.pgtrickle.dvm.analysis.Planner;
import io.pgtrickle.dvm.catalog.DatabaseIdentity;
import io.pgtrickle.dvm.catalog.Migrations;
import io.pgtrickle.dvm.error.EngineException;
import io.pgtrickle.dvm.error.ErrorCode;
import io.pgtrickle.dvm.refresh.Plans;
import io.pgtrickle.dvm.refresh.Refresher;
import io.pgtrickle.dvm.scheduler.Scheduler;
import io.pgtrickle.dvm.session.CallerHands;
import io.pgtrickle.dvm.session.EngineConnection;
import io.pgtrickle.dvm.session.EngineConnections;
import io.pgtrickle.dvm.session.EngineErrors;
import io.pgtrickle.dvm.session.SessionClosedException;
import io.pgtrickle.dvm.session.SqlFailure;
import io.pgtrickle.dvm.session.SqlSession;
import io.pgtrickle.sql.parse.QueryParser;
import io.pgtrickle.sql.statement.SqlStatement.CreateOrdinaryView;
import io.pgtrickle.sql.statement.SqlStatement.CreateStreamTable;
import io.pgtrickle.sql.statement.SqlStatement.DropMaterializedViews;
import io.pgtrickle.sql.statement.SqlStatement.FunctionCall;
import io.pgtrickle.sql.statement.SqlStatement.RefreshMaterializedView;
import io.pgtrickle.sql.statement.SqlStatement.StreamTableCommand;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The engine of one database. Connects when it is first needed; until a statement names pgtrickle it writes nothing.
 * Thread-safe, blocking.
 */
public final class DatabaseEngine implements StreamTableEngine, AutoCloseable {

    /** NOTIFY channel that tells schedulers about new, changed and dropped stream tables. */
    public static final String CHANNEL = Scheduler.CHANNEL;

    private static final Logger LOG = LoggerFactory.getLogger(DatabaseEngine.class);

    private final String database;
    private final EngineConnections connections;
    private final EngineOptions options;
    private final Plans plans;
    private final Consumer<DatabaseEngine> gone;
    /** When an idle refresh of a stream table was last noted, by its id. */
    private final Map<Long, Long> noted = new ConcurrentHashMap<>();
    private final AtomicBoolean openingBehind = new AtomicBoolean();
    private volatile @Nullable DatabaseIdentity identity;
    private @Nullable Scheduler scheduler;

    /** @param gone told when the database is no longer there, or no longer the one it was */
    DatabaseEngine(
            String database, EngineConnections connections, EngineOptions options, QueryParser parser, Consumer<DatabaseEngine> gone) {
        this.database = database;
        this.connections = connections;
        this.options = options;
        this.plans = new Plans(new Planner(parser));
        this.gone = gone;
    }

    @Override
    public CommandOutcome execute(StreamTableCommand command, List<@Nullable String> parameters, SqlSession session) {
        Opening opening = Opening.read(session, command);
        if (!opening.installed()) {
            switch (command) {
                case DropMaterializedViews _, RefreshMaterializedView _ -> {
                    return new CommandOutcome.NotOurs();
                }
                case CreateStreamTable _, CreateOrdinaryView _, FunctionCall _ -> {}
            }
        }
        if (opening.installed() && identity == null && !concernsStreamTables(command, session)) {
            openBehind();
            return new CommandOutcome.NotOurs();
        }
        DatabaseIdentity known;
        try {
            known = opening.installed() ? open() : install();
        } catch (EngineException e) {
            throw EngineErrors.raise(session, e);
        }
        CallerHands hands = new CallerHands(session, known.secret(), opening.transaction(), opening.isolation());
        try {
            return new Commands(hands, session, opening, known, plans, this::noteNothingToDo)
                    .run(command, parameters);
        } catch (EngineException e) {
            throw hands.raise(e);
        } catch (SqlFailure | SessionClosedException e) {
            throw e;
        } catch (RuntimeException e) {
            LOG.error("database {}: {} failed", database, command.getClass().getSimpleName(), e);
            throw hands.raise(EngineException.of(ErrorCode.INTERNAL, "pgtrickle: " + e.getMessage()));
        }
    }

    /** An engine that cannot open the database, e.g. because the catalog is another role's, is in the way of nothing that is not its own. */
    private static boolean concernsStreamTables(StreamTableCommand command, SqlSession session) {
        return switch (command) {
            case DropMaterializedViews drop -> Opening.anyStreamTable(session, drop.names());
            case RefreshMaterializedView refresh -> Opening.anyStreamTable(session, List.of(refresh.name()));
            case CreateStreamTable _, CreateOrdinaryView _, FunctionCall _ -> true;
        };
    }

    /** The database has a catalog, so there may be work: begins with it without letting anybody wait. */
    private void openBehind() {
        if (openingBehind.compareAndSet(false, true)) {
            Thread.ofVirtual().name("pgtrickle-open-" + database).start(() -> {
                try {
                    open();
                } catch (RuntimeException e) {
                    LOG.warn("database {} has stream tables, but the engine cannot work for it: {}", database, e.getMessage());
                } finally {
                    openingBehind.set(false);
                }
            });
        }
    }

    /** On a connection of its own, behind the command's back, once a second: the time of a refresh that changed nothing. */
    private void noteNothingToDo(long id) {
        long now = System.nanoTime();
        if (noted.merge(id, now, (before, _) -> now - before > 1_000_000_000L ? now : before) != now) {
            return;
        }
        Thread.ofVirtual().name("pgtrickle-note-" + id).start(() -> {
            try (EngineConnection connection = connections.borrow()) {
                connection.execute(Refresher.noteNothingToDo(id));
            } catch (SqlFailure | SessionClosedException e) {
                LOG.debug("database {}: refresh time of {} not noted: {}", database, id, e.getMessage());
            }
        });
    }

    /** Installs or upgrades the catalog unless this engine has done so, and starts working for the database. */
    void ensureInstalled() {
        if (identity == null) {
            open();
        }
    }

    /** The catalog may have been dropped since. */
    private synchronized DatabaseIdentity install() {
        close(scheduler);
        identity = null;
        connections.release(); // those of a database that was dropped by force are dead
        return open();
    }

    /** Unless the catalog has been installed again since. */
    private void ended(DatabaseIdentity known) {
        if (identity == known) {
            gone.accept(this);
        }
    }

    private void close(@Nullable Scheduler running) {
        if (running != null) {
            running.close();
            scheduler = null;
        }
    }

    /** Starts working if the database has the catalog. @return whether it has */
    boolean openIfInstalled() {
        try (EngineConnection connection = connections.borrow()) {
            if (!Migrations.installed(connection)) {
                connections.release();
                return false;
            }
        }
        open();
        return true;
    }

    private synchronized DatabaseIdentity open() {
        DatabaseIdentity known = identity;
        if (known == null) {
            Migrations.apply(connections);
            try (EngineConnection connection = connections.borrow()) {
                known = DatabaseIdentity.read(connection);
            }
            if (!known.superuser()) {
                LOG.info("database {}: the engine's role {} is no superuser: it must be a member of every role that owns a stream table or a source",
                        database, known.role());
            }
            identity = known;
            if (options.schedule()) {
                DatabaseIdentity of = known;
                Scheduler started = new Scheduler(database, connections, plans, known, () -> ended(of));
                started.start();
                scheduler = started;
            }
        }
        return known;
    }

    /** What the database's stream tables are doing. */
    public List<StreamTableStatus> streamTables() {
        try (EngineConnection connection = connections.borrow()) {
            return StreamTableStatus.read(connection);
        }
    }

    /** Refreshes a stream table and compares it with its query in the same snapshot; see {@link SelfCheck}. */
    public boolean equalsItsQuery(long pgtId) {
        return new SelfCheck(connections, plans, open().cluster()).equalsItsQuery(pgtId);
    }

    @Override
    public synchronized void close() {
        close(scheduler);
        connections.close();
    }
}
