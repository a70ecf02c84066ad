// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.scheduler;

import io.pgtrickle.dvm.capture.BufferGrants;
import io.pgtrickle.dvm.capture.Cleaner;
import io.pgtrickle.dvm.session.EngineConnections;
import io.pgtrickle.dvm.session.SessionClosedException;
import io.pgtrickle.dvm.session.SqlFailure;
import io.pgtrickle.dvm.settings.Settings;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/** Work behind the refreshes: buffers, leftovers, history. At most one round at a time, on a virtual thread. */
final class Upkeep {

    private static final Logger LOG = LoggerFactory.getLogger(Upkeep.class);

    /** Every so many rounds also what can wait. */
    private static final int RARELY = 30;

    private final String database;
    private final EngineConnections connections;
    private final Leftovers leftovers;
    private final Cleaner cleaner;
    private final SourceWatch watch;
    private final BufferGrants grants;
    private final Statistics statistics;
    private final AtomicBoolean busy = new AtomicBoolean();
    private volatile boolean consumed = true;
    private int round;

    Upkeep(String database, EngineConnections connections, String cluster) {
        this.database = database;
        this.connections = connections;
        this.leftovers = new Leftovers(connections, cluster);
        this.cleaner = new Cleaner(connections);
        this.watch = new SourceWatch(connections);
        this.grants = new BufferGrants(connections);
        this.statistics = new Statistics(connections);
    }

    /** Something was consumed since the last round. */
    void refreshed() {
        consumed = true;
    }

    boolean busy() {
        return busy.get();
    }

    void maybeRun(Settings settings) {
        boolean rare = round++ % RARELY == 0;
        if (!busy.compareAndSet(false, true)) {
            return;
        }
        boolean clean = consumed;
        consumed = false;
        Thread.ofVirtual().name("pgtrickle-upkeep-" + database).start(() -> {
            try {
                leftovers.remove();
                watch.look();
                grants.revokeStale();
                statistics.analyze();
                if (clean) {
                    cleaner.clean();
                }
                if (rare) {
                    new History(connections).prune(settings);
                }
            } catch (SqlFailure | SessionClosedException e) {
                consumed = true;
                // What somebody has locked is nothing to warn of.
                boolean conflict = e instanceof SqlFailure failure && failure.isConflict();
                LOG.atLevel(conflict ? Level.DEBUG : Level.WARN).log("database {}: upkeep will be repeated: {}", database, e.getMessage());
            } catch (RuntimeException e) {
                LOG.error("database {}: upkeep failed", database, e);
            } finally {
                busy.set(false);
            }
        });
    }
}
