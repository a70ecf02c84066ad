// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.settings;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;

class SettingsTest {

    @Test
    void noNameAndNoDefaultChangesByAccident() {
        assertThat(Settings.ALL.stream().map(s -> s.qualifiedName() + " = " + s.defaultValue())).containsExactly(
                "pg_trickle.enabled = true",
                "pg_trickle.min_schedule_seconds = 0.05",
                "pg_trickle.default_schedule_seconds = 1.0",
                "pg_trickle.scheduler_interval_ms = 1000",
                "pg_trickle.poll_interval_ms = 20",
                "pg_trickle.max_consecutive_errors = 3",
                "pg_trickle.max_concurrent_refreshes = 4",
                "pg_trickle.differential_max_change_ratio = 0.15",
                "pg_trickle.history_retention_days = 90",
                "pg_trickle.history_retention_rows = 1000",
                "pg_trickle.log_merge_sql = false");
    }

    @Test
    void aValueIsTakenFromTheDatabase() {
        Settings settings = new Settings(Map.of("pg_trickle.enabled", "off", "pg_trickle.max_consecutive_errors", "7"));
        assertThat(settings.get(Settings.ENABLED)).isFalse();
        assertThat(settings.get(Settings.MAX_CONSECUTIVE_ERRORS)).isEqualTo(7);
        assertThat(settings.get(Settings.POLL_INTERVAL_MS)).isEqualTo(20);
    }

    @Test
    void theDefaultHoldsForAValueThatCannotBeUsed() {
        Settings settings = new Settings(Map.of("pg_trickle.enabled", "perhaps", "pg_trickle.max_consecutive_errors", "0",
                "pg_trickle.differential_max_change_ratio", "NaN"));
        assertThat(settings.get(Settings.ENABLED)).isTrue();
        assertThat(settings.get(Settings.MAX_CONSECUTIVE_ERRORS)).isEqualTo(3);
        assertThat(settings.get(Settings.DIFFERENTIAL_MAX_CHANGE_RATIO)).isEqualTo(0.15);
    }

    @Test
    void oneComplaintPerValue() {
        assertThat(Settings.firstTime("pg_trickle.enabled=once")).isTrue();
        assertThat(Settings.firstTime("pg_trickle.enabled=once")).isFalse();
        assertThat(Settings.firstTime("pg_trickle.enabled=twice")).isTrue();
        new Settings(Map.of("pg_trickle.enabled", "sometimes"));
        assertThat(Settings.firstTime("pg_trickle.enabled=sometimes")).isFalse();
    }
}
