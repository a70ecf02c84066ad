// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.scheduler;

import com.fasterxml.jackson.core.type.TypeReference;
import io.pgtrickle.dvm.catalog.DatabaseIdentity;
import io.pgtrickle.dvm.catalog.FactsJson;
import io.pgtrickle.dvm.catalog.SettingsReader;
import io.pgtrickle.dvm.frontier.Frontier;
import io.pgtrickle.dvm.graph.RefreshOrder;
import io.pgtrickle.dvm.refresh.Plans;
import io.pgtrickle.dvm.session.EngineConnection;
import io.pgtrickle.dvm.session.EngineConnections;
import io.pgtrickle.dvm.session.OwnHands;
import io.pgtrickle.dvm.session.Row;
import io.pgtrickle.dvm.session.SqlFailure;
import io.pgtrickle.dvm.settings.Settings;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The leader's loop. While something is due it asks every few milliseconds for pg_current_snapshot(): only when that has
 * moved can anything have been committed, and only then the buffers are looked at. Otherwise it sleeps on its connection,
 * which a NOTIFY about a changed catalog wakes.
 *
 * <p>All state is this thread's; workers hand their results back through a queue.
 */
final class Leader {

    /** Refreshes that found nothing to do are noted together, this often. */
    private static final Duration NOTE_EVERY = Duration.ofSeconds(5);

    /** When nothing was committed for so long, it is asked half as often. */
    private static final Duration QUIET = Duration.ofSeconds(1);

    /** Longer than most refreshes take. */
    private static final Duration SLOW = Duration.ofSeconds(5);

    private static final Logger LOG = LoggerFactory.getLogger(Leader.class);

    private final String database;
    private final EngineConnection connection;
    private final EngineConnections connections;
    private final Plans plans;
    private final BooleanSupplier closed;
    private final OwnHands hands;
    private final DatabaseIdentity identity;
    private final BlockingQueue<Runnable> results = new LinkedBlockingQueue<>();
    private final Upkeep upkeep;
    private final Map<Long, Job> jobs = new LinkedHashMap<>();
    private final Set<Long> idle = new HashSet<>();
    /** As they were read from the catalog last. */
    private Map<Long, Optional<Frontier>> frontiers = Map.of();
    private Settings settings = Settings.DEFAULTS;
    private int working;
    private long readAt;
    private long notedAt;
    private String seen = "";
    private long movedAt;

    Leader(String database, EngineConnection connection, EngineConnections connections, Plans plans, BooleanSupplier closed) {
        this.database = database;
        this.connection = connection;
        this.connections = connections;
        this.plans = plans;
        this.closed = closed;
        this.hands = new OwnHands(connection, false);
        this.identity = DatabaseIdentity.read(connection);
        this.upkeep = new Upkeep(database, connections, identity.cluster());
    }

    void work() {
        connection.execute("LISTEN " + Scheduler.CHANNEL);
        read();
        notedAt = System.nanoTime();
        while (!closed.getAsBoolean()) {
            tick();
            boolean changed = connection.awaitNotification(pause());
            drain();
            if (changed || System.nanoTime() - readAt > millis(settings.get(Settings.SCHEDULER_INTERVAL_MS))) {
                if (databaseIsWanted()) {
                    // Without waiting for the others: one that asks for a new connection now gets it only when all is decided.
                    connections.release();
                    return;
                }
                read();
                upkeep.maybeRun(settings);
            }
        }
        while (working > 0 || upkeep.busy()) {
            connection.awaitNotification(Duration.ofMillis(20));
            drain();
        }
        connections.release();
    }

    /**
     * Whether somebody is about to drop, rename, move or copy this database. The server lets nobody else come in and waits five
     * seconds for those who are in to leave: so we do. Whoever connects again is held up until it is decided.
     */
    private boolean databaseIsWanted() {
        return hands.one("""
                SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'object' AND classid = 'pg_database'::regclass AND granted
                    AND objid = (SELECT oid FROM pg_database WHERE datname = current_database())
                    AND mode IN ('ShareLock', 'AccessExclusiveLock')) AS wanted""").flag("wanted");
    }

    private void drain() {
        List<Runnable> arrived = new ArrayList<>();
        results.drainTo(arrived);
        arrived.forEach(Runnable::run);
    }

