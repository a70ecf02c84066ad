// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.scheduler;

import io.pgtrickle.dvm.error.EngineException;
import io.pgtrickle.dvm.error.ErrorCode;
import io.pgtrickle.dvm.settings.Settings;
import java.time.Duration;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How often a stream table is refreshed.
 *
 * @param text what the catalog stores; empty for {@code calculated}
 * @param period how old it may get while its sources change; empty for {@code calculated}
 */
public record Schedule(Optional<String> text, Optional<Duration> period) {

    private static final Pattern PART = Pattern.compile("(\\d{1,9})(ms|[smhdw])");
    /** Five or six fields, or a word such as @daily. */
    private static final Pattern CRON = Pattern.compile("@\\w+|\\S+(\\s+\\S+){4,5}");
    private static final Pattern DURATION = Pattern.compile("(\\d{1,9}(ms|[smhdw]))+");

    public static final Schedule CALCULATED = new Schedule(Optional.empty(), Optional.empty());

    /** What a user wrote. @throws EngineException 22023 for no schedule, 0A000 for cron */
    public static Schedule parse(String written, Settings settings) {
        String text = written.strip();
        if (text.equalsIgnoreCase("calculated")) {
            return CALCULATED;
        }
        if (CRON.matcher(text).matches()) {
            throw EngineException.withHint(
                    ErrorCode.UNSUPPORTED_OPERATOR,
                    "cron schedules are not supported yet: \"" + text + "\"",
                    "Use a duration such as '500ms', '30s' or '1h30m', or 'calculated'.");
        }
        Duration period = duration(text)
                .orElseThrow(() -> EngineException.withHint(
                        ErrorCode.INVALID_ARGUMENT,
                        "invalid schedule: \"" + text + "\"",
                        "Use a duration such as '500ms', '30s' or '1h30m' (units ms, s, m, h, d, w), or 'calculated'."));
        double minimum = settings.get(Settings.MIN_SCHEDULE_SECONDS);
        if (period.toMillis() < minimum * 1000) {
            throw EngineException.withHint(
                    ErrorCode.INVALID_ARGUMENT,
                    "schedule \"" + text + "\" is shorter than the minimum of " + minimum + " seconds",
                    "The minimum is the setting " + Settings.MIN_SCHEDULE_SECONDS.qualifiedName() + ".");
        }
        return new Schedule(Optional.of(text), Optional.of(period));
    }

    /** What the catalog says; a text that is no duration counts as calculated. */
    public static Schedule stored(Optional<String> text) {
        return text.flatMap(t -> duration(t).map(period -> new Schedule(text, Optional.of(period)))).orElse(CALCULATED);
    }

    /** {@code 1h30m}; a bare number is seconds. */
    static Optional<Duration> duration(String text) {
        if (text.matches("\\d{1,9}")) {
            return Optional.of(Duration.ofSeconds(Long.parseLong(text)));
        }
        if (!DURATION.matcher(text).matches()) {
            return Optional.empty();
        }
        Duration sum = Duration.ZERO;
        for (Matcher part = PART.matcher(text); part.find(); ) {
            long number = Long.parseLong(part.group(1));
            sum = sum.plus(switch (part.group(2)) {
                case "ms" -> Duration.ofMillis(number);
                case "s" -> Duration.ofSeconds(number);
                case "m" -> Duration.ofMinutes(number);
                case "h" -> Duration.ofHours(number);
                case "d" -> Duration.ofDays(number);
                default -> Duration.ofDays(7 * number);
            });
        }
        return Optional.of(sum);
    }
}
