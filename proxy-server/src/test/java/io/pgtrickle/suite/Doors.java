// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.suite;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.ServiceLoader;
import java.util.ServiceLoader.Provider;

/** The doors of this test run: all that are on the class path, or those named by {@code -Dpgtrickle.doors=direct,simple}. */
public final class Doors {

    private static final List<Door> ALL = load();

    private Doors() {}

    /** For {@code @MethodSource("io.pgtrickle.suite.Doors#all")}. */
    public static List<Door> all() {
        return ALL;
    }

    /** One of the doors; a seed or a counter spreads work over all of them. */
    public static Door pick(long number) {
        return ALL.get(Math.floorMod(number, ALL.size()));
    }

    private static List<Door> load() {
        String wanted = System.getProperty("pgtrickle.doors", "");
        List<String> names = Arrays.stream(wanted.split(",")).filter(n -> !n.isBlank()).toList();
        List<Door> doors = ServiceLoader.load(Door.class).stream()
                .map(Provider::get)
                .filter(door -> names.isEmpty() || names.contains(door.name()))
                .sorted(Comparator.comparing(Door::name))
                .toList();
        if (doors.isEmpty()) {
            throw new IllegalStateException("no door named " + wanted);
        }
        return doors;
    }
}
