// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.embedded;

import com.sun.security.auth.module.UnixSystem;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * As whom PostgreSQL's programs run. It refuses root, so for root they run in a user namespace in which root looks like
 * an ordinary user; where that is not allowed (most containers), as an ordinary user who owns the data.
 *
 * @param name who that is, for messages
 * @param prefix put before every command line
 * @param fileOwner the user ID that owns the server's files as this process sees it
 */
record ServerUser(String name, List<String> prefix, long fileOwner) {

    private static final long ROOT = 0;

    /** A line of /etc/passwd. initdb insists on a user with a name. */
    private record Account(String name, String uid, String gid) {}

    static boolean isRoot() {
        return new UnixSystem().getUid() == ROOT;
    }

    static ServerUser find() {
        if (!isRoot()) {
            UnixSystem self = new UnixSystem();
            return new ServerUser(self.getUsername(), List.of(), self.getUid());
        }
        Account account = ordinaryAccount()
                .orElseThrow(() -> new EmbeddedPostgresException(
                        "PostgreSQL does not run as root, and /etc/passwd has no other user. Run pgtrickle as an ordinary user."));
        List<String> namespace = List.of(
                "unshare", "--user", "--map-user=" + account.uid(), "--map-group=" + account.gid(), "--");
        if (answer(namespace, "id", "-u").equals(Optional.of(account.uid()))) {
            return new ServerUser("root", namespace, ROOT);
        }
        List<String> switched = List.of(
                "setpriv", "--reuid=" + account.uid(), "--regid=" + account.gid(), "--clear-groups", "--");
        if (answer(switched, "id", "-u").equals(Optional.of(account.uid()))) {
            return new ServerUser(account.name(), switched, Long.parseLong(account.uid()));
        }
        throw new EmbeddedPostgresException("PostgreSQL does not run as root, and neither `unshare` nor `setpriv` can run it as "
                + account.name() + " here. Run pgtrickle as an ordinary user, or use --server host:port.");
    }

    List<String> command(List<String> command) {
        List<String> all = new ArrayList<>(prefix);
        all.addAll(command);
        return all;
    }

    /** A directory deep in root's home exists for us but not for the user we switch to. */
    void requireAccess(Path directory) {
        if (isRoot() && answer(prefix, "sh", "-c", "cd \"$1\"", "sh", directory.toString()).isEmpty()) {
            throw new EmbeddedPostgresException("PostgreSQL does not run as root, here it runs as " + name + ", who may not enter "
                    + directory + ". Choose another directory, or run pgtrickle as an ordinary user.");
        }
    }

    /** Gives the server its files when they belong to someone else, e.g. because it ran differently the last time. */
    void own(Path fileOrDirectory) throws IOException {
        if (!isRoot() || owner(fileOrDirectory) == fileOwner) {
            return;
        }
        try (Stream<Path> all = Files.walk(fileOrDirectory)) {
            all.forEach(this::take);
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    private void take(Path path) {
        try {
            Files.setAttribute(path, "unix:uid", (int) fileOwner, LinkOption.NOFOLLOW_LINKS);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static long owner(Path path) throws IOException {
        return ((Number) Files.getAttribute(path, "unix:uid")).longValue();
    }

    private static Optional<Account> ordinaryAccount() {
        List<Account> accounts = accounts();
        return Stream.of("postgres", "nobody")
                .flatMap(name -> accounts.stream().filter(account -> account.name().equals(name)))
                .findFirst()
                .or(() -> accounts.stream().filter(account -> !account.uid().equals("0")).findFirst());
    }

    private static List<Account> accounts() {
        try (Stream<String> lines = Files.lines(Path.of("/etc/passwd"))) {
            return lines.map(line -> line.split(":", -1))
                    .filter(fields -> fields.length > 3)
                    .map(fields -> new Account(fields[0], fields[2], fields[3]))
                    .toList();
        } catch (IOException e) {
            throw new EmbeddedPostgresException("Cannot read /etc/passwd: " + e, e);
        }
    }

    /** What a short command says; empty when it fails or does not exist. */
    private static Optional<String> answer(List<String> prefix, String... command) {
        List<String> all = new ArrayList<>(prefix);
        all.addAll(List.of(command));
        try {
            Process process = new ProcessBuilder(all).redirectErrorStream(true).start();
            process.getOutputStream().close();
            String answer = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            return process.waitFor() == 0 ? Optional.of(answer.strip()) : Optional.empty();
        } catch (IOException e) {
            return Optional.empty();
        } catch (InterruptedException e) {
            throw Interruption.of(e);
        }
    }
}
