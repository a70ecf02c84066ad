// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.backend;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.pgtrickle.proxy.auth.Route;
import io.pgtrickle.proxy.backend.ReplyQueue.Kind;
import io.pgtrickle.proxy.backend.ReplyQueue.Owner;
import io.pgtrickle.proxy.prepared.ServerStatements;
import io.pgtrickle.proxy.state.SessionState;
import io.pgtrickle.proxy.tls.Closing;
import io.pgtrickle.wire.backend.BackendMessage.BackendKeyData;
import io.pgtrickle.wire.backend.BackendMessage.CommandComplete;
import io.pgtrickle.wire.backend.BackendMessage.ParameterStatus;
import io.pgtrickle.wire.backend.BackendType;
import io.pgtrickle.wire.backend.Report;
import io.pgtrickle.wire.codec.FrameHandler;
import io.pgtrickle.wire.codec.FrameReader;
import io.pgtrickle.wire.codec.Frames;
import io.pgtrickle.wire.codec.ProtocolViolationException;
import io.pgtrickle.wire.frontend.FrontendMessage;
import io.pgtrickle.wire.frontend.FrontendMessage.Query;
import io.pgtrickle.wire.frontend.StartupPacket.StartupMessage;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One connection to a server. Walks over what the server sends, keeps the {@link ReplyQueue}, the session's parameters and transaction
 * status, and hands everything to its {@link ServerListener}; bulk passes as slices. Lives on its client's event loop.
 */
public final class ServerConnection extends ChannelInboundHandlerAdapter implements FrameHandler {

    private static final Logger LOG = LoggerFactory.getLogger(ServerConnection.class);

    /** Messages longer than this are never gathered. */
    private static final int MAX_GATHERED = 1 << 20;

    public static final String DISCARD_ALL = "DISCARD ALL";
    public static final String RESET = "RESET";
    public static final String DEALLOCATE = "DEALLOCATE";
    public static final String DEALLOCATE_ALL = "DEALLOCATE ALL";

    private static final byte[] NO_KEY = {};
    private static final AtomicLong IDS = new AtomicLong();

    private final Channel channel;
    private final Route route;
    private final StartupMessage startup;
    private final FrameReader reader;
    private final ReplyQueue replies = new ReplyQueue();
    private final Traffic traffic = new Traffic(replies);
    private final long id = IDS.incrementAndGet();
    /** What counts at present. Never changed, but replaced, so that it can be remembered by whoever uses the connection. */
    private Map<String, String> parameters = Map.of();
    private Map<String, String> reported = Map.of();
    /** As they were reported at its login, and are again when they are reset. */
    private Map<String, String> own = Map.of();
    private boolean replaying;
    private Map<String, String> meanings = Map.of();
    private Map<String, String> made = Map.of();
    private final ServerStatements statements = new ServerStatements();
    private final boolean shared;
    /** Settings go back to what the connection was started with, until the next ReadyForQuery; on a shared connection. */
    private boolean resetting;
    /** Cancel requests on their way to the server, for what runs here. */
    private int cancels;

    private volatile boolean outdated;
    private ServerListener listener;
    private final long openedAt = System.nanoTime();
    private boolean loggedIn;
    private @Nullable Report fatal;
    private char status = 'I';
    private Charset charset = StandardCharsets.UTF_8;
    private BackendKeyData key = new BackendKeyData(0, NO_KEY);

    /** @param shared whether several clients take turns, transaction by transaction */
    public ServerConnection(Channel channel, Route route, StartupMessage startup, boolean shared, ServerListener listener) {
        this.channel = channel;
        this.route = route;
        this.startup = startup;
        this.shared = shared;
        this.listener = listener;
        this.reader = FrameReader.ofServer(this, channel.alloc(), Integer.MAX_VALUE - 1);
    }

    public Route route() {
        return route;
    }

    /** The error the server has ended the connection with, if it said one. */
    public Optional<Report> fatal() {
        return Optional.ofNullable(fatal);
    }

    /** In nanoseconds, of System.nanoTime. */
    public long openedAt() {
        return openedAt;
    }

    /** What it was started with. */
    public StartupMessage startup() {
        return startup;
    }

    /** Tells it from all others that there were and are. */
    public long id() {
        return id;
    }

    /** Whoever uses it at the moment. */
    public ServerListener user() {
        return listener;
    }

    public boolean isLoggedIn() {
        return loggedIn;
    }

    /** Whether cancel requests are on their way to the server and nothing runs any more that they could meet. */
    public boolean isBeingCanceled() {
        return cancels > 0 && replies.isEmpty();
    }

