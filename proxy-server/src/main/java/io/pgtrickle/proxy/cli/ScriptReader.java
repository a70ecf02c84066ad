// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.cli;

import io.pgtrickle.sql.statement.StatementClassifier;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
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

    private static final int UNREADABLE = 2;

    private final BufferedReader lines;
    private final boolean typed;
    private final Prompt prompt;

    private ScriptReader(BufferedReader lines, boolean typed, Prompt prompt) {
        this.lines = lines;
        this.typed = typed;
        this.prompt = prompt;
    }

    static ScriptReader of(BufferedReader lines) {
        return new ScriptReader(lines, false, _ -> {});
    }

    static ScriptReader typed(BufferedReader lines, Prompt prompt) {
        return new ScriptReader(lines, true, prompt);
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
                if (piece.isEmpty() && line.stripLeading().startsWith("\\")) {
                    return Optional.of(line); // no SQL, so it cannot go on in the next line
                }
                piece.append(line).append('\n');
                if (line.stripTrailing().endsWith(";") && isWhole(piece.toString())) {
                    return Optional.of(piece.toString());
                }
            }
        } catch (IOException e) {
            throw unreadable(e);
        }
    }

    private static RuntimeException unreadable(IOException e) {
        return e instanceof CharacterCodingException
                ? new UserFacingException(UNREADABLE, "the SQL to run is not UTF-8 text")
                : new UncheckedIOException(e);
    }

    /** A line of COPY data as it stands there, line break included; empty at their end. */
    Optional<String> copyLine() {
        StringBuilder line = new StringBuilder();
        try {
            prompt.show(true);
            int c = lines.read();
            while (c >= 0 && c != '\n') {
                line.append((char) c);
                c = lines.read();
            }
            if (line.isEmpty() && c < 0 || line.toString().stripTrailing().equals("\\.")) {
                return Optional.empty();
            }
            return Optional.of(line.append('\n').toString());
        } catch (IOException e) {
            throw unreadable(e);
        }
    }

    /** The server does not want COPY data. Whoever types them has not yet begun. */
    void skipCopyData() {
        while (!typed && copyLine().isPresent()) {
            // they are nothing else
        }
    }

    /** Outside of strings, comments, parentheses and bodies a word more is a statement more. */
    private static boolean isWhole(String text) {
        StatementClassifier classifier = new StatementClassifier();
        return classifier.classify(text + "x", true).size() == classifier.classify(text, true).size() + 1;
    }
}
