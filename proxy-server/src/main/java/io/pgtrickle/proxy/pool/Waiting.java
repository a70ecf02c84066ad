// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.pool;

import io.netty.channel.EventLoop;
import io.netty.util.concurrent.ScheduledFuture;
import io.pgtrickle.proxy.config.PoolSettings;
import io.pgtrickle.proxy.pool.ServerPool.Borrower;
import io.pgtrickle.proxy.pool.ServerPool.Request;
import io.pgtrickle.proxy.pool.ServerPool.Wish;
import io.pgtrickle.wire.backend.Report;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** One client's wait for a connection. */
final class Waiting implements Request {

    private final Pool pool;
    private final Wish wish;
    private final EventLoop loop;
    private final Borrower borrower;
    private final long since = System.nanoTime();
    private @Nullable ScheduledFuture<?> timeout;
    private @Nullable ScheduledFuture<?> notice;
    private volatile boolean withdrawn;

    Waiting(Pool pool, Wish wish, EventLoop loop, Borrower borrower) {
        this.pool = pool;
        this.wish = wish;
        this.loop = loop;
        this.borrower = borrower;
    }

    Wish wish() {
        return wish;
    }

    EventLoop loop() {
        return loop;
    }

    Borrower borrower() {
        return borrower;
    }

    /** Whether it has waited for so long; never for no time at all. */
    boolean hasWaited(Duration time) {
        return System.nanoTime() - since >= time.toNanos();
    }

    @Override
    public long waited() {
        return System.nanoTime() - since;
    }

    @Override
    public void withdraw() {
        withdrawn = true;
        pool.withdraw(this);
        stopTimers();
    }

    boolean isWithdrawn() {
        return withdrawn;
    }

    // On the client's event loop.

    /** Once. */
    void startTimers(PoolSettings.Waiting settings) {
        if (timeout != null || notice != null) {
            return;
        }
        timeout = after(settings.timeout(), () -> {
            if (pool.withdraw(this)) {
                fail(Report.fatal("08P01", "query_wait_timeout")
                        .with(Report.DETAIL, "No server connection became free in " + settings.timeout().toMillis() / 1000.0 + " s.")
                        .with(Report.HINT, "Raise default_pool_size, or look in the pool for long transactions and sessions that hold a connection."));
            }
        });
        notice = after(settings.notice(), () -> {
            if (pool.isWaiting(this)) {
                borrower.waiting(Report.notice("No server connection available, the client is waiting in the queue"));
            }
        });
    }

    private @Nullable ScheduledFuture<?> after(Duration time, Runnable action) {
        return time.isZero() ? null : loop.schedule(action, time.toNanos(), TimeUnit.NANOSECONDS);
    }

    void stopTimers() {
        if (timeout != null) {
            timeout.cancel(false);
        }
        if (notice != null) {
            notice.cancel(false);
        }
    }

    void fail(Report report) {
        stopTimers();
        if (!withdrawn) {
            borrower.unavailable(report);
        }
    }
}
