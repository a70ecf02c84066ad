// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.refresh;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class PartsTest {

    @Test
    void namesOfPartsTellWhatTheyBelongTo() {
        assertThat(Parts.prefix("orders", 17)).isEqualTo("orders_17");
    }

    @Test
    void longNamesLeaveRoomForTheIdAndASuffix() {
        String prefix = Parts.prefix("ß".repeat(40), 123_456);
        assertThat(prefix).endsWith("ß_123456");
        assertThat((prefix + "_query").getBytes(UTF_8)).hasSizeBetween(62, 63);
    }
}
