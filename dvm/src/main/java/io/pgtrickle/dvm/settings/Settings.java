// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.settings;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The settings of one database at one moment. Set them with {@code ALTER SYSTEM | DATABASE | ROLE … SET pg_trickle.name}. */
public final class Settings {

    private static final Logger LOG = LoggerFactory.getLogger(Settings.class);

    public static final Setting<Boolean> ENABLED =
            Setting.bool("enabled", true, "Whether stream tables are refreshed by the scheduler; changes are captured either way.");
    public static final Setting<Double> MIN_SCHEDULE_SECONDS =
            Setting.real("min_schedule_seconds", 0.05, 0.01, 86_400, "The shortest schedule a stream table may have.");
    public static final Setting<Double> DEFAULT_SCHEDULE_SECONDS = Setting.real(
            "default_schedule_seconds", 1, 0.01, 86_400,
            "How often a stream table with schedule 'calculated' is refreshed at most, while its sources change.");
    public static final Setting<Integer> SCHEDULER_INTERVAL_MS = Setting.integer(
            "scheduler_interval_ms", 1000, 100, 600_000,
            "How often the scheduler looks after itself: settings, dropped tables, buffers to clean. Refreshes do not wait for it.");
    public static final Setting<Integer> POLL_INTERVAL_MS = Setting.integer(
            "poll_interval_ms", 20, 1, 1000, "How often the scheduler asks whether anything was committed while a stream table is due.");
    public static final Setting<Integer> MAX_CONSECUTIVE_ERRORS = Setting.integer(
            "max_consecutive_errors", 3, 1, 100, "After so many failed refreshes in a row a stream table is suspended.");
    public static final Setting<Integer> MAX_CONCURRENT_REFRESHES =
            Setting.integer("max_concurrent_refreshes", 4, 1, 32, "How many stream tables of a database are refreshed at the same time, one less of one owner's where there are several owners.");
    public static final Setting<Double> DIFFERENTIAL_MAX_CHANGE_RATIO = Setting.real(
            "differential_max_change_ratio", 0.15, 0, 1,
            "Changed rows per source row above which a refresh is FULL as long as its own history does not tell better; 0 turns this off.");
    public static final Setting<Integer> HISTORY_RETENTION_DAYS =
            Setting.integer("history_retention_days", 90, 0, 36_500, "Days after which rows of pgt_refresh_history are deleted; 0 keeps them.");
    public static final Setting<Integer> HISTORY_RETENTION_ROWS = Setting.integer(
            "history_retention_rows", 1000, 0, Integer.MAX_VALUE, "How many rows of pgt_refresh_history a stream table keeps; 0 keeps all.");
    public static final Setting<Boolean> LOG_MERGE_SQL =
            Setting.bool("log_merge_sql", false, "Whether the SQL of every refresh is written to the engine's log.");

    /** In the order of the reference page. */
    public static final List<Setting<?>> ALL = List.of(
            ENABLED, MIN_SCHEDULE_SECONDS, DEFAULT_SCHEDULE_SECONDS, SCHEDULER_INTERVAL_MS, POLL_INTERVAL_MS,
            MAX_CONSECUTIVE_ERRORS, MAX_CONCURRENT_REFRESHES, DIFFERENTIAL_MAX_CHANGE_RATIO,
            HISTORY_RETENTION_DAYS, HISTORY_RETENTION_ROWS, LOG_MERGE_SQL);

    public static final Settings DEFAULTS = new Settings(Map.of());

    private static final int MOST_COMPLAINTS = 1000;
    private static final Set<String> COMPLAINTS = ConcurrentHashMap.newKeySet();

    private final Map<String, Object> values = new HashMap<>();

    /** @param texts what the database says, by qualified name; a value that cannot be used is logged and the default holds */
    public Settings(Map<String, String> texts) {
        for (Setting<?> setting : ALL) {
            String text = texts.get(setting.qualifiedName());
            if (text != null) {
                read(setting, text);
            }
        }
    }

    private void read(Setting<?> setting, String text) {
        try {
            values.put(setting.name(), setting.parser().apply(text));
        } catch (IllegalArgumentException e) {
            if (firstTime(setting.qualifiedName() + "=" + text)) {
                LOG.warn("setting {} ignored: {}", setting.qualifiedName(), e.getMessage());
            }
        }
    }

    /** Settings are read all the time. Users can make up values, so not all of them are remembered for ever. */
    static boolean firstTime(String complaint) {
        if (COMPLAINTS.size() > MOST_COMPLAINTS) {
            COMPLAINTS.clear();
        }
        return COMPLAINTS.add(complaint);
    }

    @SuppressWarnings("unchecked")
    public <T> T get(Setting<T> setting) {
        return (T) values.getOrDefault(setting.name(), setting.defaultValue());
    }
}
