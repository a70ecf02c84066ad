// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.pool;

import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoopGroup;
import io.pgtrickle.proxy.auth.QueryFailure;
import io.pgtrickle.proxy.auth.Route;
import io.pgtrickle.proxy.auth.ServerLogin;
import io.pgtrickle.proxy.auth.ServerQueries;
import io.pgtrickle.proxy.backend.ReplyQueue.Owner;
import io.pgtrickle.proxy.backend.ServerConnection;
import io.pgtrickle.proxy.config.PoolSettings;
import io.pgtrickle.proxy.pool.ServerPool.Borrower;
import io.pgtrickle.proxy.pool.ServerPool.Wish;
import io.pgtrickle.wire.backend.BackendMessage.DataRow;
import io.pgtrickle.wire.backend.BackendType;
import io.pgtrickle.wire.backend.Report;
import io.pgtrickle.wire.frontend.FrontendMessage.Bind;
import io.pgtrickle.wire.frontend.FrontendMessage.Execute;
import io.pgtrickle.wire.frontend.FrontendMessage.Parse;
import io.pgtrickle.wire.frontend.FrontendMessage.Sync;
import io.pgtrickle.wire.frontend.StartupPacket.StartupMessage;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Our own questions to servers. They have pools of their own, so that no client ever works in these sessions, and startup parameters that
 * no client has a say in: whose {@code search_path} came from a client would run that client's functions as auth_user (CVE-2025-12819).
 */
public final class LookupSessions implements ServerQueries {

    /** What PostgreSQL has comes first, what anybody may create comes last. */
    private static final String SEARCH_PATH = "pg_catalog, public, pg_temp";

    private final ServerPool pool;
    private final PoolSettings settings;
    private final EventLoopGroup loops;

    /** @param pool one that clients do not use */
    public LookupSessions(ServerPool pool, PoolSettings settings, EventLoopGroup loops) {
        this.pool = pool;
        this.settings = settings;
        this.loops = loops;
    }

    @Override
    public CompletableFuture<List<List<Optional<String>>>> ask(Route route, Supplier<ServerLogin> login, String query, String parameter) {
        var parameters = new LinkedHashMap<String, String>();
        parameters.put("user", route.user());
        parameters.put("database", route.database());
        parameters.put("client_encoding", "UTF8");
        parameters.put("application_name", "pgtrickle auth_query");
        parameters.put("search_path", SEARCH_PATH);
        var startup = new StartupMessage(3, 2, parameters, StandardCharsets.UTF_8);
        var question = new Question(query, parameter);
        var loop = loops.next();
        loop.execute(() -> pool.acquire(new Wish(route, settings, startup, Optional.of(login)), loop, question));
        return question.answer;
    }

    /** One query, from the wait for a connection to its return; on the connection's event loop. */
    private final class Question implements Borrower {

        private final String query;
        private final String parameter;
        private final CompletableFuture<List<List<Optional<String>>>> answer = new CompletableFuture<>();
        private final List<List<Optional<String>>> rows = new ArrayList<>();
        private @Nullable ServerConnection server;
        private @Nullable Report error;

        Question(String query, String parameter) {
            this.query = query;
            this.parameter = parameter;
        }

        @Override
        public void lent(ServerConnection lent) {
            server = lent;
            lent.send(new Parse("", query, List.of()), Owner.SETUP);
            lent.send(Bind.ofText("", "", List.of(parameter), StandardCharsets.UTF_8), Owner.SETUP);
            lent.send(new Execute("", 0), Owner.SETUP);
            lent.send(new Sync(), Owner.SETUP);
            lent.flush();
        }

        @Override
        public void unavailable(Report report) {
            answer.completeExceptionally(new QueryFailure(report));
        }

        @Override
        public void reply(Owner owner, byte type, ByteBuf frame) {
            switch (type) {
                case BackendType.DATA_ROW -> rows.add(DataRow.read(frame).values().stream()
                        .map(value -> Optional.ofNullable(value).map(bytes -> new String(bytes, StandardCharsets.UTF_8)))
                        .toList());
                case BackendType.ERROR_RESPONSE -> error = Report.read(frame, StandardCharsets.UTF_8);
                default -> {}
            }
        }

        @Override
        public void received() {
            ServerConnection used = server;
            if (used != null && used.replies().isEmpty()) {
                server = null;
                pool.release(used, true, false);
                if (error == null) {
                    answer.complete(rows);
                } else {
                    answer.completeExceptionally(new QueryFailure(error));
                }
            }
        }

        @Override
        public void closed(boolean explained) {
            ServerConnection used = server;
            if (used != null) {
                server = null;
                pool.release(used, false, false);
                Report reason = used.fatal().orElseGet(() -> Report.fatal("08006", "the server closed the connection"));
                answer.completeExceptionally(new QueryFailure(reason));
            }
        }
    }
}
