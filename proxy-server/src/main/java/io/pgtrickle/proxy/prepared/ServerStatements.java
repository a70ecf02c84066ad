// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.prepared;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Which statements a server connection has, as far as that is certain; the one used last is forgotten last. Having one more than is
 * written here does no harm, since a statement is closed before it is prepared. Lives on the connection's event loop.
 */
public final class ServerStatements {

    private static final class Entry {
        private boolean confirmed;
        /** In which it was used last; before it is confirmed, it is there only in the one it was prepared in. */
        private long pipeline;

        Entry(long pipeline) {
            this.pipeline = pipeline;
        }
    }

    private final Map<SharedStatement, Entry> entries = new LinkedHashMap<>(16, 0.75f, true);
    /** Stands for nobody, as there is none. */
    private static final Object NO_UNNAMED = new Object();

    /** Those under names of the session that uses the connection; there is one at most of a name, if that. */
    private final Map<String, SharedStatement> named = new HashMap<>();

    /** Whose statement the unnamed one is; null if that is not known. */
    private @Nullable Object unnamed;
    private int unnamedSerial;
    /** Counts what was sent that changes it. */
    private int unnamedChanges;
    /** The last change is certain, or would be missing for what follows in this pipeline as well. */
    private boolean unnamedConfirmed = true;
    private long unnamedPipeline;

    /** Whether the server has it when what is sent next arrives. */
    public boolean has(SharedStatement statement, long pipeline) {
        Entry entry = entries.get(statement);
        if (entry == null || !entry.confirmed) {
            return entry != null && entry.pipeline == pipeline;
        }
        entry.pipeline = pipeline;
        return true;
    }

    public void preparing(SharedStatement statement, long pipeline) {
        entries.put(statement, new Entry(pipeline));
    }

    public void prepared(SharedStatement statement, long pipeline, boolean succeeded) {
        Entry entry = entries.get(statement);
        if (entry != null && entry.pipeline == pipeline && !entry.confirmed) {
            entry.confirmed = true;
            if (!succeeded) {
                entries.remove(statement);
            }
        }
    }

    public void forget(SharedStatement statement) {
        entries.remove(statement);
    }

    /** The server has dropped all that have names. */
    public void clear() {
        entries.clear();
    }

    /** What was prepared last under a name of the session's own; null if nothing was. */
    public @Nullable SharedStatement named(String own) {
        return named.get(own);
    }

    /** It is about to be prepared under its name of the session's own. */
    public void naming(SharedStatement statement) {
        SharedStatement before = named.put(statement.name(), statement);
        if (before != null) {
            entries.remove(before);
        }
    }

    /** What has such a name of the session's own may be gone. */
    public void forgetNamed(String own) {
        SharedStatement statement = named.get(own);
        if (statement != null) {
            entries.remove(statement);
        }
    }

    /** Whether there may be statements under names of the session's own. */
    public boolean hasNamed() {
        return !named.isEmpty();
    }

    /** Takes them out, to be closed before another session uses the connection. */
    public List<SharedStatement> takeNamed() {
        List<SharedStatement> taken = List.copyOf(named.values());
        named.clear();
        taken.forEach(entries::remove);
        return taken;
    }

    /** Takes out those to be closed so that there is room for one more; none of the pipeline under way. */
    public List<SharedStatement> tooMany(int limit, long pipeline) {
        if (entries.size() < limit) {
            return List.of();
        }
        var eldest = new ArrayList<SharedStatement>();
        for (var each = entries.entrySet().iterator(); each.hasNext() && entries.size() >= limit; ) {
            Map.Entry<SharedStatement, Entry> entry = each.next();
            if (entry.getValue().confirmed && entry.getValue().pipeline != pipeline) {
                eldest.add(entry.getKey());
                each.remove();
            }
        }
        return eldest;
    }

    public int size() {
        return entries.size();
    }

    public boolean unnamedIs(Object session, int serial, long pipeline) {
        return unnamed == session && unnamedSerial == serial && isUnnamedCertain(pipeline);
    }

    public boolean hasNoUnnamed(long pipeline) {
        return unnamed == NO_UNNAMED && isUnnamedCertain(pipeline);
    }

    private boolean isUnnamedCertain(long pipeline) {
        return unnamedConfirmed || unnamedPipeline == pipeline;
    }

    /** A simple Query drops it. */
    public void noUnnamed() {
        unnamedBecomes(NO_UNNAMED, 0);
    }

    /** A Close is sent. @return its number, for {@link #unnamedAnswered} */
    public int closingUnnamed(long pipeline) {
        return unnamedChanging(NO_UNNAMED, 0, pipeline);
    }

    /** A Parse is sent. @return its number, for {@link #unnamedAnswered} */
    public int unnamedChanging(Object session, int serial, long pipeline) {
        unnamedBecomes(session, serial);
        unnamedConfirmed = false;
        unnamedPipeline = pipeline;
        return unnamedChanges;
    }

    /** Skipped perhaps because of an error before it, and another session's may be there still. */
    public void unnamedAnswered(int change, boolean succeeded) {
        if (change == unnamedChanges) {
            unnamedConfirmed = true;
            unnamed = succeeded ? unnamed : null;
        }
    }

    /**
     * @param session whose it is; null when it is nobody's
     * @param serial which one of that session's
     */
    public void unnamedBecomes(@Nullable Object session, int serial) {
        unnamed = session;
        unnamedSerial = serial;
        unnamedConfirmed = true;
        unnamedChanges++;
    }
}
