// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.embedded;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The directory of an embedded server, claimed for this process. {@code data} is PostgreSQL's data directory;
 * {@code lock} is locked while a process uses it; {@code owner} names that process and the server it started, so that a
 * server left behind by a crash can be told from one that somebody else started.
 */
final class DataDirectory implements AutoCloseable {

    /**
     * POSIX locks belong to the process, and closing any descriptor of the file releases them: two claims by one process
     * must meet here, before the file is opened. For the same reason the lock file is never read.
     */
    private static final Set<Path> CLAIMED = ConcurrentHashMap.newKeySet();

    private final Path directory;
    private final FileChannel lock;

    private DataDirectory(Path directory, FileChannel lock) {
        this.directory = directory;
        this.lock = lock;
    }

    static DataDirectory claim(Path requested) throws IOException {
        try {
            PostgresBinaries.createDirectories(requested);
        } catch (FileAlreadyExistsException e) {
            throw new EmbeddedPostgresException("No data can be kept in " + requested + ": " + e.getFile() + " is not a directory.", e);
        } catch (AccessDeniedException e) {
            throw new EmbeddedPostgresException("No data can be kept in " + requested + ": no permission to create " + e.getFile() + ".", e);
        }
        Path directory = requested.toRealPath();
        if (!CLAIMED.add(directory)) {
            throw inUse(directory, ProcessHandle.current().pid() + ", this one");
        }
        boolean claimed = false;
        FileChannel lock = FileChannel.open(
                directory.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        try {
            if (lock.tryLock() == null) {
                throw inUse(directory, ownerLines(directory).stream().findFirst().orElse("unknown"));
            }
            claimed = true;
            return new DataDirectory(directory, lock);
        } finally {
            if (!claimed) {
                lock.close();
                CLAIMED.remove(directory);
            }
        }
    }

    private static EmbeddedPostgresException inUse(Path directory, String process) {
        return new EmbeddedPostgresException("The data directory " + directory + " is in use by another pgtrickle (process "
                + process + "). Stop that one or choose another directory.");
    }

    Path directory() {
        return directory;
    }

    Path data() {
        return directory.resolve("data");
    }

    Path serverLog() {
        return data().resolve("server.log");
    }

    /** Whether this is the server that the last process to claim the directory had started. */
    boolean started(PostmasterFile server) throws IOException {
        return ownerLines(directory).contains(server.toString());
    }

    void record(PostmasterFile server) throws IOException {
        Files.write(owner(directory), List.of(Long.toString(ProcessHandle.current().pid()), server.toString()));
    }

    private static List<String> ownerLines(Path directory) throws IOException {
        Path owner = owner(directory);
        return Files.exists(owner) ? Files.readAllLines(owner) : List.of();
    }

    private static Path owner(Path directory) {
        return directory.resolve("owner");
    }

    @Override
    public void close() {
        try {
            lock.close();
        } catch (IOException e) {
            throw new EmbeddedPostgresException("Cannot close " + directory + ": " + e, e);
        } finally {
            CLAIMED.remove(directory);
        }
    }
}
