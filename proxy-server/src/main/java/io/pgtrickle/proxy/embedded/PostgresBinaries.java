// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.embedded;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.JarURLConnection;
import java.net.URI;
import java.net.URL;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Comparator;
import java.util.Locale;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.jspecify.annotations.Nullable;
import org.tukaani.xz.XZInputStream;

/**
 * PostgreSQL's programs, unpacked once per machine from the archive on the class path into the cache directory.
 * A directory there is complete or absent: it gets its name by a rename, under a lock that other processes respect.
 */
record PostgresBinaries(Path home) {

    private static final Set<PosixFilePermission> DIRECTORY = PosixFilePermissions.fromString("rwxr-xr-x");
    private static final Set<PosixFilePermission> PROGRAM = PosixFilePermissions.fromString("rwxr-xr-x");
    private static final Set<PosixFilePermission> FILE = PosixFilePermissions.fromString("rw-r--r--");
    private static final int ANY_EXECUTE_BIT = 0111;

    Path program(String name) {
        return home.resolve("bin").resolve(name);
    }

    static synchronized PostgresBinaries unpacked(Path cache, Consumer<String> progress) {
        String platform = platform();
        URL archive = PostgresBinaries.class.getResource("/postgres-" + platform + ".txz");
        if (archive == null) {
            throw new EmbeddedPostgresException("There is no embedded PostgreSQL for this platform (" + platform
                    + "); start a PostgreSQL 18 of your own and use --server host:port.");
        }
        try {
            Path home = cache.resolve("postgres-" + platform + "-" + fingerprint(archive));
            if (!Files.isDirectory(home)) {
                unpackOnce(archive, home, progress);
            }
            return new PostgresBinaries(home);
        } catch (IOException e) {
            throw new EmbeddedPostgresException("Cannot unpack PostgreSQL into " + cache + ": " + e, e);
        }
    }

    private static void unpackOnce(URL archive, Path home, Consumer<String> progress) throws IOException {
        createDirectories(home.getParent());
        Path lockFile = home.resolveSibling(home.getFileName() + ".lock");
        try (FileChannel channel = FileChannel.open(lockFile, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                var _ = channel.lock()) {
            if (Files.isDirectory(home)) {
                return; // another process was quicker
            }
            progress.accept("Unpacking PostgreSQL into " + home);
            Path partial = home.resolveSibling(home.getFileName() + ".partial");
            delete(partial);
            try (InputStream in = new BufferedInputStream(archive.openStream())) {
                unpack(in, partial);
            }
            Files.move(partial, home, StandardCopyOption.ATOMIC_MOVE);
        }
    }

    private static void unpack(InputStream compressed, Path target) throws IOException {
        createDirectories(target);
        try (var tar = new TarArchiveInputStream(new XZInputStream(compressed))) {
            for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
                Path path = entry.resolveIn(target);
                createDirectories(entry.isDirectory() ? path : path.getParent());
                if (entry.isSymbolicLink()) {
                    Files.createSymbolicLink(path, Path.of(entry.getLinkName()));
                } else if (!entry.isDirectory()) {
                    Files.copy(tar, path);
                    Files.setPosixFilePermissions(path, (entry.getMode() & ANY_EXECUTE_BIT) != 0 ? PROGRAM : FILE);
                }
            }
        }
    }

    /** Readable for everyone whatever the umask says: the server may run as another user than we do. */
    static void createDirectories(@Nullable Path directory) throws IOException {
        if (directory == null || Files.isDirectory(directory)) {
            return;
        }
        createDirectories(directory.getParent());
        try {
            Files.createDirectory(directory);
            Files.setPosixFilePermissions(directory, DIRECTORY);
        } catch (FileAlreadyExistsException e) {
            if (!Files.isDirectory(directory)) {
                throw e;
            }
        }
    }

    static void delete(Path directory) throws IOException {
        if (Files.exists(directory)) {
            try (Stream<Path> all = Files.walk(directory)) {
                for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(path);
                }
            }
        }
    }

    /** The checksum that the jar holds for the archive: changes with the version of PostgreSQL, needs no reading. */
    private static String fingerprint(URL archive) throws IOException {
        if (archive.openConnection() instanceof JarURLConnection jar) {
            return "%08x".formatted(jar.getJarEntry().getCrc());
        }
        return "%08x".formatted(Files.getLastModifiedTime(Path.of(URI.create(archive.toString()))).toMillis());
    }

    private static String platform() {
        String os = System.getProperty("os.name").toLowerCase(Locale.ROOT);
        String cpu = System.getProperty("os.arch");
        return (os.startsWith("mac") ? "darwin" : os) + "-"
                + switch (cpu) {
                    case "amd64" -> "x86_64";
                    case "aarch64" -> "arm_64";
                    default -> cpu;
                };
    }
}
