// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.embedded;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * The first lines of postmaster.pid: who serves a data directory. PostgreSQL removes the file when it stops, so after a
 * crash it may name a process that is gone or is by now something else.
 */
record PostmasterFile(long pid, String startTime) {

    private static final String NAME = "postmaster.pid";

    static Optional<PostmasterFile> read(Path data) throws IOException {
        try {
            List<String> lines = Files.readAllLines(data.resolve(NAME));
            return lines.size() < 3
                    ? Optional.empty()
                    : Optional.of(new PostmasterFile(Long.parseLong(lines.get(0).strip()), lines.get(2).strip()));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (NumberFormatException e) {
            throw new IOException(data.resolve(NAME) + " is damaged", e);
        }
    }

    static void remove(Path data) throws IOException {
        Files.deleteIfExists(data.resolve(NAME));
    }

    /** Whether the process runs and is a PostgreSQL server. A dead process that nobody has waited for has no command. */
    boolean isAlive() {
        return ProcessHandle.of(pid)
                .filter(ProcessHandle::isAlive)
                .map(ProcessHandle::info)
                .flatMap(info -> info.command().or(info::commandLine))
                .filter(command -> command.contains("/postgres"))
                .isPresent();
    }
}
