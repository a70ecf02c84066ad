// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.session;

import io.pgtrickle.dvm.error.EngineException;
import io.pgtrickle.dvm.error.ErrorCode;
import io.pgtrickle.sql.render.Quoting;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What somebody else's function may change in a user's session and leave behind, where it would run with the user's rights:
 * settings, cursors that run at COMMIT, prepared statements, temporary relations that hide others. PostgreSQL forbids all of this inside its own REFRESH (a security-restricted operation), which nobody else can start. The
 * statements resolve nothing through the search_path, which may be one of the changes. Settings that PostgreSQL does not know
 * (custom ones, with a dot) and channels it begins to listen to at COMMIT cannot be listed and stay as they are.
 */
record SessionState(Map<String, String> settings, Set<String> cursors, Map<String, String> prepared, String transactional) {

    private static final String SETTINGS = "SELECT name, setting FROM pg_catalog.pg_settings";
    private static final String CURSORS = "SELECT name, '' FROM pg_catalog.pg_cursors WHERE is_holdable";
    /** A function cannot make others than these, whatever it takes the place of. */
    private static final String PREPARED =
            "SELECT name, pg_catalog.concat_ws(' ', prepare_time, statement) FROM pg_catalog.pg_prepared_statements WHERE from_sql";

    /** What a rollback takes back. */
    private static final String TRANSACTIONAL = """
            SELECT 'transactional', pg_catalog.concat_ws(' ',
                (SELECT pg_catalog.string_agg(oid::pg_catalog.text, ',' ORDER BY oid) FROM pg_catalog.pg_class
                 WHERE relnamespace OPERATOR(pg_catalog.=) pg_catalog.pg_my_temp_schema()),
                (SELECT pg_catalog.string_agg(oid::pg_catalog.text, ',' ORDER BY oid) FROM pg_catalog.pg_type
                 WHERE typnamespace OPERATOR(pg_catalog.=) pg_catalog.pg_my_temp_schema()))""";

    static SessionState read(SqlSession session) {
        return new SessionState(
                pairs(session, SETTINGS), pairs(session, CURSORS).keySet(), pairs(session, PREPARED),
                String.valueOf(pairs(session, TRANSACTIONAL).get("transactional")));
    }

    private static Map<String, String> pairs(SqlSession session, String query) {
        Map<String, String> pairs = new HashMap<>();
        for (List<@Nullable String> row : session.execute(query).rows()) {
            pairs.put(String.valueOf(row.get(0)), String.valueOf(row.get(1)));
        }
        return pairs;
    }

    /**
     * Makes the session as it was when this was read.
     *
     * @throws EngineException 42501 when that takes a rollback; prepared statements, which outlive one, are gone then
     */
    void restore(SqlSession session) {
        SessionState now = read(session);
        now.prepared().entrySet().stream()
                .filter(statement -> !statement.getValue().equals(prepared.get(statement.getKey())))
                .forEach(statement -> session.execute("DEALLOCATE " + Quoting.identifier(statement.getKey())));
        now.settings().forEach((name, value) -> {
            String before = settings.get(name);
            if (before != null && !before.equals(value)) {
                session.execute("SELECT pg_catalog.set_config($1, $2, false)", name, before);
            }
        });
        now.cursors().stream()
                .filter(cursor -> !cursors.contains(cursor))
                .forEach(cursor -> session.execute("CLOSE " + Quoting.identifier(cursor)));
        if (!now.transactional().equals(transactional) || !now.prepared().equals(prepared)) {
            throw EngineException.withHint(
                    ErrorCode.PERMISSION_DENIED,
                    "a function of the stream table's owner has prepared statements or made temporary objects in this session",
                    "Let the owner refresh the stream table, or its schedule.");
        }
    }
}
