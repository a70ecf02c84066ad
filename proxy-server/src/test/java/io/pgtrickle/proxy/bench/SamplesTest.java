// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.stream.DoubleStream;
import org.junit.jupiter.api.Test;

class SamplesTest {

    @Test
    void the_median_of_an_odd_number_of_samples_is_the_middle_one() {
        assertThat(samples(9, 1, 5).median()).isEqualTo(5);
    }

    @Test
    void the_median_of_an_even_number_of_samples_is_between_the_middle_ones() {
        assertThat(samples(4, 1, 3, 100).median()).isEqualTo(3.5);
    }

    @Test
    void percentiles_are_those_of_percentile_cont() {
        assertThat(samples(0, 10, 20, 30, 40).percentile(95)).isEqualTo(38);
    }

    @Test
    void no_samples_have_no_median() {
        assertThatThrownBy(() -> new Samples().median()).hasMessage("nothing was measured");
    }

    private static Samples samples(double... values) {
        Samples samples = new Samples();
        DoubleStream.of(values).forEach(samples::add);
        return samples;
    }
}
