// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.net;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;

/** A file whose first line is the number of the process that has made it; as long as that process lives nobody else makes it. */
public final class LockFile implements AutoCloseable {

    private static final int ATTEMPTS = 10;

    private final Path file;

    private LockFile(Path file) {
        this.file = file;
    }

    /**
     * The file beside a Unix socket that PostgreSQL also makes and looks at.
     *
     * @throws IOException naming the process that has the socket
     */
    static LockFile ofSocket(Path socket, int port) throws IOException {
        Path file = socket.resolveSibling(socket.getFileName() + ".lock");
        return create(file, "lock file", "rw-------", "%d\n%s\n%d\n%d\n%s\n".formatted(
                ProcessHandle.current().pid(), Path.of("").toAbsolutePath(), Instant.now().getEpochSecond(), port, file.getParent()));
    }

    /**
     * The file that tells a process's number and nothing else.
     *
     * @throws IOException naming the process that has it
     */
    public static LockFile ofProcess(Path file) throws IOException {
        return create(file, "pidfile", "rw-r--r--", ProcessHandle.current().pid() + "\n");
    }

    private static LockFile create(Path file, String kind, String permissions, String text) throws IOException {
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            try {
                Files.createFile(file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(permissions)));
                Files.writeString(file, text, StandardOpenOption.TRUNCATE_EXISTING);
                return new LockFile(file);
            } catch (FileAlreadyExistsException e) {
                removeStale(file, kind);
            }
        }
        throw new IOException(kind + " " + file + " comes back as often as it is removed");
    }

    private static void removeStale(Path file, String kind) throws IOException {
        String first;
        try {
            first = Files.readString(file).lines().findFirst().orElse("").strip();
        } catch (NoSuchFileException e) {
            return; // just gone
        }
        if (first.isEmpty()) {
            throw new IOException(kind + " " + file + " is empty: somebody else is starting, or has crashed while starting; then remove it");
        }
        long pid;
        try {
            pid = Math.abs(Long.parseLong(first));
        } catch (NumberFormatException e) {
            throw new IOException(kind + " " + file + " does not name a process", e);
        }
        if (isAlive(pid)) {
            throw new IOException(kind + " " + file + " exists: process " + pid + " is running");
        }
        Files.deleteIfExists(file);
    }

    /** A number that is our own or our parent's has been somebody else's in an earlier life of this machine or container. */
    private static boolean isAlive(long pid) {
        ProcessHandle self = ProcessHandle.current();
        boolean ours = pid == self.pid() || self.parent().map(ProcessHandle::pid).filter(parent -> parent == pid).isPresent();
        return !ours && ProcessHandle.of(pid).map(ProcessHandle::isAlive).orElse(false);
    }

    @Override
    public void close() throws IOException {
        Files.deleteIfExists(file);
    }
}
