// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.config;

import java.util.Locale;
import java.util.Set;

/**
 * A setting PgBouncer has and this version has not. It is reported at start and ignored; where ignoring it could let somebody in, expose
 * data or change results, it is an error instead; where there is nothing it could act on, it is passed over in silence.
 *
 * @param consequence how this version behaves instead, the end of a sentence
 * @param quiet values that ask for nothing we do not do anyway: no report
 * @param refused values that must not be ignored
 */
record UnsupportedSetting(String name, String consequence, Set<String> quiet, Set<String> refused) {

    static final Set<String> EVERY_VALUE = Set.of("*");

    enum Verdict { QUIET, WARN, REFUSE }

    /** Ignored with a warning. */
    static UnsupportedSetting warned(String name, String consequence, String... quiet) {
        return new UnsupportedSetting(name, consequence, Set.of(quiet), Set.of());
    }

    /** Ignored in silence, whatever its value. */
    static UnsupportedSetting needless(String name, String consequence) {
        return new UnsupportedSetting(name, consequence, EVERY_VALUE, Set.of());
    }

    /** An error, unless the value is one of the quiet ones. */
    static UnsupportedSetting refused(String name, String consequence, String... quiet) {
        return new UnsupportedSetting(name, consequence, Set.of(quiet), EVERY_VALUE);
    }

    Verdict verdict(String value) {
        if (matches(quiet, value)) {
            return Verdict.QUIET;
        }
        return matches(refused, value) ? Verdict.REFUSE : Verdict.WARN;
    }

    private static boolean matches(Set<String> values, String value) {
        return values.equals(EVERY_VALUE) || values.contains(value.toLowerCase(Locale.ROOT));
    }
}