    /** Short while something is due or running, otherwise until the next is due; never past the next look at the catalog. */
    private Duration pause() {
        long now = System.nanoTime();
        long interval = millis(settings.get(Settings.SCHEDULER_INTERVAL_MS));
        if (!settings.get(Settings.ENABLED)) {
            return Duration.ofNanos(interval);
        }
        boolean quiet = now - movedAt > QUIET.toNanos() && working == 0;
        long poll = millis(settings.get(Settings.POLL_INTERVAL_MS)) * (quiet ? 2 : 1);
        long next = jobs.values().stream()
                .mapToLong(job -> job.running() ? poll : Math.max(poll, job.dueAt() - now))
                .min()
                .orElse(interval);
        return Duration.ofNanos(Math.max(1_000_000, Math.min(next, Math.max(poll, interval - (now - readAt)))));
    }

    private void tick() {
        long now = System.nanoTime();
        jobs.values().stream().filter(job -> job.turnedSlow(now, SLOW)).forEach(job -> LOG.warn(
                "database {}: the refresh of {}, owned by {}, takes more than {} s; while it runs the others have a worker less",
                database, job.definition().label(), job.definition().owner(), SLOW.toSeconds()));
        List<Job> due = jobs.values().stream().filter(job -> job.due(now)).toList();
        if (due.isEmpty() || !settings.get(Settings.ENABLED)) {
            return;
        }
        look(due);
        for (Job job : due) {
            boolean wait = job.definition().upstream().stream().map(jobs::get).anyMatch(up -> up != null && up.holdsBack(job, now));
            if (job.pending() && !wait && mayWork(job.definition().owner())) {
                dispatch(job);
            }
        }
        note();
    }

    /** Nobody's stream tables take the last worker where others have some, too: theirs would stop for as long as these take. */
    private boolean mayWork(String owner) {
        int workers = settings.get(Settings.MAX_CONCURRENT_REFRESHES);
        boolean alone = jobs.values().stream().allMatch(job -> job.definition().owner().equals(owner));
        long own = jobs.values().stream().filter(job -> job.running() && job.definition().owner().equals(owner)).count();
        return working < workers && (alone || own < Math.max(1, workers - 1));
    }

    /** Finds out which of these have work. */
    private void look(List<Job> due) {
        String snapshot = String.valueOf(connection.execute("SELECT pg_current_snapshot()::text").single());
        if (!snapshot.equals(seen)) {
            seen = snapshot;
            movedAt = System.nanoTime();
        }
        List<Job> unsure = due.stream().filter(job -> !job.upToDate(snapshot) && !job.pending()).toList();
        if (unsure.isEmpty()) {
            return;
        }
        Set<Long> found = withPending(unsure);
        for (Job job : unsure) {
            boolean pending = job.definition().always() || found.contains(job.definition().id());
            job.checked(snapshot, pending);
            if (!pending) {
                idle.add(job.definition().id());
            }
        }
    }

    private Set<Long> withPending(List<Job> jobs) {
        Set<Long> found = new HashSet<>();
        List<String> queries = jobs.stream().flatMap(job -> job.pendingQuery().stream()).toList();
        if (queries.isEmpty()) {
            return found;
        }
        try {
            hands.ask(String.join("\nUNION ALL ", queries)).forEach(row -> found.add(row.number("id")));
        } catch (SqlFailure e) {
            // A buffer is gone: whoever needed it has to be made anew, and the refresh finds out which.
            jobs.forEach(job -> found.add(job.definition().id()));
        }
        return found;
    }

    private void dispatch(Job job) {
        working++;
        job.begin(System.nanoTime());
        idle.remove(job.definition().id());
        Worker worker = new Worker(database, connections, plans, identity.cluster(), settings);
        Thread.ofVirtual().name("pgtrickle-refresh-" + job.definition().id()).start(() -> {
            Worker.Result result = worker.refresh(job.definition());
            results.add(() -> finish(job, result));
        });
    }

    private void finish(Job job, Worker.Result result) {
        working--;
        switch (result) {
            case Worker.Result.Done done -> job.succeeded(done.frontier());
            case Worker.Result.Failed failed -> {
                job.failed(System.nanoTime(), failed.counted());
                failed.passing().filter(reason -> job.isNews(reason)).ifPresent(reason ->
                        LOG.info("database {}: refresh of {} will be repeated: {}", database, job.definition().label(), reason));
            }
            case Worker.Result.Gone _ -> jobs.remove(job.definition().id());
        }
    }

    /** Those that had nothing to do are as fresh as if they had been refreshed. Rows somebody has locked are left out. */
    private void note() {
        if (idle.isEmpty() || System.nanoTime() - notedAt < NOTE_EVERY.toNanos()) {
            return;
        }
        notedAt = System.nanoTime();
        String ids = idle.stream().map(String::valueOf).collect(Collectors.joining(", "));
        idle.clear();
        connection.execute("""
                UPDATE pgtrickle.pgt_stream_tables SET last_refresh_at = clock_timestamp(), data_timestamp = now()
                WHERE pgt_id IN (SELECT pgt_id FROM pgtrickle.pgt_stream_tables WHERE pgt_id IN (%s) FOR UPDATE SKIP LOCKED)"""
                .formatted(ids));
    }

