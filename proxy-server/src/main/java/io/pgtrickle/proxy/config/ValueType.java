// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.config;

import java.math.BigDecimal;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * How a setting's text becomes a value.
 *
 * @param name for people, e.g. "integer"
 * @param range the allowed values, for people
 * @param parser throws IllegalArgumentException with a message that says what is allowed
 */
record ValueType<T>(String name, String range, Function<String, T> parser) {

    static ValueType<String> text() {
        return new ValueType<>("text", "any", text -> text);
    }

    /** The name of a file; none if it is empty. */
    static ValueType<Optional<Path>> file() {
        return new ValueType<>("file", "any", text -> text.isEmpty() ? Optional.empty() : Optional.of(Path.of(text)));
    }

    static ValueType<List<String>> list() {
        return new ValueType<>("list", "comma separated", text -> Arrays.stream(text.split(","))
                .map(String::strip)
                .filter(item -> !item.isEmpty())
                .toList());
    }

    /** @param parser of one item */
    static <E> ValueType<List<E>> listOf(Function<String, E> parser, String item) {
        return new ValueType<>("list", "comma separated, " + item, text -> list().parser().apply(text).stream().map(parser).toList());
    }

    /** As for chmod, octal. */
    static ValueType<Integer> fileMode() {
        return new ValueType<>("octal", "0 to 0777", text -> {
            if (!text.matches("0?[0-7]{1,3}")) {
                throw new IllegalArgumentException("must be an octal number up to 0777");
            }
            return Integer.parseInt(text, 8);
        });
    }

    static ValueType<Optional<HostPort>> hostPort() {
        return new ValueType<>("address", "host:port", text -> text.isEmpty() ? Optional.empty() : Optional.of(HostPort.parse(text, "127.0.0.1", 9127)));
    }

    static ValueType<Integer> integer(int min, int max) {
        String range = max == Integer.MAX_VALUE ? min + " or more" : min + " to " + max;
        return new ValueType<>("integer", range, text -> {
            long value = number(text);
            if (value < min || value > max) {
                throw new IllegalArgumentException("must be " + range);
            }
            return (int) value;
        });
    }

    static ValueType<Boolean> bool() {
        return new ValueType<>("boolean", "0 or 1", text -> number(text) != 0);
    }

    /** Seconds, with fractions; 0 switches the limit off. */
    static ValueType<Duration> seconds() {
        return new ValueType<>("seconds", "0 (no limit) or more, fractions allowed", text -> {
            try {
                BigDecimal seconds = new BigDecimal(text);
                if (seconds.signum() >= 0 && seconds.compareTo(BigDecimal.valueOf(Integer.MAX_VALUE)) <= 0) {
                    return Duration.ofNanos(seconds.movePointRight(9).longValue());
                }
            } catch (NumberFormatException e) {
                // same message
            }
            throw new IllegalArgumentException("must be a number of seconds, 0 or more");
        });
    }

    /** One of a few words, in any letter case. */
    static <E> ValueType<E> oneOf(List<E> values, Function<E, String> word) {
        String words = values.stream().map(word).collect(Collectors.joining(", "));
        return new ValueType<>("word", words, text -> values.stream()
                .filter(value -> word.apply(value).equalsIgnoreCase(text))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("must be one of " + words)));
    }

    /** The values of auth_type; for PgBouncer's others, what to do instead. */
    static ValueType<AuthType> authType() {
        ValueType<AuthType> types = oneOf(List.of(AuthType.values()), AuthType::text);
        return new ValueType<>(types.name, types.range, text -> {
            if (text.equalsIgnoreCase("ldap") || text.equalsIgnoreCase("pam")) {
                throw new IllegalArgumentException("LDAP and PAM are not supported; with auth_type = passthrough the server itself may use them,"
                        + " with auth_query its own passwords are checked");
            }
            return types.parser.apply(text);
        });
    }

    /** C's notation: decimal, 0x hexadecimal, 0 octal. */
    private static long number(String text) {
        try {
            return Long.decode(text);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("must be a whole number");
        }
    }
}
