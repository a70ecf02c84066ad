// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.embedded;

import java.nio.file.Path;
import java.util.Optional;

/**
 * Where files live when nobody says otherwise. Root gets the system's directories and not its home, which other users
 * (one of whom may have to run the server, see {@link ServerUser}) are not allowed to enter.
 */
public final class Places {

    private Places() {}

    /** The embedded server's data, kept between runs. */
    public static Path data() {
        return ServerUser.isRoot()
                ? Path.of("/var/lib/pgtrickle")
                : fromEnvironment("XDG_DATA_HOME").orElse(home().resolve(".local/share")).resolve("pgtrickle");
    }

    /** What can be made again at any time. */
    public static Path cache() {
        return ServerUser.isRoot()
                ? Path.of("/var/cache/pgtrickle")
                : fromEnvironment("XDG_CACHE_HOME").orElse(home().resolve(".cache")).resolve("pgtrickle");
    }

    private static Optional<Path> fromEnvironment(String variable) {
        return Optional.ofNullable(System.getenv(variable)).map(Path::of).filter(Path::isAbsolute);
    }

    private static Path home() {
        return Path.of(System.getProperty("user.home"));
    }
}
