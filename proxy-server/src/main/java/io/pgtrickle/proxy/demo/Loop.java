// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.demo;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Tells everything that runs in the demo when to end. Thread-safe. */
public final class Loop {

    private final CountDownLatch ended = new CountDownLatch(1);

    public void end() {
        ended.countDown();
    }

    boolean isOver() {
        return ended.getCount() == 0;
    }

    /** Waits, and returns early with false if everything shall end. */
    boolean pause(Duration duration) throws InterruptedException {
        return !ended.await(duration.toNanos(), TimeUnit.NANOSECONDS);
    }
}
