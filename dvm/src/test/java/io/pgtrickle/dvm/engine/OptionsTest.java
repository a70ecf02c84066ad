// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.pgtrickle.dvm.error.EngineException;
import io.pgtrickle.dvm.scheduler.Schedule;
import io.pgtrickle.dvm.settings.Settings;
import io.pgtrickle.sql.statement.SqlStatement.StreamOption;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OptionsTest {

    private static List<StreamOption> with(String... items) {
        return Arrays.stream(items).map(item -> item.split("=", 2))
                .map(parts -> new StreamOption(parts[0], parts.length == 2 ? Optional.of(parts[1]) : Optional.empty()))
                .toList();
    }

    private static Options options(String... items) {
        return Options.of(with(items), Settings.DEFAULTS);
    }

    private static EngineException refused(String... items) {
        return catchThrowableOfType(EngineException.class, () -> options(items));
    }

    @Test
    void theSwitchAloneGivesTheDefaults() {
        assertThat(options("stream")).isEqualTo(new Options(Schedule.CALCULATED, Options.Mode.AUTO));
    }

    @Test
    void scheduleAndModeAreUnderstood() {
        Options options = options("stream=true", "schedule=500ms", "refresh_mode=differential");
        assertThat(options.schedule().text()).contains("500ms");
        assertThat(options.mode()).isEqualTo(Options.Mode.DIFFERENTIAL);
    }

    @Test
    void anUnknownOptionIsRefusedWithTheValidOnesAndTheNearest() {
        EngineException e = refused("stream=true", "shedule=1s");
        assertThat(e.code().sqlState()).isEqualTo("22023");
        assertThat(e).hasMessage("unrecognized parameter \"pgtrickle.shedule\"");
        assertThat(e.detail().orElse("")).contains("pgtrickle.schedule").contains("pgtrickle.mode");
        assertThat(e.hint()).contains("Perhaps you meant \"pgtrickle.schedule\".");
    }

    @ParameterizedTest
    @ValueSource(strings = {"mode=IMMEDIATE", "cdc_mode=wal", "tier=cold", "partition_by=id", "fuse=on", "append_only"})
    void whatALaterVersionBringsSaysSo(String item) {
        EngineException e = refused("stream=true", item);
        assertThat(e.code().sqlState()).isEqualTo("0A000");
        assertThat(e).hasMessageContaining("not supported yet");
        assertThat(e.hint()).isPresent();
    }

    @Test
    void valuesThatAskForWhatHappensAnywayAreTaken() {
        assertThat(options("stream=true", "cdc_mode=trigger", "tier=hot", "append_only=false").mode()).isEqualTo(Options.Mode.AUTO);
    }

    @Test
    void anOptionTwiceOrUnderBothNamesIsRefused() {
        assertThat(refused("stream=true", "mode=FULL", "mode=FULL")).hasMessageContaining("more than once");
        assertThat(refused("stream=true", "mode=FULL", "refresh_mode=FULL")).hasMessageContaining("the same");
    }

    @Test
    void withoutTheSwitchItIsNoStreamTable() {
        assertThat(refused("schedule=1s").code().sqlState()).isEqualTo("22023");
        assertThat(refused("stream=perhaps")).hasMessageContaining("boolean");
    }
}