    /** It is to be closed as soon as nobody uses it; from any thread. */
    public void outdate() {
        outdated = true;
    }

    public boolean isOutdated() {
        return outdated;
    }

    /** What has passed it so far. */
    public Figures figures() {
        return traffic.figures();
    }

    /** When it was last asked something, in nanoseconds, of System.nanoTime. */
    public long requestedAt() {
        return traffic.requestedAt();
    }

    /** From now on somebody else uses it. */
    public void attach(ServerListener user) {
        listener = user;
    }

    public ReplyQueue replies() {
        return replies;
    }

    /**
     * Whether it could be used by somebody else: logged in, in no transaction, nothing outstanding, no message of the server's
     * half received. What its user has sent of a message half is for the user to know.
     */
    public boolean isAtRest() {
        return loggedIn && fatal == null && status == 'I' && cancels == 0 && replies.isAtRest() && !reader.isAmidMessage() && channel.isActive();
    }

    /** The transaction status of the last ReadyForQuery: I, T or E. */
    public char status() {
        return status;
    }

    /** A parameter the server has reported. */
    public Optional<String> parameter(String name) {
        return Optional.ofNullable(parameters.get(name));
    }

    /**
     * A session's settings are on their way to the server: what comes behind them meets these parameters, until the server has answered and
     * what it has reported counts again.
     */
    public void replayBegins(Map<String, String> expected) {
        replaying = true;
        if (!expected.isEmpty()) {
            become(expected);
        }
    }

    public void replayEnds() {
        replaying = false;
        become(reported);
    }

    /** Whether a parameter is what it is without any session's doing. */
    public boolean isOwn(ParameterStatus parameter) {
        return parameter.value().equals(own.get(parameter.name()));
    }

    /** All parameters the server has reported, in its order. */
    public Map<String, String> parameters() {
        return parameters;
    }

    /** Those of them that statements with the same text can differ by. */
    public Map<String, String> meanings() {
        return meanings;
    }

    /** What the sessions that have used the connection have set and it has still; by name. */
    public Map<String, String> made() {
        return made;
    }

    public void made(Map<String, String> settings) {
        made = settings;
    }

    /** The prepared statements it has. */
    public ServerStatements statements() {
        return statements;
    }

    /** A cancel request is sent for what runs here: nobody else may get the connection before the server has dealt with it. */
    public void cancelBegins() {
        cancels++;
    }

    public void cancelEnded() {
        cancels--;
        listener.received();
    }

    /** The session's client_encoding. */
    public Charset charset() {
        return charset;
    }

    /** The server's own cancel key; empty when it sent none. */
    public BackendKeyData key() {
        return key;
    }

    public Channel channel() {
        return channel;
    }

    /** Sends bytes of the client's; the caller has announced the replies they ask for. */
    public void write(ByteBuf bytes) {
        traffic.toServer(bytes.readableBytes());
        channel.write(bytes, channel.voidPromise());
    }

    /** Sends a message of ours or one the client's is replaced with, and announces its reply. */
    public void send(FrontendMessage message, Owner owner) {
        Kind kind = replyOf(message);
        if (kind != null) {
            replies.expect(kind, owner);
        }
        writeOwn(message);
    }

    /** The same, for someone who wants to know how it went. */
    public void send(FrontendMessage message, Owner owner, ReplyQueue.Outcome outcome) {
        Kind kind = replyOf(message);
        if (kind == null) {
            throw new IllegalArgumentException("no reply to " + message);
        }
        writeOwn(message);
        replies.expect(kind, owner, outcome);
    }

    private void writeOwn(FrontendMessage message) {
        if (message instanceof Query) { // which drops it
            statements.noUnnamed();
        }
        write(encoded(message));
    }

    public void flush() {
        channel.flush();
    }

    /** Whether to go on reading: no while the client does not take what it is sent. */
    public void setReading(boolean reading) {
        channel.config().setAutoRead(reading);
    }

    /** Nothing more will be sent: the server finishes what it has, then closes. */
    public void endOutput() {
        channel.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(_ -> Closing.endOutput(channel));
    }

    /** Ends the session at once, in whatever state it is: what it has not committed is rolled back. */
    public void close() {
        channel.close();
    }

    private ByteBuf encoded(FrontendMessage message) {
        ByteBuf out = channel.alloc().buffer();
        message.write(out, charset);
        return out;
    }

