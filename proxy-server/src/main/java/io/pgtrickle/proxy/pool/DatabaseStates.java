// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.pool;

import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;

/** What the admin console has said of databases, by what clients call them, until it says otherwise. Thread-safe. */
public final class DatabaseStates {

    private final Set<String> paused = ConcurrentHashMap.newKeySet();
    private final Set<String> disabled = ConcurrentHashMap.newKeySet();
    private volatile boolean allPaused;

    /** Whether nobody gets a server connection there. */
    public boolean isPaused(String database) {
        return allPaused || paused.contains(database);
    }

    public boolean areAllPaused() {
        return allPaused;
    }

    /** Those paused by name. */
    public Set<String> paused() {
        return new TreeSet<>(paused);
    }

    /** @return whether it was not paused already */
    public boolean pause(String database) {
        return paused.add(database);
    }

    /** @return whether it was paused by its name */
    public boolean resume(String database) {
        return paused.remove(database);
    }

    /** All of them, also those that nobody has asked for yet. */
    public void pauseAll(boolean pause) {
        allPaused = pause;
    }

    /** Whether no new client may come there. */
    public boolean isDisabled(String database) {
        return disabled.contains(database);
    }

    public void disable(String database) {
        disabled.add(database);
    }

    public void enable(String database) {
        disabled.remove(database);
    }
}
