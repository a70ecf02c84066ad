// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.auth;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/** Asks servers on our own account, in sessions that no client ever had and that carry nothing of any client's. Never blocks. */
@FunctionalInterface
public interface ServerQueries {

    /**
     * Runs a query with one parameter.
     *
     * @return the rows, or a {@link QueryFailure}
     */
    CompletableFuture<List<List<Optional<String>>>> ask(Route route, Supplier<ServerLogin> login, String query, String parameter);
}
