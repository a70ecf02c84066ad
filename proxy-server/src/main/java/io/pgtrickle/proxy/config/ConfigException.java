// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.config;

import java.util.List;

/** The configuration cannot be used; every problem that was found is one line of the message. */
public final class ConfigException extends RuntimeException {

    private final List<String> problems;

    public ConfigException(String problem) {
        this(List.of(problem));
    }

    public ConfigException(List<String> problems) {
        super(String.join("\n", problems));
        this.problems = List.copyOf(problems);
    }

    public List<String> problems() {
        return problems;
    }
}