    private void read() {
        readAt = System.nanoTime();
        settings = SettingsReader.read(hands);
        Map<Long, Job.Definition> found = new LinkedHashMap<>();
        for (Row row : hands.ask(DEFINITIONS)) {
            found.put(row.number("pgt_id"), definition(row));
        }
        Map<Long, Optional<Frontier>> read = new HashMap<>();
        found.forEach((id, definition) -> read.put(id, definition.frontier()));
        if (!read.equals(frontiers)) { // somebody refreshed, not necessarily this scheduler
            frontiers = read;
            upkeep.refreshed();
        }
        jobs.entrySet().removeIf(e -> !found.containsKey(e.getKey()) && !e.getValue().running());
        Map<Long, Job> ordered = new LinkedHashMap<>();
        RefreshOrder order = RefreshOrder.of(found.values().stream().collect(Collectors.toMap(Job.Definition::id, Job.Definition::upstream)));
        List<Long> ids = new ArrayList<>(order.order());
        ids.addAll(order.cyclic().stream().sorted().toList());
        for (long id : ids) {
            Job.Definition definition = found.get(id);
            if (definition != null) {
                Job job = Optional.ofNullable(jobs.get(id)).orElseGet(() -> new Job(definition));
                job.update(definition);
                ordered.put(id, job);
            }
        }
        jobs.forEach(ordered::putIfAbsent);
        jobs.clear();
        jobs.putAll(ordered);
        setPeriods();
    }

    /** Readers first: a calculated schedule follows the fastest stream table that reads this one. */
    private void setPeriods() {
        Duration standard = Duration.ofNanos((long) (settings.get(Settings.DEFAULT_SCHEDULE_SECONDS) * 1e9));
        long now = System.nanoTime();
        Map<Long, Duration> fastestReader = new LinkedHashMap<>();
        for (Job job : new ArrayList<>(jobs.values()).reversed()) {
            Duration period = job.definition().schedule().period()
                    .orElseGet(() -> fastestReader.getOrDefault(job.definition().id(), standard));
            job.setPeriod(period, now);
            for (long upstream : job.definition().upstream()) {
                fastestReader.merge(upstream, period, (a, b) -> a.compareTo(b) <= 0 ? a : b);
            }
        }
    }

    private static final String DEFINITIONS = """
            SELECT t.pgt_id, t.pgt_schema || '.' || t.pgt_name AS label, pg_get_userbyid(c.relowner) AS owner, v.relname AS query_view, t.schedule, t.frontier::text AS frontier,
                t.recompute_always OR t.needs_reinit OR NOT t.is_populated OR v.oid IS NULL AS always,
                (extract(epoch FROM clock_timestamp() - t.last_refresh_at) * 1000)::int8 AS idle, t.consecutive_errors AS errors,
                (SELECT coalesce(json_agg(d.source_relid::int8 ORDER BY d.source_relid) FILTER (WHERE d.cdc_mode IS NOT NULL), '[]')
                 FROM pgtrickle.pgt_dependencies d WHERE d.pgt_id = t.pgt_id)::text AS sources,
                (SELECT coalesce(json_agg(u.pgt_id), '[]') FROM pgtrickle.pgt_dependencies d
                 JOIN pgtrickle.pgt_stream_tables u ON u.pgt_relid = d.source_relid WHERE d.pgt_id = t.pgt_id)::text AS upstream
            FROM pgtrickle.pgt_stream_tables t JOIN pg_class c ON c.oid = t.pgt_relid LEFT JOIN pg_class v ON v.oid = t.query_view
            WHERE t.status IN ('ACTIVE', 'INITIALIZING') AND NOT t.awaits_refresh
            ORDER BY t.pgt_id""";

    private static Job.Definition definition(Row row) {
        TypeReference<List<Long>> numbers = new TypeReference<>() {};
        return new Job.Definition(
                row.number("pgt_id"), row.text("label"), row.text("owner"), row.find("query_view").orElse(""), Schedule.stored(row.find("schedule")),
                FactsJson.read(row.text("sources"), numbers), FactsJson.read(row.text("upstream"), numbers), row.flag("always"),
                row.find("frontier").map(Frontier::parse), row.find("idle").map(Long::valueOf), (int) row.number("errors"));
    }

    private static long millis(int millis) {
        return millis * 1_000_000L;
    }
}
