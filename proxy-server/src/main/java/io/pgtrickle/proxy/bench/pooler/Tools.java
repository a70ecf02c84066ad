// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.bench.pooler;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Programs of the machine. */
final class Tools {

    private static final Pattern VERSION = Pattern.compile("\\d+(\\.\\d+)*");

    private Tools() {}

    /** The version that a program says it is; empty if there is no such program. */
    static Optional<String> version(String command) throws InterruptedException {
        try {
            Process process = new ProcessBuilder(command, "--version").redirectErrorStream(true).start();
            String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            process.waitFor();
            Matcher version = VERSION.matcher(said);
            return version.find() ? Optional.of(version.group()) : Optional.empty();
        } catch (IOException e) {
            return Optional.empty();
        }
    }
}
