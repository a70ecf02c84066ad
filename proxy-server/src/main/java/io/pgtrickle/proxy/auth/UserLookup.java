// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.auth;

import io.pgtrickle.wire.auth.StoredSecret;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Looks users up in one database, with auth_query as auth_user. What it finds is not kept: every login asks anew. */
final class UserLookup {

    private static final Logger LOG = LoggerFactory.getLogger(UserLookup.class);

    private static final String NO_SUCH_DATABASE = "3D000";
    private static final String INVALID_AUTHORIZATION = "28";
    private static final String SYSTEM_ERROR = "58000";
    private static final Pattern CONTROL = Pattern.compile("\\p{Cntrl}");

    /** What is asked, and where. */
    record Question(Route route, String query) {}

    private final ServerQueries queries;
    private final Question question;
    private final Supplier<ServerLogin> login;

    UserLookup(ServerQueries queries, Question question, Supplier<ServerLogin> login) {
        this.queries = queries;
        this.question = question;
        this.login = login;
    }

    Question question() {
        return question;
    }

    /**
     * Waits for the answer. Not on an event loop.
     *
     * @return empty if there is no such user; nothing as a secret if no password fits
     * @throws QueryFailure if the server cannot be asked, or its answer is none
     */
    Optional<StoredSecret> secretOf(String user) {
        List<List<Optional<String>>> rows;
        try {
            rows = queries.ask(question.route(), login, question.query(), user).join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof QueryFailure failure ? failure : new QueryFailure("XX000", String.valueOf(e.getCause()));
        }
        if (rows.isEmpty()) {
            return Optional.empty();
        }
        List<Optional<String>> row = rows.getFirst();
        if (rows.size() > 1 || row.size() != 2) {
            throw new QueryFailure("0A000", "auth_query must return one row of two columns, name and secret, and returned "
                    + rows.size() + " of " + row.size());
        }
        Optional<String> name = row.getFirst();
        if (name.isPresent() && !name.get().equals(user)) {
            // Lines of the HBA file and the list of users are about the name the client has said.
            LOG.warn("auth_query returned user \"{}\" instead of the one it was asked for", printable(name.get()));
            return Optional.empty();
        }
        return name.map(_ -> row.getLast().map(StoredSecret::parse).orElseGet(StoredSecret.None::new));
    }

    /** Names may come from clients: no line of the log may be made up by one. */
    private static String printable(String text) {
        return CONTROL.matcher(text).replaceAll("?");
    }

    /** What the client is told: nothing of the server's reasons, for it has not proved yet who it is. */
    AuthFailure failure(QueryFailure failure, Visitor visitor) {
        Route route = question.route();
        LOG.warn("auth_query as \"{}\" in database \"{}\" at {}:{} failed: {}",
                route.user(), printable(route.database()), route.host(), route.port(), printable(String.valueOf(failure.getMessage())));
        if (failure.sqlState().equals(NO_SUCH_DATABASE)) {
            return AuthFailure.unknownDatabase(visitor.database());
        }
        // That auth_user cannot log in says nothing of the client's password.
        String sqlState = failure.sqlState().startsWith(INVALID_AUTHORIZATION) ? SYSTEM_ERROR : failure.sqlState();
        return new AuthFailure(sqlState, "auth_query failed: the user's password cannot be checked now", "The reason is in the proxy's log.");
    }
}
