// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.intercept;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.pgtrickle.proxy.backend.ReplyQueue;
import io.pgtrickle.proxy.backend.ReplyQueue.Kind;
import io.pgtrickle.proxy.backend.ReplyQueue.Owner;
import io.pgtrickle.proxy.backend.ServerConnection;
import io.pgtrickle.proxy.backend.ServerLink;
import io.pgtrickle.proxy.prepared.ServerStatements;
import io.pgtrickle.wire.codec.Frames;
import io.pgtrickle.wire.frontend.FrontendMessage.Close;
import io.pgtrickle.wire.frontend.FrontendMessage.Target;
import org.jspecify.annotations.Nullable;

/**
 * A session's unnamed statement. It is kept, and sent again when the connection has another session's; what the server skips because of
 * an error before it leaves the statement that was there. Lives on the session's event loop.
 */
final class UnnamedStatement {

    private static final byte[] NONE = {};

    /** What it is from some message on. */
    private static final class Version {
        private final int serial;
        private byte[] body;
        private final boolean suspect;
        private final NamesInSql named;
        /** What it is if the message is skipped; null when that is over. */
        private @Nullable Version before;

        private boolean skipped;

        Version(int serial, byte[] body, boolean suspect, NamesInSql named, @Nullable Version before) {
            this.serial = serial;
            this.body = body;
            this.suspect = suspect;
            this.named = named;
            this.before = before;
        }

        boolean exists() {
            return body.length > 0;
        }
    }

    private final ServerLink link;
    private Version now = new Version(0, NONE, false, NamesInSql.NONE, null);
    private int serial;
    /** Messages that change it and have not been answered, and the pipeline of the last of them. */
    private int underWay;

    private long pipeline;

    UnnamedStatement(ServerLink link) {
        this.link = link;
    }

    private ServerConnection server() {
        return link.server();
    }

    private ServerStatements known() {
        return server().statements();
    }

    private long pipeline() {
        return server().replies().pipeline();
    }

    /** Whether running it may change the session's state. */
    boolean isSuspect() {
        return now.suspect;
    }

    /** The statements its SQL names. */
    NamesInSql named() {
        return now.named;
    }

    /** Whether it depends on an earlier pipeline, under way, what it is. */
    boolean isUnsettled() {
        return underWay > 0 && pipeline != pipeline();
    }

    /** A Parse is sent, with this body behind its name. */
    ReplyQueue.Outcome parsing(ByteBuf body, boolean suspect, NamesInSql named) {
        Version parsed = becomes(ByteBufUtil.getBytes(body), suspect, named);
        return answered(parsed, known().unnamedChanging(this, parsed.serial, pipeline()));
    }

    /** A Close is sent. */
    ReplyQueue.Outcome closing() {
        return answered(becomes(NONE, false, NamesInSql.NONE), known().closingUnnamed(pipeline()));
    }

    private Version becomes(byte[] body, boolean suspect, NamesInSql named) {
        now = new Version(++serial, body, suspect, named, now);
        underWay++;
        pipeline = pipeline();
        return now;
    }

    private ReplyQueue.Outcome answered(Version version, int change) {
        ServerStatements there = known();
        return new ReplyQueue.Outcome() {
            @Override
            public void done(boolean succeeded) {
                underWay--;
                version.before = null;
                version.body = succeeded ? version.body : NONE;
                there.unnamedAnswered(change, succeeded);
            }

            @Override
            public void skipped() {
                underWay--;
                version.skipped = true;
                there.unnamedAnswered(change, false);
                for (Version before = now.before; now.skipped && before != null; before = now.before) {
                    now = before;
                }
            }
        };
    }

    /** A simple Query is sent, which drops it. */
    void dropped() {
        now = new Version(++serial, NONE, false, NamesInSql.NONE, null);
        if (server().replies().isUnsynced()) { // it may be skipped
            known().unnamedBecomes(null, 0);
        } else {
            known().noUnnamed();
        }
    }

    /** The connection has it when what is sent next arrives, or has none. */
    void ensure() {
        ServerStatements there = known();
        if (now.exists() && !there.unnamedIs(this, now.serial, pipeline())) {
            int change = there.unnamedChanging(this, now.serial, pipeline());
            ByteBuf out = server().channel().alloc().buffer();
            int length = Frames.begin(out, 'P');
            out.writeByte(0);
            out.writeBytes(now.body);
            Frames.end(out, length);
            server().replies().expect(Kind.PARSE, Owner.PROXY, succeeded -> there.unnamedAnswered(change, succeeded));
            server().write(out);
        } else if (!now.exists() && !there.hasNoUnnamed(pipeline())) { // else it could be another session's
            int change = there.closingUnnamed(pipeline());
            server().send(new Close(Target.STATEMENT, ""), Owner.PROXY, succeeded -> there.unnamedAnswered(change, succeeded));
        }
    }
}
