// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.state;

import io.pgtrickle.sql.render.Quoting;
import io.pgtrickle.wire.backend.BackendMessage.DataRow;
import java.nio.charset.Charset;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What one session has made of its server connection. Whenever a statement may have changed that ({@link StateWords}), the server is
 * asked once the session is between transactions; it alone knows which SET was rolled back and which lock was released. Settings are
 * replayed on every connection the session gets; everything else holds the connection until the server says that it is gone.
 */
public final class SessionState {

    /** Settings of a transaction, or of what the server does with it. */
    private static final String NEVER_MADE = "'transaction_isolation', 'transaction_read_only', 'transaction_deferrable'";

    /** What differs here makes no statement mean something else. */
    private static final Set<String> OF_NO_MEANING = Set.of(
            "application_name",
            "client_min_messages",
            "default_transaction_read_only",
            "idle_in_transaction_session_timeout",
            "idle_session_timeout",
            "in_hot_standby",
            "lock_timeout",
            "scram_iterations",
            "statement_timeout",
            "transaction_timeout",
            "work_mem",
            // not to be set, or not to be set so
            "integer_datetimes",
            "is_superuser",
            "role",
            "server_encoding",
            "server_version",
            "session_authorization");

    private static final String SETTING = "setting";
    private static final String LOADED = "loaded library";
    private static final String PREPARED = "prepared statement";
    private static final String UNANSWERED = "question not answered";
    private static final String UNKNOWN_NAMES = "settings of unknown name";

    /** Of the client's startup packet, which RESET returns to; connections are opened without. */
    private final Map<String, String> initial;

    private boolean reset;
    private boolean suspect;
    /** The server has been asked and has not answered. */
    private boolean asking;
    private Map<String, String> made;
    private Map<String, String> meanings;
    /** Settings of applications that the session has named. */
    private final Set<String> named = new LinkedHashSet<>();
    private final Set<String> forGood = new TreeSet<>();
    private Set<String> holding = Set.of();

    private final Map<String, String> madeNow = new LinkedHashMap<>();
    private final Set<String> holdingNow = new TreeSet<>();

    /** @param initial what the client has begun with and the connections have not */
    public SessionState(Map<String, String> initial) {
        this.initial = Map.copyOf(initial);
        this.made = this.initial;
        this.meanings = meaningful(this.made);
    }

    /** Of settings, those that statements with the same text can differ by. */
    public static Map<String, String> meaningful(Map<String, String> settings) {
        var meaningful = new HashMap<>(settings);
        meaningful.keySet().removeAll(OF_NO_MEANING);
        return Map.copyOf(meaningful);
    }

    /** A statement is sent. @param text asked for if the names of settings are to be found in it */
    public void sends(StateWords words, Supplier<String> text, boolean standardConformingStrings) {
        suspect |= words.suspect() || words.ends() && (asking || !holding.isEmpty()) || holding.contains(UNANSWERED);
        if (words.loads()) {
            forGood.add(LOADED);
        }
        if (words.settings()) {
            SettingNames names = SettingNames.in(text.get(), standardConformingStrings);
            named.addAll(names.all());
            if (names.unknown()) {
                forGood.add(UNKNOWN_NAMES);
            }
        }
    }

    /** Something may have changed. */
    public void suspect() {
        suspect = true;
    }

    /** Whether the server must be asked before the connection can be somebody else's. */
    public boolean isSuspect() {
        return suspect;
    }

    /** Whether it is not known at present what the session has set. */
    public boolean isUncertain() {
        return suspect || asking;
    }

    /** Whether something holds the connection. */
    public boolean holds() {
        return !holding.isEmpty();
    }

    /** Whether there may be statements of SQL's PREPARE. */
    public boolean mayHavePrepared() {
        return isUncertain() || holding.contains(PREPARED);
    }

    /** What holds the connection, in words for people. */
    public Set<String> holding() {
        return holding;
    }

    /** What the client has begun with and the connections have not. */
    public Map<String, String> initial() {
        return initial;
    }

    /** The session's own settings, by name. */
    public Map<String, String> made() {
        return made;
    }

    /** Those of them that statements with the same text can differ by. */
    public Map<String, String> meanings() {
        return meanings;
    }

