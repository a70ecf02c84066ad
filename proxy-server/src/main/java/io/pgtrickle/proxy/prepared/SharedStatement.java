// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.prepared;

import io.netty.buffer.ByteBuf;
import io.pgtrickle.wire.codec.Frames;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A statement that sessions have prepared alike, under one name on every server connection that has needed it so far. It compares by
 * identity: {@link SharedStatements} sees to it that what is the same is the same object.
 */
public final class SharedStatement {

    /** What follows the name in the Parse message of an empty statement. */
    private static final byte[] NOTHING = {0, 0, 0};

    /** Where a statement's first word is, unless somebody writes a long comment before it. */
    private static final int LOOKED_AT = 4000;

    private static final Pattern ANALYSED = Pattern.compile(
            "(?:\\s|\\(|--[^\\n]*\\n|/\\*.*?\\*/)*(?:select|with|insert|update|delete|merge|values|table|explain|declare|create\\s+(?:temp|temporary|unlogged|global"
                    + "|local|materialized|table))\\b",
            Pattern.CASE_INSENSITIVE | Pattern.DOTALL);

    private final String name;
    /** What follows the name in a Parse message: the SQL, and the parameter types the client has given. */
    private final byte[] body;

    private final Map<String, String> settings;
    private final boolean suspect;
    private final long generation;
    /** By OID, of the columns clients were told of; null as long as none was. */
    private volatile @Nullable List<Integer> resultTypes;

    /**
     * @param settings that literals and names in the text were read with, and are whenever it is prepared
     * @param suspect whether running it may change the state of the session
     * @param generation how much DDL had been seen before it
     */
    SharedStatement(String name, byte[] body, Map<String, String> settings, boolean suspect, long generation) {
        this.name = name;
        this.body = body;
        this.settings = settings;
        this.suspect = suspect;
        this.generation = generation;
    }

    /** The same under a name of a session's own. */
    public SharedStatement named(String own) {
        return new SharedStatement(own, body, settings, suspect, generation);
    }

    /** An empty statement, which takes a name and cannot fail, not even in a transaction that has failed. */
    public static SharedStatement standIn(String own) {
        return new SharedStatement(own, NOTHING, Map.of(), false, 0);
    }

    /**
     * Whether its names and literals are read when it is parsed. Other statements are when they are run (PostgreSQL's transformStmt), and some
     * of them, as DISCARD ALL or VACUUM, cannot be run behind anything else in a pipeline.
     */
    public boolean isAnalysed() {
        return ANALYSED.matcher(new String(body, 0, Math.min(body.length, LOOKED_AT), StandardCharsets.ISO_8859_1)).lookingAt();
    }

    /** Whether only the names differ. */
    public boolean isLike(SharedStatement other) {
        return body == other.body;
    }

    long generation() {
        return generation;
    }

    public boolean hasResultTypes() {
        return resultTypes != null;
    }

    /** OIDs of the types of the columns that clients were told of; empty if there were none. */
    public List<Integer> resultTypes() {
        List<Integer> types = resultTypes;
        return types == null ? List.of() : types;
    }

    public void resultTypes(List<Integer> types) {
        resultTypes = List.copyOf(types);
    }

    public Map<String, String> settings() {
        return settings;
    }

    /** As server connections know it, one char per byte; ASCII unless it is a session's own. */
    public String name() {
        return name;
    }

    public boolean isSuspect() {
        return suspect;
    }

    /** Writes a Parse message that prepares it. */
    public void writeParse(ByteBuf out) {
        int length = Frames.begin(out, 'P');
        Frames.writeString(out, name, Frames.NAMES);
        out.writeBytes(body);
        Frames.end(out, length);
    }
}
