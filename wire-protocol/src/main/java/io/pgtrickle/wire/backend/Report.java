// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.wire.backend;

import io.netty.buffer.ByteBuf;
import io.pgtrickle.wire.codec.Frames;
import java.nio.charset.Charset;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;

/**
 * ErrorResponse {@code 'E'} and NoticeResponse {@code 'N'}: {@code Int32 length, {Byte1 field, String value}…, Byte1(0)}; the fields are
 * listed in the PostgreSQL manual 54.8. Fields we do not know are kept.
 */
public record Report(boolean error, SequencedMap<Character, String> fields) implements BackendMessage {

    public static final char SEVERITY = 'S';
    /** The severity again, never translated. */
    public static final char SEVERITY_NAME = 'V';

    public static final char SQL_STATE = 'C';
    public static final char MESSAGE = 'M';
    public static final char DETAIL = 'D';
    public static final char HINT = 'H';
    public static final char POSITION = 'P';
    public static final char INTERNAL_POSITION = 'p';
    public static final char INTERNAL_QUERY = 'q';
    public static final char WHERE = 'W';
    public static final char FILE = 'F';
    public static final char LINE = 'L';
    public static final char ROUTINE = 'R';

    public Report {
        fields = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(fields));
    }

    /** An ErrorResponse that ends the connection. */
    public static Report fatal(String sqlState, String message) {
        return of(true, "FATAL", sqlState, message);
    }

    /** A NoticeResponse. */
    public static Report notice(String message) {
        return of(false, "NOTICE", "00000", message);
    }

    private static Report of(boolean error, String severity, String sqlState, String message) {
        var fields = new LinkedHashMap<Character, String>();
        fields.put(SEVERITY, severity);
        fields.put(SEVERITY_NAME, severity);
        fields.put(SQL_STATE, sqlState);
        fields.put(MESSAGE, message);
        return new Report(error, fields);
    }

    public Report with(char field, String value) {
        var changed = new LinkedHashMap<>(fields);
        changed.put(field, value);
        return new Report(error, changed);
    }

    public Report without(Set<Character> removed) {
        var kept = new LinkedHashMap<>(fields);
        kept.keySet().removeAll(removed);
        return new Report(error, kept);
    }

    public Optional<String> field(char field) {
        return Optional.ofNullable(fields.get(field));
    }

    public boolean isFatal() {
        String severity = field(SEVERITY_NAME).or(() -> field(SEVERITY)).orElse("");
        return severity.equals("FATAL") || severity.equals("PANIC");
    }

    public static Report read(ByteBuf frame, Charset charset) {
        boolean error = frame.readByte() == BackendType.ERROR_RESPONSE;
        frame.skipBytes(Frames.HEADER_BYTES - 1);
        var fields = new LinkedHashMap<Character, String>();
        for (byte field = Frames.readByte(frame); field != 0; field = Frames.readByte(frame)) {
            fields.put((char) field, Frames.readString(frame, charset));
        }
        return new Report(error, fields);
    }

    @Override
    public void write(ByteBuf out, Charset charset) {
        int at = Frames.begin(out, error ? BackendType.ERROR_RESPONSE : BackendType.NOTICE_RESPONSE);
        fields.forEach((field, value) -> {
            out.writeByte(field);
            Frames.writeString(out, value, charset);
        });
        out.writeByte(0);
        Frames.end(out, at);
    }
}
