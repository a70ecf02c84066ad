// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.intercept;

import io.netty.channel.EventLoop;
import io.pgtrickle.dvm.engine.Engines;
import io.pgtrickle.dvm.error.EngineException;
import io.pgtrickle.dvm.error.ErrorCode;
import java.util.concurrent.Callable;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * Brings work from event loops to the engine and back: each call on a virtual thread of its own, so many at a time. A call may wait for
 * a lock that another session holds whose own call waits here; so waiting for a turn ends with an error. Thread-safe.
 */
public final class EngineCalls {

    private static final int PATIENCE_SECONDS = 60;

    /** How the work ended; called on the session's event loop. */
    interface Callback<T> {
        void succeeded(T result);

        void failed(Throwable cause);
    }

    private final Engines engines;
    private final Semaphore turns;

    public EngineCalls(Engines engines, int atOnce) {
        this.engines = engines;
        this.turns = new Semaphore(atOnce, true);
    }

    Engines engines() {
        return engines;
    }

    <T> void run(EventLoop loop, Callable<T> work, Callback<T> callback) {
        Thread.ofVirtual().name("engine-call").start(() -> {
            try {
                T result = inTurn(work);
                loop.execute(() -> callback.succeeded(result));
            } catch (Throwable failure) {
                loop.execute(() -> callback.failed(failure));
            }
        });
    }

    private <T> T inTurn(Callable<T> work) throws Exception {
        if (!turns.tryAcquire(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
            throw EngineException.of(ErrorCode.ENGINE_UNAVAILABLE, "the engine is busy with too many commands");
        }
        try {
            return work.call();
        } finally {
            turns.release();
        }
    }
}