    private static @Nullable Kind replyOf(FrontendMessage message) {
        return switch (message) {
            case FrontendMessage.Query _ -> Kind.QUERY;
            case FrontendMessage.Parse _ -> Kind.PARSE;
            case FrontendMessage.Bind _ -> Kind.BIND;
            case FrontendMessage.Describe _ -> Kind.DESCRIBE;
            case FrontendMessage.Close _ -> Kind.CLOSE;
            case FrontendMessage.Execute _ -> Kind.EXECUTE;
            case FrontendMessage.Sync _ -> Kind.SYNC;
            case FrontendMessage.CopyFail _ -> Kind.COPY_END;
            case FrontendMessage.PasswordMessage _, FrontendMessage.Flush _, FrontendMessage.Terminate _ -> null;
        };
    }

    // What the server sends.

    @Override
    public Action begin(byte type, int length) {
        if (!loggedIn) {
            return switch (type) {
                case BackendType.AUTHENTICATION,
                        BackendType.BACKEND_KEY_DATA,
                        BackendType.NEGOTIATE_PROTOCOL_VERSION,
                        BackendType.READY_FOR_QUERY -> Action.TAKE;
                default -> length <= MAX_GATHERED ? Action.LOOK : Action.FORWARD;
            };
        }
        return switch (type) {
            case BackendType.ERROR_RESPONSE, BackendType.NOTICE_RESPONSE, BackendType.PARAMETER_STATUS, BackendType.READY_FOR_QUERY ->
                length <= MAX_GATHERED ? Action.LOOK : Action.FORWARD;
            case BackendType.COMMAND_COMPLETE -> shared ? Action.LOOK : ordinary(type);
            case BackendType.NOTIFICATION_RESPONSE -> replies.headOwner() == Owner.HELD ? Action.TAKE : Action.FORWARD;
            default -> ordinary(type);
        };
    }

    private Action ordinary(byte type) {
        return switch (replies.headOwner()) {
            case CLIENT, HELD -> Action.FORWARD;
            case PROXY -> Action.DISCARD;
            case ENGINE -> Action.TAKE;
            case SPLIT -> switch (type) {
                case BackendType.PARSE_COMPLETE, BackendType.BIND_COMPLETE, BackendType.CLOSE_COMPLETE, BackendType.NO_DATA ->
                    Action.DISCARD;
                case BackendType.COPY_IN_RESPONSE -> Action.TAKE;
                default -> Action.FORWARD;
            };
            case SETUP -> type == BackendType.DATA_ROW ? Action.TAKE : Action.DISCARD;
            case NO_DATA, DESCRIBED -> type == BackendType.ROW_DESCRIPTION ? Action.TAKE : Action.FORWARD;
        };
    }

    @Override
    public Action look(byte type, ByteBuf frame) {
        Owner owner = replies.headOwner();
        switch (type) {
            case BackendType.PARAMETER_STATUS -> {
                if (resetting && owner == Owner.CLIENT) {
                    return Action.TAKE;
                }
                remember(ParameterStatus.read(frame, charset));
                return switch (owner) {
                    case HELD -> Action.TAKE;
                    case SETUP -> Action.DISCARD;
                    case CLIENT, PROXY, ENGINE, SPLIT, NO_DATA, DESCRIBED -> Action.FORWARD;
                };
            }
            case BackendType.ERROR_RESPONSE, BackendType.NOTICE_RESPONSE -> {
                if (owner == Owner.ENGINE || owner == Owner.SPLIT || owner == Owner.HELD || owner == Owner.SETUP) {
                    return Action.TAKE;
                }
                if (owner == Owner.PROXY && type == BackendType.NOTICE_RESPONSE) {
                    return Action.DISCARD; // the client has had it, with the Parse of its own
                }
                if (shared && loggedIn && type == BackendType.ERROR_RESPONSE) {
                    return Action.TAKE;
                }
                if (type == BackendType.ERROR_RESPONSE) {
                    failed(owner, Report.read(frame, charset));
                }
                return Action.FORWARD;
            }
            case BackendType.READY_FOR_QUERY -> {
                if (owner == Owner.HELD) {
                    return Action.TAKE;
                }
                if (owner == Owner.SETUP) {
                    status = (char) frame.getByte(frame.writerIndex() - 1);
                    resetting = false;
                    replies.received((byte) BackendType.READY_FOR_QUERY);
                    traffic.settled(status, !replies.isEmpty());
                    return Action.DISCARD;
                }
                becomeReady(frame);
                return Action.FORWARD;
            }
            case BackendType.COMMAND_COMPLETE -> {
                completed(frame);
                Action action = ordinary(type);
                if (action != Action.TAKE) {
                    replies.received(type);
                }
                return action;
            }
            default -> {
                return Action.FORWARD;
            }
        }
    }

