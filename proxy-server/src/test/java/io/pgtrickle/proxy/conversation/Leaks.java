// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.conversation;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.util.ResourceLeakDetector;
import org.slf4j.LoggerFactory;

/** Netty's leak detector says in the log when a buffer was not given back; here that is a failure. */
public final class Leaks {

    private static final ListAppender<ILoggingEvent> REPORTS = new ListAppender<>();

    private Leaks() {}

    public static void watch() {
        assertThat(ResourceLeakDetector.getLevel()).isEqualTo(ResourceLeakDetector.Level.PARANOID);
        if (!REPORTS.isStarted()) {
            REPORTS.start();
            ((Logger) LoggerFactory.getLogger(ResourceLeakDetector.class)).addAppender(REPORTS);
        }
    }

    public static void assertNone() {
        for (int i = 0; i < 3; i++) {
            System.gc();
            // Leaks are reported when the next buffer is made.
            ByteBuf buffer = ByteBufAllocator.DEFAULT.buffer();
            buffer.release();
        }
        assertThat(REPORTS.list).extracting(ILoggingEvent::getFormattedMessage).isEmpty();
    }
}
