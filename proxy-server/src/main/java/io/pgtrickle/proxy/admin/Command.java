// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.admin;

/**
 * One command.
 *
 * @param argument what it is about, e.g. a database; empty for everything
 * @param value of SET
 */
record Command(Verb verb, String argument, String value) {

    Command(Verb verb, String argument) {
        this(verb, argument, "");
    }

    boolean hasArgument() {
        return !argument.isEmpty();
    }
}