    /** On a shared connection. */
    private void completed(ByteBuf frame) {
        byte first = frame.getByte(frame.readerIndex() + Frames.HEADER_BYTES);
        if (first == 'D' || first == 'A' || first == 'C' || first == 'R') {
            String tag = CommandComplete.read(frame.duplicate(), charset).tag();
            resetting |= tag.equals(DISCARD_ALL) || tag.equals(RESET);
            if (tag.equals(DISCARD_ALL) || tag.equals(DEALLOCATE_ALL)) {
                statements.clear();
                listener.completed(tag);
            } else if (tag.equals(DEALLOCATE) || tag.equals(RESET) || isDdl(tag)) {
                listener.completed(tag);
            }
        }
    }

    /** Whether statements with the same text may mean something else after such a command; not for what only adds a table or an index. */
    public static boolean isDdl(String tag) {
        return tag.startsWith("ALTER ")
                || tag.startsWith("DROP ")
                || tag.startsWith("CREATE ") && !tag.equals("CREATE TABLE") && !tag.equals("CREATE INDEX");
    }

    private void failed(Owner owner, Report report) {
        note(report);
        LOG.debug("{}: {} (request of {})", channel, report.field(Report.MESSAGE).orElse(""), owner);
        replies.received((byte) BackendType.ERROR_RESPONSE);
    }

    private void note(Report report) {
        if (report.isFatal()) {
            fatal = report;
        }
    }

    private void becomeReady(ByteBuf frame) {
        status = (char) frame.getByte(frame.writerIndex() - 1);
        resetting = false;
        replies.received((byte) BackendType.READY_FOR_QUERY);
        traffic.answered(status, !replies.isEmpty());
        listener.ready(status);
    }

    @Override
    public void take(byte type, ByteBuf frame) {
        if (!loggedIn) {
            takeDuringLogin(type, frame);
            return;
        }
        Owner owner = replies.headOwner();
        if (type == BackendType.READY_FOR_QUERY) {
            listener.reply(owner, type, frame.duplicate());
            becomeReady(frame);
            return;
        }
        if (type == BackendType.PARAMETER_STATUS && resetting) {
            listener.reply(owner, type, frame.duplicate());
            remember(ParameterStatus.read(frame, charset));
            return;
        }
        if (type == BackendType.ERROR_RESPONSE) {
            note(Report.read(frame.duplicate(), charset));
        }
        listener.reply(owner, type, frame);
        replies.received(type);
    }

    private void takeDuringLogin(byte type, ByteBuf frame) {
        switch (type) {
            case BackendType.AUTHENTICATION -> listener.authentication(frame);
            case BackendType.BACKEND_KEY_DATA -> key = BackendKeyData.read(frame);
            case BackendType.READY_FOR_QUERY -> {
                loggedIn = true;
                own = reported;
                traffic.settled(status, false);
                listener.loggedIn(frame);
            }
            default -> LOG.debug("{}: the server speaks an older protocol than 3.2", channel);
        }
    }

    private void remember(ParameterStatus parameter) {
        var changed = new LinkedHashMap<>(reported);
        changed.put(parameter.name(), parameter.value());
        reported = Collections.unmodifiableMap(changed);
        if (!replaying) {
            become(reported);
        }
    }

    private void become(Map<String, String> now) {
        parameters = now;
        meanings = SessionState.meaningful(now);
        charset = ClientEncoding.charset(now.getOrDefault("client_encoding", "UTF8"), now.getOrDefault("server_encoding", "UTF8"));
    }

    @Override
    public void forward(ByteBuf bytes) {
        listener.forward(bytes);
    }

    @Override
    public void end(byte type) {
        replies.received(type);
    }

    // Channel events.

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        ByteBuf bytes = (ByteBuf) message;
        traffic.fromServer(bytes.readableBytes());
        try {
            reader.feed(bytes);
        } catch (ProtocolViolationException e) {
            LOG.warn("{}: the server does not speak the protocol: {}", channel, e.getMessage());
            channel.close();
            return;
        }
        listener.received();
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
        listener.readComplete();
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
        listener.writabilityChanged(channel.isWritable());
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        reader.close();
        listener.closed(fatal != null);
        replies.abandon();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        LOG.debug("{}: {}", channel, cause.toString());
        if (!Closing.isTlsFailure(cause) && (cause instanceof RuntimeException || cause instanceof Error)) {
            LOG.error("{}: closing after an internal error", channel, cause);
        }
        channel.close();
    }
}
