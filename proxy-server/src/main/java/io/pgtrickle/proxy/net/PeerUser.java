// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.net;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** The user of the operating system whose process is at the other end of a Unix socket. */
public record PeerUser(int uid) {

    private static final int ENTRY_BYTES = 256; // struct passwd has 48
    private static final int TEXT_BYTES = 16 * 1024;

    /** Whether the proxy runs as the same user. */
    public boolean isOurs() {
        try {
            return Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(uid);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The user's name, from wherever the system has its users; may take a while. */
    @SuppressWarnings("restricted")
    public Optional<String> name() {
        Linker linker = Linker.nativeLinker();
        // int getpwuid_r(uid_t, struct passwd *, char *buffer, size_t size, struct passwd **result); pw_name comes first in the structure
        MethodHandle lookup = linker.downcallHandle(linker.defaultLookup().findOrThrow("getpwuid_r"), FunctionDescriptor.of(
                ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.ADDRESS, ValueLayout.JAVA_LONG, ValueLayout.ADDRESS));
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment entry = arena.allocate(ENTRY_BYTES, Long.BYTES);
            MemorySegment result = arena.allocate(ValueLayout.ADDRESS);
            int failure = (int) lookup.invokeExact(uid, entry, arena.allocate(TEXT_BYTES), (long) TEXT_BYTES, result);
            if (failure != 0 || result.get(ValueLayout.ADDRESS, 0).equals(MemorySegment.NULL)) {
                return Optional.empty();
            }
            return Optional.of(entry.get(ValueLayout.ADDRESS, 0).reinterpret(TEXT_BYTES).getString(0));
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }
}
