// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.pool;

import io.pgtrickle.proxy.backend.Figures;
import io.pgtrickle.proxy.backend.ServerConnection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.LongAdder;

/** The connections of a pool, whoever uses them, and what was counted on them and on those before. Thread-safe. */
final class Members {

    private final Set<ServerConnection> servers = new HashSet<>();
    private final LongAdder assignments = new LongAdder();
    private final LongAdder waitTime = new LongAdder();
    private Figures gone = Figures.ZERO;
    private int generation;
    private final Runnable onClose;

    /** @param onClose told when a connection has closed */
    Members(Runnable onClose) {
        this.onClose = onClose;
    }

    /** Those whose opening has begun until now are to be closed when they are not in use. */
    synchronized void outdate() {
        generation++;
        servers.forEach(ServerConnection::outdate);
    }

    synchronized int generation() {
        return generation;
    }

    /** @param begun the generation when its opening began */
    void add(ServerConnection server, int begun) {
        synchronized (this) {
            servers.add(server);
            if (begun < generation) {
                server.outdate();
            }
        }
        server.channel().closeFuture().addListener(_ -> {
            remove(server);
            onClose.run();
        });
    }

    private synchronized void remove(ServerConnection server) {
        if (servers.remove(server)) {
            gone = gone.plus(server.figures());
        }
    }

    synchronized boolean hasOutdated() {
        return servers.stream().anyMatch(ServerConnection::isOutdated);
    }

    synchronized boolean isEmpty() {
        return servers.isEmpty();
    }

    synchronized List<ServerConnection> all() {
        return List.copyOf(servers);
    }

    void lent(long waitedNanos) {
        assignments.increment();
        waitTime.add(waitedNanos);
    }

    synchronized Figures figures() {
        Figures sum = gone.plus(new Figures(assignments.sum(), 0, 0, 0, 0, 0, 0, waitTime.sum(), 0, 0, 0));
        for (ServerConnection server : servers) {
            sum = sum.plus(server.figures());
        }
        return sum;
    }
}
