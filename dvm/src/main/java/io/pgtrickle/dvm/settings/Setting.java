// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.settings;

import java.util.function.Function;

/**
 * One {@code pg_trickle.*} setting.
 *
 * @param name without the prefix
 * @param type what SHOW and the documentation call its type
 * @param range allowed values, in words
 * @param parser throws IllegalArgumentException for a value out of range
 */
public record Setting<T>(
        String name, String type, T defaultValue, String range, String description, Function<String, T> parser) {

    public String qualifiedName() {
        return "pg_trickle." + name;
    }

    static Setting<Boolean> bool(String name, boolean defaultValue, String description) {
        return new Setting<>(name, "bool", defaultValue, "on, off", description, text -> switch (text.strip().toLowerCase(java.util.Locale.ROOT)) {
            case "on", "true", "yes", "1" -> true;
            case "off", "false", "no", "0" -> false;
            default -> throw new IllegalArgumentException("\"" + text + "\" is not on or off");
        });
    }

    static Setting<Integer> integer(String name, int defaultValue, int min, int max, String description) {
        return new Setting<>(name, "int", defaultValue, min + " to " + max, description, text -> {
            int value = Integer.parseInt(text.strip());
            if (value < min || value > max) {
                throw new IllegalArgumentException(value + " is not in " + min + " to " + max);
            }
            return value;
        });
    }

    static Setting<Double> real(String name, double defaultValue, double min, double max, String description) {
        return new Setting<>(name, "float", defaultValue, plain(min) + " to " + plain(max), description, text -> {
            double value = Double.parseDouble(text.strip());
            if (!(value >= min && value <= max)) {
                throw new IllegalArgumentException(text + " is not in " + plain(min) + " to " + plain(max));
            }
            return value;
        });
    }

    private static String plain(double value) {
        return value == Math.rint(value) ? Long.toString((long) value) : Double.toString(value);
    }
}
