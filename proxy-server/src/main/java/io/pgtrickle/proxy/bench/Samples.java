// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.bench;

import java.util.ArrayList;
import java.util.List;

/** Times of one kind. */
public final class Samples {

    private final List<Double> values = new ArrayList<>();

    public void add(double value) {
        values.add(value);
    }

    public int count() {
        return values.size();
    }

    /** @throws IllegalStateException if there is none; so does {@link #percentile} */
    public double median() {
        return percentile(50);
    }

    /** Between the two nearest samples by their distance, as percentile_cont does. */
    public double percentile(int percent) {
        if (values.isEmpty()) {
            throw new IllegalStateException("nothing was measured");
        }
        List<Double> sorted = values.stream().sorted().toList();
        double position = percent / 100.0 * (sorted.size() - 1);
        int below = (int) Math.floor(position);
        int above = (int) Math.ceil(position);
        return sorted.get(below) + (sorted.get(above) - sorted.get(below)) * (position - below);
    }
}