    /** RESET or DISCARD ALL: settings may be the connection's own again, not those the client has begun with. */
    public void wasReset() {
        reset = !initial.isEmpty();
        suspect = true;
    }

    /** What brings them back, if that is due; the server knows which were reset, and whether that was rolled back. */
    public Optional<String> restart() {
        boolean due = reset;
        reset = false;
        return due ? Optional.of(restarting()) : Optional.empty();
    }

    private String restarting() {
        String settings = initial.entrySet().stream()
                .map(setting -> "(%s, %s)".formatted(Quoting.literal(setting.getKey()), Quoting.literal(setting.getValue())))
                .collect(Collectors.joining(", "));
        return """
                /* pgtrickle: what the session has begun with */
                SELECT pg_catalog.set_config(initial.name, initial.value, false)
                FROM (VALUES %s) AS initial (name, value)
                JOIN pg_catalog.pg_settings ON pg_settings.name = initial.name
                WHERE source <> 'session'""".formatted(settings);
    }

    /** The question; {@link #answer} gets its rows. */
    public String question(String user) {
        suspect = false;
        asking = true;
        madeNow.clear();
        holdingNow.clear();
        String applications = named.isEmpty()
                ? ""
                : named.stream().map(Quoting::literal).collect(Collectors.joining(", ", """

                        UNION ALL
                        SELECT 'setting', name, pg_catalog.current_setting(name, true)
                        FROM pg_catalog.unnest(ARRAY[""", "]) AS name"));
        return """
                /* pgtrickle: what the session has left */
                SELECT 'setting', name, setting
                FROM pg_catalog.pg_settings
                WHERE source = 'session' AND name NOT IN (%s)
                UNION ALL
                SELECT 'setting', 'role', pg_catalog.current_setting('role')
                WHERE pg_catalog.current_setting('role') <> 'none'%s
                UNION ALL
                SELECT 'advisory lock', NULL, NULL
                WHERE EXISTS (SELECT FROM pg_catalog.pg_locks WHERE locktype = 'advisory' AND pid = pg_catalog.pg_backend_pid())
                UNION ALL
                SELECT 'temporary object', NULL, NULL
                WHERE EXISTS (SELECT FROM pg_catalog.pg_depend
                              WHERE refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass
                                AND refobjid = pg_catalog.pg_my_temp_schema())
                UNION ALL
                SELECT 'LISTEN', NULL, NULL WHERE EXISTS (SELECT FROM pg_catalog.pg_listening_channels())
                UNION ALL
                SELECT 'cursor WITH HOLD', NULL, NULL WHERE EXISTS (SELECT FROM pg_catalog.pg_cursors)
                UNION ALL
                SELECT 'prepared statement', NULL, NULL
                WHERE EXISTS (SELECT FROM pg_catalog.pg_prepared_statements WHERE from_sql)
                UNION ALL
                SELECT 'session authorization', NULL, NULL WHERE session_user <> %s"""
                .formatted(NEVER_MADE, applications, Quoting.literal(user));
    }

    /** A row of the answer. */
    public void answer(DataRow row, Charset charset) {
        String what = text(row, 0, charset);
        if (!SETTING.equals(what)) {
            holdingNow.add(String.valueOf(what));
            return;
        }
        String name = text(row, 1, charset);
        String value = text(row, 2, charset);
        if (name != null && value != null) {
            madeNow.put(name, value);
        }
    }

    /** The answer is complete. @return what the connection has set */
    public Map<String, String> answered() {
        asking = false;
        Map<String, String> actual = Map.copyOf(madeNow);
        initial.forEach(madeNow::putIfAbsent);
        made = madeNow.equals(actual) ? actual : Map.copyOf(madeNow);
        meanings = meaningful(made);
        holdingNow.addAll(forGood);
        holding = Set.copyOf(holdingNow);
        return actual;
    }

    /** The server has failed the question; it is asked again when the session has done something else. */
    public void unanswered() {
        asking = false;
        holding = Set.of(UNANSWERED);
    }

    private static @Nullable String text(DataRow row, int column, Charset charset) {
        byte[] value = row.values().get(column);
        return value == null ? null : new String(value, charset);
    }
}
