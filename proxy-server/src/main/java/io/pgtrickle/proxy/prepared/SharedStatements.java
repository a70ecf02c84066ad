// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.prepared;

import java.lang.ref.Reference;
import java.lang.ref.ReferenceQueue;
import java.lang.ref.WeakReference;
import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The statements of all sessions. Two sessions share one if text and parameter types are the same bytes and mean the same: the settings
 * the server has reported and the session has made are equal, and no DDL has been seen in the database between the two. After DDL a
 * server may refuse to run what was prepared before ("cached plan must not change result type"), and that must concern those only who
 * have prepared it before, as it does without a proxy. Forgotten when neither a session nor a connection uses it. Thread-safe.
 */
public final class SharedStatements {

    /** What decides whether two statements are one. */
    private record Key(ByteBuffer body, String database, long generation, Map<String, String> settings) {}

    private static final class Entry extends WeakReference<SharedStatement> {
        private final Key key;

        Entry(Key key, SharedStatement statement, ReferenceQueue<SharedStatement> queue) {
            super(statement, queue);
            this.key = key;
        }
    }

    private final ConcurrentMap<Key, Entry> entries = new ConcurrentHashMap<>();
    private final ConcurrentMap<String, AtomicLong> generations = new ConcurrentHashMap<>();
    private final ReferenceQueue<SharedStatement> forgotten = new ReferenceQueue<>();
    private final AtomicLong names = new AtomicLong();
    /** Not to be guessed, so that no session's own names are like it. */
    private final String prefix = "pgtrickle_" + Long.toString(new SecureRandom().nextLong(36L * 36 * 36 * 36 * 36), 36) + "_";

    /** What the names of all statements on server connections begin with. */
    public String prefix() {
        return prefix;
    }

    /** The statement all sessions share that have these settings. */
    public SharedStatement shared(byte[] body, boolean suspect, String database, Map<String, String> settings) {
        forgetUnused();
        long generation = generation(database).get();
        var key = new Key(ByteBuffer.wrap(body), database, generation, settings);
        while (true) {
            Entry known = entries.get(key);
            SharedStatement statement = known == null ? null : known.get();
            if (statement != null) {
                return statement;
            }
            SharedStatement created = created(body, suspect, settings, generation);
            var entry = new Entry(key, created, forgotten);
            boolean entered = known == null ? entries.putIfAbsent(key, entry) == null : entries.replace(key, known, entry);
            if (entered) {
                return created;
            }
        }
    }

    /** A statement of one session's own. */
    public SharedStatement unshared(byte[] body, boolean suspect, String database, Map<String, String> settings) {
        return created(body, suspect, settings, generation(database).get());
    }

    private SharedStatement created(byte[] body, boolean suspect, Map<String, String> settings, long generation) {
        return new SharedStatement(prefix + names.incrementAndGet(), body, settings, suspect, generation);
    }

    /** Whether there was DDL since. */
    public boolean isOutdated(SharedStatement statement, String database) {
        return statement.generation() != generation(database).get();
    }

    /** The meaning of statements may have changed in a database: what is prepared from now on is not shared with what was before. */
    public void ddlSeen(String database) {
        generation(database).incrementAndGet();
    }

    /** How many there are. */
    public int size() {
        return entries.size();
    }

    private AtomicLong generation(String database) {
        return generations.computeIfAbsent(database, _ -> new AtomicLong());
    }

    private void forgetUnused() {
        for (Reference<?> each = forgotten.poll(); each != null; each = forgotten.poll()) {
            if (each instanceof Entry entry) {
                entries.remove(entry.key, entry);
            }
        }
    }
}
