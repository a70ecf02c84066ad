// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.session;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.DeserializationFeature;
import io.pgtrickle.dvm.error.EngineException;
import io.pgtrickle.sql.render.Quoting;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The engine in somebody's session. What needs the engine's rights goes through {@code pgtrickle.engine_exec}, a SECURITY
 * DEFINER function that runs only what is signed with the database's secret for this backend, transaction and one use.
 */
public final class CallerHands implements Hands {

    private static final SecureRandom RANDOM = new SecureRandom();
    private static final ObjectMapper JSON =
            new ObjectMapper().enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS);

    private final SqlSession session;
    private final byte[] secret;
    private final String transaction;
    private final boolean oneSnapshot;
    private long nonce = RANDOM.nextLong() >>> 1;

    /**
     * @param transaction {@code pid:xid} of the session's transaction
     * @param isolation its transaction_isolation
     */
    public CallerHands(SqlSession session, byte[] secret, String transaction, String isolation) {
        this.session = session;
        this.secret = secret.clone();
        this.transaction = transaction;
        this.oneSnapshot = !isolation.startsWith("read");
    }

    @Override
    public SqlResult caller(String sql, @Nullable String... parameters) {
        return session.execute(sql, Arrays.asList(parameters));
    }

    @Override
    public void engine(String sql) {
        signed(sql, false, nextNonce());
    }

    @Override
    public List<Row> ask(String sql) {
        return rows(signed(sql, true, nextNonce()));
    }

    @Override
    public List<Row> look(String sql) {
        return rows(signed(sql, true, 0));
    }

    private long nextNonce() {
        nonce = nonce == Long.MAX_VALUE ? 1 : nonce + 1;
        return nonce;
    }

    private static List<Row> rows(SqlResult result) {
        List<Row> rows = new ArrayList<>();
        for (List<@Nullable String> row : result.rows()) {
            String json = row.getFirst();
            if (json != null) {
                rows.add(parse(json));
            }
        }
        return rows;
    }

    private SqlResult signed(String sql, boolean rows, long once) {
        // Somebody's function may have made temporary types, which come first wherever a type is named without its schema.
        return session.execute(
                "SELECT * FROM pgtrickle.engine_exec($1::pg_catalog.text, $2::pg_catalog.bool, $3::pg_catalog.int8, $4::pg_catalog.text)",
                sql, Boolean.toString(rows), Long.toString(once), signature(sql, rows, once));
    }

    private String signature(String sql, boolean rows, long once) {
        String message = transaction + ":" + once + ":" + rows + ":" + sql;
        byte[] inner = sha256(secret, message.getBytes(StandardCharsets.UTF_8));
        return HexFormat.of().formatHex(sha256(secret, inner));
    }

    private static byte[] sha256(byte[] key, byte[] message) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update(key);
            return digest.digest(message);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    private static Row parse(String json) {
        try {
            Map<String, @Nullable String> values = new LinkedHashMap<>();
            for (Map.Entry<String, JsonNode> field : JSON.readTree(json).properties()) {
                JsonNode value = field.getValue();
                values.put(field.getKey(), value.isNull() ? null : value.asText());
            }
            return new Row(values);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("engine_exec answered no JSON", e);
        }
    }

    @Override
    public Row owner(long id, boolean ownerIsLogin, String program) {
        if (ownerIsLogin) {
            return one(program);
        }
        List<String> deferrable = ask("""
                SELECT DISTINCT format('%%I.%%I', n.nspname, c.conname) AS name
                FROM pgtrickle.pgt_stream_tables t JOIN pg_constraint c ON c.conrelid = t.pgt_relid AND c.condeferrable
                JOIN pg_namespace n ON n.oid = c.connamespace WHERE t.pgt_id = %d""".formatted(id)).stream()
                .map(row -> row.text("name"))
                .toList();
        String written = one("SELECT pgtrickle.pgt_written()::pg_catalog.text AS written").text("written");
        SessionState before = SessionState.read(session);
        Row row = one(program);
        deferrable.forEach(name -> session.execute("SET CONSTRAINTS " + name + " IMMEDIATE"));
        look("SELECT pgtrickle.pgt_nothing_waits(%d, %s)".formatted(id, Quoting.literal(written)));
        before.restore(session);
        return row;
    }

    @Override
    public boolean foreign() {
        return true;
    }

    @Override
    public boolean oneSnapshot() {
        return oneSnapshot;
    }

    @Override
    public void notice(Level level, String code, String message, Optional<String> detail, Optional<String> hint) {
        EngineErrors.say(session, level.name(), code, message, detail, hint);
    }

    @Override
    public RuntimeException raise(EngineException error) {
        return EngineErrors.raise(session, error);
    }
}
