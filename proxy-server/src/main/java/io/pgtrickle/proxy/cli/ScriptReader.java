// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.cli;

import io.pgtrickle.sql.statement.StatementClassifier;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.Set;

/**
 * Hands out a script in pieces of whole statements as its lines come in, so that a statement is carried out as soon as it
 * has been typed or piped.
 */
final class ScriptReader implements Iterable<String> {

    /** Told before a line is read. */
    interface Prompt {
        /** @param continued whether a statement has been begun */
        void show(boolean continued);
    }

    private static final Set<String> FAREWELLS = Set.of("\\q", "quit", "exit");

    private final BufferedReader lines;
    private final Prompt prompt;

    ScriptReader(BufferedReader lines, Prompt prompt) {
        this.lines = lines;
        this.prompt = prompt;
    }

    @Override
    public Iterator<String> iterator() {
        return new Iterator<>() {
            private Optional<String> next = Optional.empty();

            @Override
            public boolean hasNext() {
                if (next.isEmpty()) {
                    next = read();
                }
                return next.isPresent();
            }

            @Override
            public String next() {
                if (!hasNext()) {
                    throw new NoSuchElementException();
                }
                String piece = next.orElseThrow();
                next = Optional.empty();
                return piece;
            }
        };
    }

    private Optional<String> read() {
        StringBuilder piece = new StringBuilder();
        try {
            while (true) {
                prompt.show(!piece.isEmpty());
                String line = lines.readLine();
                if (line == null || (piece.isEmpty() && FAREWELLS.contains(line.strip()))) {
                    return Optional.of(piece.toString()).filter(rest -> !rest.isBlank());
                }
                if (piece.isEmpty() && line.isBlank()) {
                    continue;
                }
                piece.append(line).append('\n');
                if (line.stripTrailing().endsWith(";") && isWhole(piece.toString())) {
                    return Optional.of(piece.toString());
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Outside of strings, comments, parentheses and bodies a word more is a statement more. */
    private static boolean isWhole(String text) {
        StatementClassifier classifier = new StatementClassifier();
        return classifier.classify(text + "x", true).size() == classifier.classify(text, true).size() + 1;
    }
}
