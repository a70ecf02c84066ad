// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.bench.pooler;

import io.pgtrickle.proxy.probe.FrontDoor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A pooler that runs as a process of its own.
 *
 * @param door where it listens
 * @param start how long it took until it accepted clients
 */
record Pooler(Target target, Process process, FrontDoor door, Duration start, boolean prepares) implements AutoCloseable {

    private static final Pattern RESIDENT = Pattern.compile("VmRSS:\\s+(\\d+) kB");
    private static final int GRACE_SECONDS = 5;
    private static final int KILO = 1024;

    /** The processor time it has used so far. */
    Duration cpu() {
        return process.info().totalCpuDuration().orElse(Duration.ZERO);
    }

    /** Bytes of memory it occupies, where the system tells (Linux proc(5)). */
    Optional<Long> resident() throws IOException {
        Path status = Path.of("/proc", Long.toString(process.pid()), "status");
        if (!Files.isReadable(status)) {
            return Optional.empty();
        }
        Matcher matcher = RESIDENT.matcher(Files.readString(status));
        return matcher.find() ? Optional.of(Long.parseLong(matcher.group(1)) * KILO) : Optional.empty();
    }

    @Override
    public void close() {
        process.destroy();
        try {
            if (!process.waitFor(GRACE_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
