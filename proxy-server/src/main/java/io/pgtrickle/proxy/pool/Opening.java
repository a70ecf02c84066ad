// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.pool;

import io.pgtrickle.proxy.backend.ServerConnection;
import io.pgtrickle.proxy.config.HostPort;
import io.pgtrickle.proxy.pool.ServerPool.Wish;
import io.pgtrickle.wire.backend.Report;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A new connection for one client: connects to one place after the other until a server is found that lets us in and is as it should be.
 * On the client's event loop.
 */
final class Opening {

    private static final Logger LOG = LoggerFactory.getLogger(Opening.class);

    private final Pool pool;
    private final ServerConnector connector;
    private final Members members;
    private final Wish wish;
    private final Places places;
    private final Waiting request;
    private final int generation;

    Opening(Pool pool, ServerConnector connector, Members members, Wish wish, Places places, Waiting request) {
        this.pool = pool;
        this.connector = connector;
        this.members = members;
        this.wish = wish;
        this.places = places;
        this.request = request;
        this.generation = members.generation();
    }

    void begin() {
        wish.login().ifPresentOrElse(login -> connect(new LoginProcess(login.get(), new OurLogin())), this::connectOnly);
    }

    /** The client logs in itself. */
    private void connectOnly() {
        connector.connect(places, wish.route(), wish.startup(), false, request.loop(), request.borrower(), new ServerConnector.Attempt() {
            @Override
            public void connected(ServerConnection server) {
                members.add(server, generation);
                members.lent(request.waited());
                request.stopTimers();
                request.borrower().lent(server);
            }

            @Override
            public void failed(Throwable cause) {
                pool.removed();
                request.fail(unreachable(cause));
            }
        });
    }

    private void connect(LoginProcess process) {
        connector.connect(places, wish.route(), wish.startup(), wish.isShared(), request.loop(), process, new ServerConnector.Attempt() {
            @Override
            public void connected(ServerConnection server) {
                members.add(server, generation);
                process.begin(server);
            }

            @Override
            public void failed(Throwable cause) {
                pool.notOpened(unreachable(cause), request);
            }
        });
    }

    private final class OurLogin implements LoginProcess.End {

        @Override
        public void loggedIn(ServerConnection server) {
            Optional<String> objection = places.current().wanted().objection(server.parameters());
            if (objection.isPresent()) {
                server.close();
                elsewhere(unsuitable(objection.get()));
            } else {
                pool.opened(server, request);
            }
        }

        @Override
        public void failed(Report report) {
            if (mayDifferElsewhere(report)) {
                elsewhere(report);
            } else {
                pool.notOpened(report, request);
            }
        }
    }

    /** What libpq takes for a reason to try the next host: a server that cannot serve anybody at the moment. */
    private static boolean mayDifferElsewhere(Report report) {
        String state = report.field(Report.SQL_STATE).orElse("");
        return state.equals("57P03") || state.startsWith("08");
    }

    /** The next host is tried at once; a pause is for when none is left. */
    private void elsewhere(Report report) {
        if (places.hasMore()) {
            LOG.debug("{}: {}; trying the next", places.current().host(), report.field(Report.MESSAGE).orElse(""));
            begin();
        } else {
            pool.notOpened(report, request);
        }
    }

    /** Of several hosts, the one tried last. */
    private Report unreachable(Throwable cause) {
        HostPort host = places.current().host();
        LOG.warn("no connection to {}: {}", host, cause.getMessage());
        return Report.fatal("08006", "could not connect to the server at " + host)
                .with(Report.DETAIL, String.valueOf(cause.getMessage()))
                .with(Report.HINT, host.isUnix()
                        ? "Check that PostgreSQL is running on this machine and has its Unix socket there."
                        : "Check that PostgreSQL is running there and accepts TCP/IP connections from this host.");
    }

    private Report unsuitable(String objection) {
        return Report.fatal("08006", "no server of this database will do: " + objection)
                .with(Report.DETAIL, "%s does not fit target_session_attrs = %s.".formatted(places.current().host(), places.current().wanted().text()));
    }
}
