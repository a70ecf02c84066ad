// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.config;

/** One setting of the section [pgbouncer] that has an effect here; the reference page is printed from these. */
record Setting<T>(String name, ValueType<T> type, String defaultText, String description) {

    /** @throws IllegalArgumentException with a message that says what is allowed */
    T parse(String text) {
        return type.parser().apply(text);
    }
}
