// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.demo;

import java.io.PrintWriter;
import me.tongfei.progressbar.DelegatingProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarStyle;

/** Shows what takes a moment before the live view starts: a bar on a terminal, a line per task elsewhere. */
public final class Progress {

    private static final int WIDTH = 78;
    private static final int INTERVAL_MILLIS = 100;

    private final PrintWriter out;
    private final boolean bars;

    public Progress(PrintWriter out, boolean bars) {
        this.out = out;
        this.bars = bars;
    }

    public void say(String line) {
        out.println(line);
        out.flush();
    }

    /** @param steps how often {@link Task#step} will be called */
    Task begin(String name, long steps) {
        if (bars) {
            return new Bar(name, steps);
        }
        say(name);
        return new Silent();
    }

    /** A task of several steps. */
    sealed interface Task extends AutoCloseable {

        /** Begins the next step; the one before is done. */
        void step(String what);

        @Override
        void close();
    }

    private static final class Silent implements Task {
        @Override
        public void step(String what) {
            // The task's name has been printed; a log needs no more.
        }

        @Override
        public void close() {
            // nothing is open
        }
    }

    private final class Bar implements Task {

        private final ProgressBar bar;
        private boolean begun;

        Bar(String name, long steps) {
            bar = ProgressBar.builder()
                    .setTaskName(name)
                    .setInitialMax(steps)
                    .setStyle(ProgressBarStyle.COLORFUL_UNICODE_BLOCK)
                    .setUpdateIntervalMillis(INTERVAL_MILLIS)
                    .hideEta()
                    .setConsumer(new DelegatingProgressBarConsumer(this::draw, WIDTH))
                    .build();
        }

        private void draw(String line) {
            out.print("\r" + line);
            out.flush();
        }

        @Override
        public void step(String what) {
            bar.setExtraMessage(what);
            if (begun) {
                bar.step();
            }
            begun = true;
        }

        @Override
        public void close() {
            bar.step();
            bar.setExtraMessage("");
            bar.close();
            out.println();
            out.flush();
        }
    }
}
