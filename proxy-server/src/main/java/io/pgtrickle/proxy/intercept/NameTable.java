// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.intercept;

import io.pgtrickle.proxy.backend.ReplyQueue;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * What a session's names stand for. A change counts once the server has confirmed it; until then the pipeline that is under way sees it
 * already, as the server will.
 */
final class NameTable<T> {

    private final class Change implements ReplyQueue.Outcome {
        /** Null for all there are. */
        private final @Nullable String name;

        private final @Nullable T value;
        private final long pipeline;

        Change(@Nullable String name, @Nullable T value, long pipeline) {
            this.name = name;
            this.value = value;
            this.pipeline = pipeline;
        }

        private boolean concerns(String other) {
            return name == null || name.equals(other);
        }

        @Override
        public void done(boolean succeeded) {
            pending.remove(this);
            if (!succeeded) {
                return;
            }
            if (name == null) {
                names.clear();
            } else if (value != null) {
                names.put(name, value);
            } else {
                names.remove(name);
            }
        }
    }

    private final Map<String, T> names = new HashMap<>();
    private final ArrayDeque<Change> pending = new ArrayDeque<>();

    boolean isEmpty() {
        return names.isEmpty() && pending.isEmpty();
    }

    @Nullable T find(String name) {
        for (Iterator<Change> latest = pending.descendingIterator(); latest.hasNext(); ) {
            Change change = latest.next();
            if (change.concerns(name)) {
                return change.value;
            }
        }
        return names.get(name);
    }

    /** The name of such a value, if it is confirmed. */
    Optional<String> nameOf(Predicate<T> value) {
        return names.entrySet().stream().filter(entry -> value.test(entry.getValue())).map(Map.Entry::getKey).findFirst();
    }

    /** Whether it depends on an earlier pipeline, under way, what the name stands for. */
    boolean isUnsettled(String name, long pipeline) {
        return !pending.isEmpty() && pending.stream().anyMatch(change -> change.pipeline != pipeline && change.concerns(name));
    }

    /**
     * To be told what becomes of the message that does it.
     *
     * @param value null: nothing
     * @param pipeline the message is part of
     */
    ReplyQueue.Outcome becomes(String name, @Nullable T value, long pipeline) {
        var change = new Change(name, value, pipeline);
        pending.add(change);
        return change;
    }

    /** The same of a message after which no name stands for anything. */
    ReplyQueue.Outcome allGone(long pipeline) {
        var change = new Change(null, null, pipeline);
        pending.add(change);
        return change;
    }

    /** What is confirmed so far is gone. */
    void clear() {
        names.clear();
    }

    int size() {
        return names.size();
    }
}
