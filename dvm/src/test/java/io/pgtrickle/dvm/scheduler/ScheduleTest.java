// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.scheduler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pgtrickle.dvm.error.EngineException;
import io.pgtrickle.dvm.settings.Settings;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ScheduleTest {

    @ParameterizedTest
    @CsvSource({"100ms, 100", "500ms, 500", "1s, 1000", "90, 90000", "1m30s, 90000", "1h, 3600000", "1s1s, 2000", "1d, 86400000", "1w, 604800000"})
    void aDurationIsTheSumOfItsParts(String text, long millis) {
        assertThat(Schedule.parse(text, Settings.DEFAULTS).period()).contains(Duration.ofMillis(millis));
    }

    @Test
    void theTextIsStoredAsItWasWritten() {
        assertThat(Schedule.parse(" 1m30s ", Settings.DEFAULTS).text()).contains("1m30s");
        assertThat(Schedule.stored(Optional.of("1m30s")).period()).contains(Duration.ofSeconds(90));
    }

    @Test
    void calculatedIsStoredAsNothing() {
        assertThat(Schedule.parse("Calculated", Settings.DEFAULTS)).isEqualTo(Schedule.CALCULATED);
        assertThat(Schedule.stored(Optional.empty())).isEqualTo(Schedule.CALCULATED);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "often", "-1s", "1.5s", "1h30", "1S", "5x", "99999999999s"})
    void whatIsNoDurationIsRefused(String text) {
        assertThatThrownBy(() -> Schedule.parse(text, Settings.DEFAULTS))
                .isInstanceOfSatisfying(EngineException.class, e -> assertThat(e.code().sqlState()).isEqualTo("22023"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"* * * * *", "@hourly", "*/5 9-17 * * MON-FRI"})
    void cronIsForALaterVersion(String text) {
        assertThatThrownBy(() -> Schedule.parse(text, Settings.DEFAULTS))
                .isInstanceOfSatisfying(EngineException.class, e -> assertThat(e.code().sqlState()).isEqualTo("0A000"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"1 fortnight", "5 m", "every 5 minutes"})
    void whatIsNeitherDurationNorCronIsNoSchedule(String text) {
        assertThatThrownBy(() -> Schedule.parse(text, Settings.DEFAULTS))
                .isInstanceOfSatisfying(EngineException.class, e -> assertThat(e.code().sqlState()).isEqualTo("22023"));
    }

    @Test
    void aScheduleBelowTheMinimumIsRefused() {
        Settings settings = new Settings(Map.of("pg_trickle.min_schedule_seconds", "2"));
        assertThat(Schedule.parse("2s", settings).period()).contains(Duration.ofSeconds(2));
        assertThatThrownBy(() -> Schedule.parse("1s", settings)).hasMessageContaining("minimum");
    }
}
