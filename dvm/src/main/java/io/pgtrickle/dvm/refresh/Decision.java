// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.refresh;

import io.pgtrickle.dvm.settings.Settings;
import java.util.Optional;

/** How a refresh is going to be done, and why when that is not obvious. */
public record Decision(Action action, Optional<String> reason) {

    /** Smaller refreshes cost mostly their fixed part and tell nothing about the price of a change. */
    private static final long MEASURABLE = 1000;

    /** Joins of so many changed inputs are planned well, however much changed. */
    private static final int FEW_TOGETHER = 4;

    /** What it takes, measured, that a change row of one input meets one of another: joins of many are planned for few. */
    private static final double MS_PER_MEETING = 6e-5;

    /** Not worth a guess. */
    private static final double SHORT_MS = 100;

    /** The names of pgt_refresh_history.action. */
    public enum Action {
        NO_DATA,
        DIFFERENTIAL,
        FULL,
        REINITIALIZE
    }

    /**
     * @param differential whether the plan can apply changes
     * @param tooManyTogether {@link io.pgtrickle.dvm.plan.StreamPlan#tooManyTogether} for what is pending
     * @param together {@link io.pgtrickle.dvm.plan.StreamPlan#changedTogether} for what is pending
     * @param everyTime whether the result may change without a captured change: uncaptured sources, volatile functions
     */
    public static Decision of(Pending pending, boolean differential, boolean tooManyTogether, int together, boolean everyTime) {
        if (pending.reinitReason().isPresent()) {
            return new Decision(Action.REINITIALIZE, pending.reinitReason());
        }
        if (!pending.populated() || pending.frontier().isEmpty()) {
            return new Decision(Action.FULL, Optional.of("it was not populated"));
        }
        if (pending.anyTruncated()) {
            return new Decision(Action.FULL, Optional.of("a source was truncated, or changed in a way triggers do not show"));
        }
        if (everyTime) {
            return new Decision(Action.FULL, Optional.empty());
        }
        if (pending.rows() == 0) {
            return new Decision(Action.NO_DATA, Optional.empty());
        }
        if (!differential || !pending.refreshMode().equals("DIFFERENTIAL")) {
            return new Decision(Action.FULL, Optional.empty());
        }
        if (tooManyTogether) {
            return new Decision(Action.FULL, Optional.of("too many tables of one join changed together"));
        }
        double meetingsMs = Math.pow((double) pending.rows() * together, 2) * MS_PER_MEETING;
        if (together > FEW_TOGETHER && meetingsMs > Math.max(SHORT_MS, pending.lastFullMs().orElse(Double.MAX_VALUE))) {
            return new Decision(Action.FULL, Optional.of("%d changes of %d inputs of one join".formatted(pending.rows(), together)));
        }
        return cheaper(pending)
                .map(reason -> new Decision(Action.FULL, Optional.of(reason)))
                .orElseGet(() -> new Decision(Action.DIFFERENTIAL, Optional.empty()));
    }

    /**
     * Its own history tells best, at least while all changes are of one kind; else the share of rows that changed (DELTA.md I5): a row
     * of a small table may be joined with many.
     */
    private static Optional<String> cheaper(Pending pending) {
        long rows = pending.rows();
        if (measured(pending) && rows * pending.msPerChange().orElseThrow() > pending.lastFullMs().orElseThrow()) {
            return Optional.of("%d changes would take longer than a full refresh".formatted(rows));
        }
        if (measured(pending) && rows >= MEASURABLE && pending.sources().size() == 1) {
            return Optional.empty();
        }
        double ratio = pending.settings().get(Settings.DIFFERENTIAL_MAX_CHANGE_RATIO);
        boolean many = pending.sources().stream().anyMatch(source -> source.touched() > largest(source, ratio));
        return ratio > 0 && many ? Optional.of("%d changes are a large part of the sources".formatted(rows)) : Optional.empty();
    }

    private static boolean measured(Pending pending) {
        return pending.lastFullMs().isPresent() && pending.msPerChange().isPresent();
    }

    private static double largest(Pending.Source source, double ratio) {
        return Math.ceil(Math.max(source.size(), 1000) * ratio);
    }

    /**
     * Up to so many change rows of this source the next refresh will be DIFFERENTIAL, too, when this one is; careful rather than
     * exact, since sources add up and an update is two rows.
     */
    static long mostDifferential(Pending pending, Pending.Source source) {
        double ratio = pending.settings().get(Settings.DIFFERENTIAL_MAX_CHANGE_RATIO);
        long share = ratio > 0 ? (long) largest(source, ratio) : MEASURABLE;
        if (!measured(pending)) {
            return share;
        }
        long expected = (long) (pending.lastFullMs().orElseThrow() / pending.msPerChange().orElseThrow()) / pending.sources().size();
        return share < MEASURABLE || pending.sources().size() > 1 ? Math.min(share, expected) : expected;
    }
}
