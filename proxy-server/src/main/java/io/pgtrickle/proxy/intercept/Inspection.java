// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.intercept;

import io.netty.buffer.ByteBuf;
import io.pgtrickle.proxy.backend.ServerLink;
import io.pgtrickle.proxy.state.SessionState;
import io.pgtrickle.proxy.state.StateWords;
import io.pgtrickle.sql.statement.SqlStatement;
import io.pgtrickle.sql.statement.SqlStatement.StreamTableCommand;
import io.pgtrickle.sql.statement.StatementClassifier;
import io.pgtrickle.wire.codec.Frames;
import io.pgtrickle.wire.codec.ProtocolViolationException;
import io.pgtrickle.wire.frontend.FrontendMessage.Parse;
import io.pgtrickle.wire.frontend.FrontendMessage.Query;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** What the text of the last Query or Parse says: commands of ours, and words that concern the session's state. */
final class Inspection {

    private final ServerLink link;
    private final @Nullable SessionState state;
    private final BooleanSupplier catalogSeen;
    private final StatementClassifier classifier = new StatementClassifier();

    private List<SqlStatement> statements = List.of();
    private boolean concerned;
    private StateWords words = StateWords.NONE;

    /**
     * @param state null when the session has a connection of its own
     * @param catalogSeen whether the database is known to have a catalog, so that naming it concerns nobody
     */
    Inspection(ServerLink link, @Nullable SessionState state, BooleanSupplier catalogSeen) {
        this.link = link;
        this.state = state;
        this.catalogSeen = catalogSeen;
    }

    /** Whether it may be ours: it has to be read again when everything before it has been answered. */
    boolean isConcerned() {
        return concerned;
    }

    /** The statements of a text that is ours; not all of one that is not. */
    List<SqlStatement> statements() {
        return statements;
    }

    boolean hasCommands() {
        return statements.stream().anyMatch(StreamTableCommand.class::isInstance);
    }

    StateWords words() {
        return words;
    }

    void ofQuery(ByteBuf frame) {
        concerned = mayConcern(frame) && concerns(frame, this::sqlOfQuery);
    }

    void ofParse(ByteBuf frame) {
        concerned = frame.readableBytes() <= Interceptor.MAX_INSPECTED && mayConcern(frame) && concerns(frame, this::sqlOfParse);
    }

    private static boolean mayConcern(ByteBuf frame) {
        return StatementClassifier.mayConcern(
                frame.nioBuffer(frame.readerIndex() + Frames.HEADER_BYTES, frame.readableBytes() - Frames.HEADER_BYTES));
    }

    /** Once more, with the settings of now. @return whether it is ours */
    boolean isQueryOurs(ByteBuf frame) {
        return concerns(frame, this::sqlOfQuery);
    }

    /** Once more, with the settings of now. @return whether it is ours */
    boolean isParseOurs(ByteBuf frame) {
        return concerns(frame, this::sqlOfParse);
    }

    /** What the query may do to the session, which goes from one server connection to the next. */
    void wordsOfQuery(ByteBuf frame) {
        lookAtWords(frame, frame.readerIndex() + Frames.HEADER_BYTES, this::sqlOfQuery);
    }

    /** The same of a statement to be prepared, whose name ends before this index. */
    void wordsOfParse(ByteBuf frame, int from) {
        lookAtWords(frame, from, this::sqlOfParse);
    }

    private void lookAtWords(ByteBuf frame, int from, Function<ByteBuf, String> reading) {
        words = StateWords.in(frame, from);
        SessionState known = state;
        if (known != null && words != StateWords.NONE) {
            known.sends(words, () -> text(frame, reading), standardConformingStrings());
        }
    }

    /** The prepared statements a query names. */
    NamesInSql namesInQuery(ByteBuf frame) {
        return namesIn(frame, this::sqlOfQuery);
    }

    /** Those that a statement names which is to be prepared. */
    NamesInSql namesInParse(ByteBuf frame) {
        return namesIn(frame, this::sqlOfParse);
    }

    private NamesInSql namesIn(ByteBuf frame, Function<ByteBuf, String> reading) {
        return words.names() ? NamesInSql.in(text(frame, reading), standardConformingStrings(), link.server().charset()) : NamesInSql.NONE;
    }

    private String sqlOfQuery(ByteBuf frame) {
        return Query.read(frame, link.server().charset()).sql();
    }

    private String sqlOfParse(ByteBuf frame) {
        return Parse.read(frame, link.server().charset()).sql();
    }

    private static String text(ByteBuf frame, Function<ByteBuf, String> reading) {
        try {
            return reading.apply(frame.duplicate());
        } catch (ProtocolViolationException malformed) {
            return "";
        }
    }

    /** What is no text in the client's encoding is left to the server, which refuses it; unless that encoding may be about to change. */
    private boolean concerns(ByteBuf frame, Function<ByteBuf, String> reading) {
        try {
            return concerns(reading.apply(frame.duplicate()));
        } catch (ProtocolViolationException malformed) {
            statements = List.of();
            return !link.server().replies().isEmpty();
        }
    }

    private boolean concerns(String text) {
        statements = classifier.classify(text, standardConformingStrings());
        return hasCommands() || (!catalogSeen.getAsBoolean() && StatementClassifier.namesPgtrickle(text, standardConformingStrings()));
    }

    boolean standardConformingStrings() {
        return link.server().parameter("standard_conforming_strings").orElse("on").equals("on");
    }
}
