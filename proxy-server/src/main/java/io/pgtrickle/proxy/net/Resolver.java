// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.net;

import io.pgtrickle.proxy.config.NetworkSettings.Dns;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.security.Security;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What servers' names stand for, believed for dns_max_ttl. Each question is asked once at a time and on a thread of its own. When nobody
 * answers, what was last known stays: a name server that is down takes no database away. Thread-safe, never blocks.
 */
public final class Resolver {

    private static final Logger LOG = LoggerFactory.getLogger(Resolver.class);

    static {
        trustNobodysMemory();
    }

    /** Asks the system; blocks. */
    @FunctionalInterface
    public interface Lookup {

        List<InetAddress> addresses(String name) throws UnknownHostException;

        /** Files, DNS, or whatever the system has. */
        static Lookup ofSystem() {
            return name -> List.of(InetAddress.getAllByName(name));
        }
    }

    /** @param addresses empty if there is no such name */
    private record Known(List<InetAddress> addresses, long asked) {}

    private final Lookup lookup;
    private final LongSupplier nanos;
    private final ConcurrentMap<String, Known> known = new ConcurrentHashMap<>();
    private final ConcurrentMap<String, CompletableFuture<List<InetAddress>>> asking = new ConcurrentHashMap<>();
    private final AtomicInteger turn = new AtomicInteger();
    private volatile Dns times;

    /** @param nanos the time, as of System.nanoTime */
    Resolver(Dns times, Lookup lookup, LongSupplier nanos) {
        this.times = times;
        this.lookup = lookup;
        this.nanos = nanos;
    }

    /**
     * Java remembers names as well, for half a minute or for ever. It reads this once, before its first lookup: whoever runs a proxy calls
     * it first of all.
     */
    public static void trustNobodysMemory() {
        Security.setProperty("networkaddress.cache.ttl", "0");
        Security.setProperty("networkaddress.cache.negative.ttl", "0");
    }

    void times(Dns other) {
        times = other;
    }

    /** The addresses, which take turns in being the first; completed exceptionally with UnknownHostException. */
    CompletableFuture<List<InetAddress>> resolve(String name) {
        Optional<InetAddress> literal = literal(name);
        if (literal.isPresent()) {
            return CompletableFuture.completedFuture(List.of(literal.get()));
        }
        Known now = known.get(name);
        CompletableFuture<List<InetAddress>> found =
                now == null || isOld(now) ? ask(name) : CompletableFuture.completedFuture(now.addresses);
        return found.thenCompose(addresses -> addresses.isEmpty()
                ? CompletableFuture.failedFuture(new UnknownHostException("there is no host \"" + name + "\""))
                : CompletableFuture.completedFuture(inTurn(addresses)));
    }

    /** What is believed at present; asks anew in the background when that is too old. The same list as long as it has not changed. */
    public Optional<List<InetAddress>> current(String name) {
        Known now = known.get(name);
        if (now == null) {
            return Optional.empty();
        }
        if (isOld(now)) {
            ask(name);
        }
        return Optional.of(now.addresses);
    }

    /** @param left how long it is still believed */
    public record Name(String name, Duration left, List<InetAddress> addresses) {

        public Name {
            addresses = List.copyOf(addresses);
        }
    }

    /** All names that have been asked for, in their order. */
    public List<Name> all() {
        var all = new ArrayList<Name>();
        new TreeMap<>(known).forEach((name, one) -> all.add(new Name(name, Duration.ofNanos(Math.max(0, left(one))), one.addresses)));
        return all;
    }

    private boolean isOld(Known one) {
        return left(one) <= 0;
    }

    /** In nanoseconds. */
    private long left(Known one) {
        Duration ttl = one.addresses.isEmpty() ? times.unknownTtl() : times.ttl();
        return ttl.toNanos() - (nanos.getAsLong() - one.asked);
    }

    private CompletableFuture<List<InetAddress>> ask(String name) {
        var mine = new CompletableFuture<List<InetAddress>>();
        CompletableFuture<List<InetAddress>> already = asking.putIfAbsent(name, mine);
        if (already != null) {
            return already;
        }
        Thread.ofVirtual().name("resolve-" + name).start(() -> {
            List<InetAddress> found = answer(name);
            known.put(name, new Known(found, nanos.getAsLong()));
            asking.remove(name);
            mine.complete(found);
        });
        return mine;
    }

    private List<InetAddress> answer(String name) {
        Known before = known.get(name);
        List<InetAddress> old = before == null ? List.of() : before.addresses;
        try {
            List<InetAddress> found = lookup.addresses(name);
            if (new HashSet<>(found).equals(new HashSet<>(old))) {
                return old;
            }
            if (!old.isEmpty()) {
                LOG.info("{} is at {} now", name, found);
            }
            return List.copyOf(found);
        } catch (UnknownHostException | RuntimeException e) {
            LOG.warn("cannot find {}: {}{}", name, e.getMessage(), old.isEmpty() ? "" : "; its last addresses stay");
            return old;
        }
    }

    private List<InetAddress> inTurn(List<InetAddress> addresses) {
        if (addresses.size() == 1) {
            return addresses;
        }
        var rotated = new ArrayList<>(addresses);
        Collections.rotate(rotated, -Math.floorMod(turn.getAndIncrement(), addresses.size()));
        return rotated;
    }

    private static Optional<InetAddress> literal(String name) {
        try {
            return Optional.of(InetAddress.ofLiteral(name));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }
}
