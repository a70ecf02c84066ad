// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.intercept;

import io.netty.buffer.ByteBuf;
import io.pgtrickle.proxy.backend.ReplyQueue.Kind;
import io.pgtrickle.proxy.backend.ReplyQueue.Owner;
import io.pgtrickle.proxy.backend.ServerConnection;
import io.pgtrickle.proxy.backend.ServerLink;
import io.pgtrickle.proxy.prepared.SharedStatement;
import io.pgtrickle.wire.backend.BackendMessage.RowDescription;
import io.pgtrickle.wire.backend.Report;
import io.pgtrickle.wire.frontend.FrontendMessage.Bind;
import io.pgtrickle.wire.frontend.FrontendMessage.Close;
import io.pgtrickle.wire.frontend.FrontendMessage.Execute;
import io.pgtrickle.wire.frontend.FrontendMessage.Parse;
import io.pgtrickle.wire.frontend.FrontendMessage.Target;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * That a prepared statement goes on returning what its clients were told it returns. PostgreSQL sees to it where the statement is
 * ("cached plan must not change result type"); where one from before some DDL is prepared again, we have the server compare. Lives on the
 * session's event loop.
 */
final class ResultTypes {

    private static final String CHECK = "pgtrickle_result";
    private static final String CHANGED = "cached plan must not change result type";

    private final ServerLink link;
    /** Whose Describe is under way, in order. */
    private final ArrayDeque<SharedStatement> described = new ArrayDeque<>();
    /** Of the unnamed portal. */
    private @Nullable SharedStatement bound;

    ResultTypes(ServerLink link) {
        this.link = link;
    }

    /** @param statement null for one that nobody shares */
    void bound(@Nullable SharedStatement statement) {
        bound = statement;
    }

    /** A Describe of the unnamed portal is sent. */
    void expectOfPortal(Owner owner) {
        expect(bound, owner);
    }

    /** A Describe of a statement, or of a portal with it, is sent. */
    void expect(@Nullable SharedStatement statement, Owner owner) {
        if (statement == null || owner != Owner.CLIENT || statement.hasResultTypes()) {
            link.server().replies().expect(Kind.DESCRIBE, owner);
        } else {
            described.add(statement);
            link.server().replies().expect(Kind.DESCRIBE, Owner.DESCRIBED, _ -> described.remove());
        }
    }

    /** The answer. */
    void described(ByteBuf rowDescription) {
        described.element().resultTypes(RowDescription.read(rowDescription, link.server().charset()).columns().stream()
                .map(RowDescription.Column::typeOid)
                .toList());
    }

    /** Fails what comes behind it if a statement that is sent to be prepared returns something else by now. */
    void check(SharedStatement statement, Runnable otherwise) {
        String types = statement.resultTypes().stream().map(Integer::toUnsignedString).collect(Collectors.joining(", "));
        String query = """
                DO $check$
                BEGIN /* pgtrickle: whether a statement from before some DDL still returns the same */
                    IF (SELECT result_types::oid[] FROM pg_catalog.pg_prepared_statements WHERE name = '%s')
                            OPERATOR(pg_catalog.<>) ARRAY[%s]::oid[] THEN
                        RAISE feature_not_supported USING MESSAGE = '%s', HINT = '%s';
                    END IF;
                END
                $check$""".formatted(statement.name(), types, CHANGED, CHECK);
        ServerConnection server = link.server();
        server.send(new Close(Target.STATEMENT, CHECK), Owner.PROXY); // an error leaves it behind
        server.send(new Parse(CHECK, query, List.of()), Owner.PROXY);
        server.send(new Bind(CHECK, CHECK, List.of(), List.of(), List.of()), Owner.PROXY);
        server.send(new Execute(CHECK, 0), Owner.PROXY, succeeded -> {
            if (!succeeded) {
                otherwise.run();
            }
        });
        server.send(new Close(Target.PORTAL, CHECK), Owner.PROXY);
    }

    /** The error of a check as PostgreSQL words it: drivers know it by its routine, and prepare anew. */
    static Report asOfPostgres(Report report) {
        return report.field(Report.HINT).equals(Optional.of(CHECK))
                ? report.without(Set.of(Report.HINT, Report.WHERE, Report.LINE)).with(Report.FILE, "plancache.c").with(Report.ROUTINE, "RevalidateCachedQuery")
                : report;
    }
}
