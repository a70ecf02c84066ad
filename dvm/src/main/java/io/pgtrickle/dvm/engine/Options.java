// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.engine;

import io.pgtrickle.dvm.error.EngineException;
import io.pgtrickle.dvm.error.ErrorCode;
import io.pgtrickle.dvm.scheduler.Schedule;
import io.pgtrickle.dvm.settings.Settings;
import io.pgtrickle.sql.statement.SqlStatement.StreamOption;
import io.pgtrickle.sql.text.Suggestions;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** How a stream table shall be maintained, whichever way it was said. */
record Options(Schedule schedule, Mode mode) {

    /** refresh_mode as users write it. */
    enum Mode {
        AUTO,
        DIFFERENTIAL,
        FULL,
        IMMEDIATE
    }

    private static final List<String> NAMES = List.of(
            "stream", "schedule", "mode", "refresh_mode", "cdc_mode", "diamond_consistency", "diamond_schedule_policy",
            "append_only", "pooler_compatibility_mode", "partition_by", "max_differential_joins", "max_delta_fraction",
            "tier", "fuse", "fuse_ceiling", "fuse_sensitivity");

    /** Values that ask for nothing beyond what happens anyway; every other value of these is for a later version. */
    private static final Map<String, Set<String>> HARMLESS = Map.ofEntries(
            Map.entry("cdc_mode", Set.of("auto", "trigger")),
            Map.entry("diamond_consistency", Set.of("none")),
            Map.entry("diamond_schedule_policy", Set.of("fastest")),
            Map.entry("append_only", Set.of("false", "off", "f", "no", "0")),
            Map.entry("pooler_compatibility_mode", Set.of("false", "off", "f", "no", "0")),
            Map.entry("partition_by", Set.of()),
            Map.entry("max_differential_joins", Set.of("0")),
            Map.entry("max_delta_fraction", Set.of("0")),
            Map.entry("tier", Set.of("hot")),
            Map.entry("fuse", Set.of("off")),
            Map.entry("fuse_ceiling", Set.of()),
            Map.entry("fuse_sensitivity", Set.of()));

    /** From a WITH list. */
    static Options of(List<StreamOption> written, Settings settings) {
        Map<String, String> values = new LinkedHashMap<>();
        for (StreamOption option : written) {
            if (!NAMES.contains(option.name())) {
                throw unknown(option.name());
            }
            if (values.put(option.name(), option.value().orElse("true")) != null) {
                throw EngineException.of(ErrorCode.INVALID_ARGUMENT, "parameter \"pgtrickle." + option.name() + "\" specified more than once");
            }
        }
        checkStream(values.get("stream"));
        if (values.containsKey("mode") && values.containsKey("refresh_mode")) {
            throw EngineException.of(
                    ErrorCode.INVALID_ARGUMENT, "parameters \"pgtrickle.mode\" and \"pgtrickle.refresh_mode\" are the same, give one");
        }
        return of(values, settings);
    }

    private static void checkStream(@Nullable String value) {
        if (value == null) {
            throw EngineException.withHint(
                    ErrorCode.INVALID_ARGUMENT, "pgtrickle options need \"pgtrickle.stream\"", "Add pgtrickle.stream = true to make a stream table.");
        }
        if (!Set.of("true", "on", "yes", "t", "y", "1").contains(value.toLowerCase(Locale.ROOT))) {
            throw EngineException.of(ErrorCode.INVALID_ARGUMENT, "invalid value for boolean option \"pgtrickle.stream\": " + value);
        }
    }

    /** From names and values; absent ones have their defaults. */
    static Options of(Map<String, String> values, Settings settings) {
        HARMLESS.forEach((name, harmless) -> {
            String value = values.get(name);
            if (value != null && !harmless.contains(value.toLowerCase(Locale.ROOT))) {
                throw EngineException.withHint(
                        ErrorCode.UNSUPPORTED_OPERATOR,
                        "%s = '%s' is not supported yet".formatted(name, value),
                        harmless.isEmpty() ? "Leave the option out." : "Leave the option out, or use one of: " + String.join(", ", harmless.stream().sorted().toList()) + ".");
            }
        });
        String mode = Optional.ofNullable(values.get("mode")).or(() -> Optional.ofNullable(values.get("refresh_mode"))).orElse("AUTO");
        Schedule schedule = Schedule.parse(values.getOrDefault("schedule", "calculated"), settings);
        return new Options(schedule, mode(mode));
    }

    private static Mode mode(String text) {
        Mode mode;
        try {
            mode = Mode.valueOf(text.strip().toUpperCase(Locale.ROOT));
        } catch (IllegalArgumentException e) {
            throw EngineException.withHint(
                    ErrorCode.INVALID_ARGUMENT, "invalid refresh mode: \"" + text + "\"", "Use AUTO, DIFFERENTIAL or FULL.");
        }
        if (mode == Mode.IMMEDIATE) {
            throw EngineException.withHint(
                    ErrorCode.UNSUPPORTED_OPERATOR, "refresh mode IMMEDIATE is not supported yet", "Use AUTO with a short schedule, e.g. '100ms'.");
        }
        return mode;
    }

    private static EngineException unknown(String name) {
        String valid = String.join(", ", NAMES.stream().map(n -> "pgtrickle." + n).toList());
        return new EngineException(
                ErrorCode.INVALID_ARGUMENT,
                "unrecognized parameter \"pgtrickle." + name + "\"",
                Optional.of("Valid parameters are " + valid + "."),
                Suggestions.nearest(name, NAMES).map(near -> "Perhaps you meant \"pgtrickle." + near + "\"."));
    }
}
