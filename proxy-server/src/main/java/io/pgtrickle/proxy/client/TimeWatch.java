// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.client;

import io.netty.channel.EventLoop;
import io.netty.util.concurrent.ScheduledFuture;
import io.pgtrickle.proxy.backend.ServerConnection;
import io.pgtrickle.proxy.config.TimeLimits;
import io.pgtrickle.wire.backend.Report;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Ends a session that has been in one state for too long. It looks from time to time, which costs sessions without limits nothing and
 * others next to nothing; a limit is exceeded by a tenth at most. On the session's event loop.
 */
final class TimeWatch {

    private static final long SHORTEST_PAUSE = TimeUnit.MILLISECONDS.toNanos(10);
    private static final long LONGEST_PAUSE = TimeUnit.SECONDS.toNanos(1);

    private final TimeLimits limits;
    private final Supplier<@Nullable ServerConnection> server;
    private final Consumer<Report> end;
    private @Nullable ScheduledFuture<?> ticking;

    private long query;
    private long busySince;
    private long transactionSince;
    private long pausingSince;
    private long idleSince;

    /** @param end ends the session with a reason */
    TimeWatch(TimeLimits limits, Supplier<@Nullable ServerConnection> server, Consumer<Report> end) {
        this.limits = limits;
        this.server = server;
        this.end = end;
    }

    void start(EventLoop loop) {
        if (limits.shortest().isZero()) {
            return;
        }
        long now = System.nanoTime();
        busySince = transactionSince = pausingSince = idleSince = now;
        long pause = Math.clamp(limits.shortest().toNanos() / 10, SHORTEST_PAUSE, LONGEST_PAUSE);
        ticking = loop.scheduleWithFixedDelay(this::look, pause, pause, TimeUnit.NANOSECONDS);
    }

    void stop() {
        if (ticking != null) {
            ticking.cancel(false);
        }
    }

    private void look() {
        long now = System.nanoTime();
        ServerConnection current = server.get();
        boolean busy = current != null && !current.replies().isEmpty();
        boolean inTransaction = current != null && (busy || current.status() != 'I');
        if (!busy || current.replies().pipeline() != query) {
            busySince = now;
            query = current == null ? 0 : current.replies().pipeline();
        }
        transactionSince = inTransaction ? transactionSince : now;
        pausingSince = inTransaction && !busy ? pausingSince : now;
        idleSince = inTransaction ? now : idleSince;
        if (exceeds(limits.query(), now - busySince)) {
            end("query_timeout", "A query ran for longer than query_timeout allows.");
        } else if (exceeds(limits.transaction(), now - transactionSince)) {
            end("transaction_timeout", "A transaction took longer than transaction_timeout allows.");
        } else if (exceeds(limits.idleTransaction(), now - pausingSince)) {
            end("idle_transaction_timeout", "Nothing happened in a transaction for longer than idle_transaction_timeout allows.");
        } else if (exceeds(limits.idle(), now - idleSince)) {
            end("client_idle_timeout", "Nothing happened in the session for longer than client_idle_timeout allows.");
        }
    }

    private static boolean exceeds(Duration limit, long nanos) {
        return !limit.isZero() && nanos > limit.toNanos();
    }

    private void end(String limit, String detail) {
        stop();
        end.accept(Report.fatal("57P05", limit).with(Report.DETAIL, detail));
    }
}
