// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.intercept;

import io.pgtrickle.dvm.engine.CommandOutcome;
import io.pgtrickle.dvm.engine.StreamTableEngine;
import io.pgtrickle.dvm.session.ServerError;
import io.pgtrickle.dvm.session.SqlFailure;
import io.pgtrickle.proxy.backend.ServerConnection;
import io.pgtrickle.proxy.backend.ServerLink;
import io.pgtrickle.sql.statement.SqlStatement.CreateOrdinaryView;
import io.pgtrickle.sql.statement.SqlStatement.StreamTableCommand;
import io.pgtrickle.wire.backend.Report;
import io.pgtrickle.wire.frontend.FrontendMessage.Bind;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The engine at work in one session, one thing at a time, while the client's input is paused: started and finished on the session's event
 * loop, done on a virtual thread. Whoever starts something says how to go on if it succeeds, and how if the server has failed it.
 */
final class EngineWork {

    private static final Logger LOG = LoggerFactory.getLogger(EngineWork.class);

    private final EngineCalls engines;
    private final SessionPort session;
    private final ServerLink link;
    private final WireSqlSession sql;

    private boolean underWay;
    private boolean catalogSeen;

    EngineWork(EngineCalls engines, SessionPort session, ServerLink link, WireSqlSession sql) {
        this.engines = engines;
        this.session = session;
        this.link = link;
        this.sql = sql;
    }

    private ServerConnection server() {
        return link.server();
    }

    boolean isUnderWay() {
        return underWay;
    }

    /** Whether the database is known to have the catalog. */
    boolean hasSeenCatalog() {
        return catalogSeen;
    }

    /** Has the server look around for a command that will be run once everything sent is answered. */
    void prepare(StreamTableCommand command) {
        if (!(command instanceof CreateOrdinaryView)) {
            sql.sendAhead(StreamTableEngine.firstStatement(command));
        }
    }

    /** Carries out a command. */
    void run(
            StreamTableCommand command,
            Bind bind,
            List<Integer> types,
            Consumer<CommandOutcome> finished,
            Runnable failed) {
        var run = new CommandRun(
                engines.engines(), server().route().database(), sql, command, bind, types, server().charset());
        start(run, finished, failed);
    }

    /**
     * Makes sure that the database has the catalog, before the server sees a statement that names pgtrickle.
     *
     * @param required whether the statement fails without; else the server decides what it makes of it
     */
    void prepareCatalog(boolean required, Runnable then) {
        if (catalogSeen) {
            then.run();
            return;
        }
        Consumer<Boolean> prepared = seen -> {
            catalogSeen = seen;
            then.run();
        };
        start(() -> openEngine(required), prepared, then);
    }

    private boolean openEngine(boolean required) {
        String database = server().route().database();
        try {
            engines.engines().forDatabase(database, true);
            return true;
        } catch (RuntimeException e) {
            LOG.warn("no engine for database {}: {}", database, e.getMessage());
            if (required) {
                throw sql.raise(e);
            }
            return false;
        }
    }

    /** Has the server raise an error of PostgreSQL's own. */
    void fail(String sqlState, String message, Runnable failed) {
        var error = new SqlFailure(new ServerError("ERROR", sqlState, message, Optional.empty(), Optional.empty(), 0));
        Callable<Void> raising = () -> {
            throw sql.raise(error);
        };
        start(raising, _ -> failed.run(), failed);
    }

    private <T> void start(Callable<T> work, Consumer<T> finished, Runnable failed) {
        underWay = true;
        sql.begin();
        engines.run(server().channel().eventLoop(), work, new EngineCalls.Callback<>() {
            @Override
            public void succeeded(T result) {
                ended(sql.failed() ? failed : () -> finished.accept(result));
            }

            @Override
            public void failed(Throwable cause) {
                if (sql.failed()) {
                    ended(failed);
                } else if (server().channel().isActive()) {
                    inDisorder(cause);
                }
            }
        });
    }

    private void ended(Runnable next) {
        underWay = false;
        try {
            next.run();
            session.flush();
        } catch (RuntimeException e) {
            inDisorder(e);
        }
    }

    private void inDisorder(Throwable cause) {
        LOG.error("{}: an engine call ended in disorder", server().channel(), cause);
        session.fatal(Report.fatal("XX000", "internal error: " + cause));
    }
}
