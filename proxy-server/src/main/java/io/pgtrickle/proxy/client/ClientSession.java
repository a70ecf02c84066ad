// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.client;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.handler.ssl.SslCloseCompletionEvent;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.netty.util.concurrent.ScheduledFuture;
import io.pgtrickle.proxy.backend.ServerConnection;
import io.pgtrickle.proxy.intercept.Interceptor;
import io.pgtrickle.proxy.intercept.SessionPort;
import io.pgtrickle.proxy.net.ClientAddress;
import io.pgtrickle.proxy.state.SessionState;
import io.pgtrickle.proxy.tls.Closing;
import io.pgtrickle.wire.backend.BackendMessage;
import io.pgtrickle.wire.backend.BackendMessage.BackendKeyData;
import io.pgtrickle.wire.backend.BackendMessage.ReadyForQuery;
import io.pgtrickle.wire.backend.Report;
import io.pgtrickle.wire.codec.FrameReader;
import io.pgtrickle.wire.codec.ProtocolViolationException;
import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One client, from accept to close. Lives, with its server connection, on one event loop.
 *
 * <pre>
 * LOGIN ──ReadyForQuery──▶ READY ──Terminate or end of input──▶ LEAVING ──server closed──▶ CLOSED
 *   │                        │                                     │
 *   └──error, deadline───────┴──violation, server lost─▶ FAILED ───┴──told the client────▶ CLOSED
 * </pre>
 *
 * CONSOLE, in the place of READY, has the admin console in the place of a server.
 *
 * LEAVING: the server has everything the client sent and finishes it, whether or not the client still reads the replies.
 * FAILED: a FATAL error is on its way to the client; its input is dropped, and the connection closed soon.
 */
public final class ClientSession extends ChannelInboundHandlerAdapter implements SessionPort {

    private static final Logger LOG = LoggerFactory.getLogger(ClientSession.class);

    private static final int MAX_STARTUP_LENGTH = 10_000;
    private static final int MAX_MESSAGE_LENGTH = Integer.MAX_VALUE - 1;
    /** What may wait while the input is paused before we stop reading; enough to notice a client that goes away. */
    private static final int MAX_WAITING_BYTES = 256 * 1024;
    /** How long a client may take to read the FATAL error before the connection is closed under it. */
    private static final int LINGER_SECONDS = 2;

    /** What a server may send to nobody before it is stopped; about what fits in the buffers of a connection. */
    private static final int MAX_UNREAD = 256 * 1024;

    private static final byte[] TERMINATE = {'X', 0, 0, 0, 4};

    enum State {
        LOGIN,
        READY,
        CONSOLE,
        LEAVING,
        FAILED,
        CLOSED
    }

    private static final AtomicLong IDS = new AtomicLong();

    private final long id = IDS.incrementAndGet();
    private final long connectedAt = System.nanoTime();
    private long requestedAt = connectedAt;

    private final Channel channel;
    private final ProxyContext context;
    private final FrameReader reader;
    private final ClientEncryption encryption;
    private final ClientLogin login;
    private final SessionLog log;
    private final QueryCancel cancel;

    private State state = State.LOGIN;
    private boolean inputEnded;
    private boolean serverTakes = true;
    private long unread;
    private final ServerLease lease;
    private @Nullable Interceptor interceptor;
    private @Nullable ConsoleSeat seat;
    private @Nullable TimeWatch watch;
    private @Nullable CancelKey cancelKey;
    private @Nullable ScheduledFuture<?> deadline;

    private ClientSession(Channel channel, ProxyContext context) {
        this.channel = channel;
        this.context = context;
        this.reader = FrameReader.ofClient(new ClientInput(this), channel.alloc(), MAX_STARTUP_LENGTH, MAX_MESSAGE_LENGTH);
        this.lease = new ServerLease(context.pool(), channel.eventLoop(), new ServerEvents(this), this);
        this.encryption = new ClientEncryption(this, ClientAddress.isUnix(channel) ? Optional.empty() : context.tls().clients());
        this.login = new ClientLogin(this, context, lease, encryption);
        this.log = new SessionLog(channel, context.logging());
        this.cancel = new QueryCancel(this, context.tls());
    }

    /** Gives a new client's channel its session. */
    public static void install(Channel channel, ProxyContext context) {
        var session = new ClientSession(channel, context);
        channel.pipeline().addLast(session.encryption, session);
    }

    Channel channel() {
        return channel;
    }

    State state() {
        return state;
    }

    /** Tells it from all others that there were and are. */
    long id() {
        return id;
    }

    /** In nanoseconds, of System.nanoTime. */
    long connectedAt() {
        return connectedAt;
    }

    /** When the client sent something last; in nanoseconds, of System.nanoTime. */
    long requestedAt() {
        return requestedAt;
    }

    ClientLogin login() {
        return login;
    }

    ServerLease lease() {
        return lease;
    }

    Interceptor interceptor() {
        return interceptorIfReady().orElseThrow(() -> new IllegalStateException("not ready"));
    }

    boolean takesSimpleQueries() {
        return context.reception().simpleQueries();
    }

    /** Present from the login on. */
    Optional<Interceptor> interceptorIfReady() {
        return Optional.ofNullable(interceptor);
    }

    ConsoleSeat seat() {
        if (seat == null) {
            throw new IllegalStateException("not on the console");
        }
        return seat;
    }

    // To the client.

    @Override
    public FrameReader reader() {
        return reader;
    }

    @Override
    public void forward(ByteBuf bytes) {
        if (channel.isActive()) {
            channel.write(bytes, channel.voidPromise());
        } else {
            bytes.release();
        }
    }

    /**
     * What the server sends to a client that has gone reaches nobody. PostgreSQL gives up when it notices; so does the server, whose
     * connection is closed when there is more than what might have gone unnoticed.
     */
    void unread(int bytes) {
        unread += bytes;
        if (unread > MAX_UNREAD) {
            state = State.CLOSED;
            lease.end(false);
        }
    }

    @Override
    public void send(BackendMessage message) {
        ByteBuf out = channel.alloc().buffer();
        message.write(out, charset());
        forward(out);
    }

    @Override
    public void flush() {
        channel.flush();
    }

    Charset charset() {
        ServerConnection server = lease.server();
        return server == null ? StandardCharsets.UTF_8 : server.charset();
    }

    void fatal(String sqlState, String message) {
        fatal(Report.fatal(sqlState, message));
    }

    /** Tells the client why, and ends the session. */
    @Override
    public void fatal(Report report) {
        if (state == State.FAILED || state == State.CLOSED) {
            return;
        }
        log.refused(report);
        state = State.FAILED;
        reader.close();
        cancelDeadline();
        // Closing with input unread would reset the connection, and the client might never see the error.
        sendReport(report);
        giveBack();
        endOutput();
        channel.config().setAutoRead(true);
        closeSoon();
    }

    private void sendReport(Report report) {
        ByteBuf out = channel.alloc().buffer();
        report.write(out, charset());
        forward(out);
    }

    /** After what has been written so far. */
    private void endOutput() {
        channel.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(_ -> {
            if (inputEnded) {
                channel.close();
            } else {
                Closing.endOutput(channel);
            }
        });
    }

    /** By an error that the client has been sent already. */
    void endedByServer() {
        state = State.FAILED;
        log.leaving("the server ended the session");
        reader.close();
        endOutput();
        closeSoon();
    }

    private void closeSoon() {
        channel.eventLoop().schedule(() -> channel.close(), LINGER_SECONDS, TimeUnit.SECONDS);
    }

    /** Not if it has ended meanwhile. */
    boolean isLoggingIn() {
        return state == State.LOGIN && channel.isActive();
    }

    void unsupportedVersion(int major, int minor) {
        fatal("0A000", "unsupported frontend protocol %d.%d: server supports 3.0 to 3.%d".formatted(major, minor, ClientLogin.LATEST_MINOR));
    }

    /** The proxy ends. */
    void shutDown() {
        channel.eventLoop().execute(() -> {
            log.stopping();
            fatal(Clients.KILLED);
        });
    }

    /** Ends the session with this error; from any thread. */
    void end(Report reason) {
        channel.eventLoop().execute(() -> fatal(reason));
    }

    /** Terminate has come and everything before it was forwarded; the server finishes its work, then closes or is somebody else's. */
    @Override
    public void leave() {
        state = State.LEAVING;
        log.leaving("the client left");
        reader.resume();
        flushServer();
        endIfFinished();
    }

    private void flushServer() {
        ServerConnection current = lease.server();
        if (current != null) {
            current.flush();
        }
    }

    /** While leaving with a connection that others will use: what is not complete, nobody will complete. */
    void endIfFinished() {
        if (state == State.LEAVING && lease.isShared() && !lease.hasWork()) {
            state = State.CLOSED;
            giveBack();
            closeAfterOutput();
        }
    }

    /** Nothing more is read from the client; what it has been sent reaches it. */
    void closeAfterOutput() {
        reader.close();
        channel.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
    }

    @Override
    public void ddlSeen() {
        ServerConnection server = lease.server();
        if (server != null) {
            context.statements().ddlSeen(server.route().database());
        }
    }

    @Override
    public boolean sharesServer() {
        return lease.isShared();
    }

    @Override
    public boolean requestServer() {
        return lease.isThere();
    }

    // Channel events of the client.

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
        context.clients().add(channel);
        long millis = context.limits().clientLoginTimeout().toMillis();
        if (millis > 0) {
            deadline = channel.eventLoop().schedule(
                    () -> fatal("57014", "canceling authentication due to timeout"), millis, TimeUnit.MILLISECONDS);
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        requestedAt = System.nanoTime();
        try {
            reader.feed((ByteBuf) message);
        } catch (ProtocolViolationException e) {
            fatal("08P01", String.valueOf(e.getMessage()));
        }
        updateReading();
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        flushServer();
    }

    /** The server takes what it is sent faster or slower than it comes. */
    void serverTakes(boolean takes) {
        serverTakes = takes;
        updateReading();
    }

    private void updateReading() {
        boolean room = !reader.isPaused() || reader.waitingBytes() < MAX_WAITING_BYTES;
        channel.config().setAutoRead(state == State.FAILED || (serverTakes && room));
    }

    @Override
    public void resumeInput() {
        try {
            reader.resume();
        } catch (ProtocolViolationException e) {
            fatal("08P01", String.valueOf(e.getMessage()));
            return;
        }
        flushServer();
        updateReading();
        if (inputEnded && !reader.isPaused() && reader.waitingBytes() == 0) {
            inputDone();
        }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        ServerConnection server = lease.server();
        if (server != null && state != State.CLOSED) {
            server.setReading(channel.isWritable());
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (event instanceof SslHandshakeCompletionEvent handshake) {
            encryption.handshakeEnded(handshake);
        }
        if ((event instanceof ChannelInputShutdownEvent || event == SslCloseCompletionEvent.SUCCESS) && !inputEnded) {
            inputEnded = true;
            inputEnded();
        }
    }

    /**
     * The client will send nothing more. What it sent is carried out, as PostgreSQL would; but an engine call that nobody waits for
     * any more is given up, unless the client said goodbye behind it.
     */
    private void inputEnded() {
        switch (state) {
            case LOGIN, CONSOLE, FAILED, CLOSED -> channel.close();
            case LEAVING -> {}
            case READY -> {
                if (!reader.isPaused()) {
                    inputDone();
                } else if (!hasSaidGoodbye()) {
                    LOG.debug("{}: the client is gone amid a command of ours", channel);
                    cancel.send(() -> {});
                    channel.close();
                }
            }
        }
    }

    /** Whether Terminate waits behind the command that is being carried out. */
    private boolean hasSaidGoodbye() {
        return state == State.READY && reader.isPaused() && reader.waitingEndsWith(TERMINATE);
    }

    private void inputDone() {
        ServerConnection server = lease.server();
        if (state == State.READY && (server != null || lease.isShared())) {
            state = State.LEAVING;
            log.leaving("the client closed its end");
            if (server != null && (!lease.isShared() || reader.isAmidMessage())) {
                server.endOutput(); // it might wait for the rest of a message
            }
            endIfFinished();
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        log.closed();
        cancelDeadline();
        if (cancelKey != null) {
            context.cancels().unregister(cancelKey);
        }
        ServerConnection server = lease.server();
        if (server != null && (state == State.LEAVING || hasSaidGoodbye())) {
            // Nobody reads the replies any more; what was asked for is carried out all the same, until the server closes.
            server.setReading(true);
            return;
        }
        state = State.CLOSED;
        reader.close();
        giveBack();
        if (seat != null) {
            seat.closed();
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        if (cause instanceof IOException || Closing.isTlsFailure(cause)) {
            LOG.debug("{}: {}", channel, cause.toString());
            channel.close();
        } else {
            LOG.error("{}: closing after an internal error", channel, cause);
            fatal("XX000", "internal error: " + cause);
        }
    }

    private void cancelDeadline() {
        if (watch != null) {
            watch.stop();
        }
        if (deadline != null) {
            deadline.cancel(false);
        }
    }

    // The server connection.

    /** Once; also when the server has closed the connection. */
    void giveBack() {
        lease.end(!reader.isAmidMessage());
    }

    /** Before there is a server connection: what it would report is known. */
    void loggedInEarly(Map<String, String> parameters) {
        login.greet(parameters);
        begin(null);
    }

    /** The client is in. */
    void begin(@Nullable ServerConnection current) {
        cancelDeadline();
        admitted(current != null && lease.state() == null ? current.key().processId() : context.cancels().processId());
        state = State.READY;
        log.loggedIn(lease.route().user(), lease.route().database());
        interceptor = newInterceptor();
        watchTime();
        resumeInput();
        releaseAtRest();
    }

    /** Tells the client that it may go on. */
    private void admitted(int processId) {
        CancelKey key = context.cancels().register(this, processId, login.minorVersion());
        cancelKey = key;
        String notice = context.reception().notice();
        if (!notice.isEmpty()) {
            sendReport(Report.notice(notice));
        }
        send(new BackendKeyData(key.processId(), key.secret()));
        send(new ReadyForQuery('I'));
        flush();
    }

    /** Takes a client that is who it says, and may, to the admin console. */
    void enterConsole(boolean admin) {
        var entered = new ConsoleSeat(this, context.console(), login.parameter("user"), admin);
        seat = entered;
        cancelDeadline();
        login.greet(entered.parameters());
        admitted(context.cancels().processId());
        state = State.CONSOLE;
        log.loggedIn(login.parameter("user"), login.database());
        resumeInput();
    }

    void leaveConsole() {
        log.leaving("the client left");
        state = State.CLOSED;
        closeAfterOutput();
    }

    private void watchTime() {
        watch = new TimeWatch(context.pooling().timeLimits(lease.route().user()), lease::server, this::timedOut);
        watch.start(channel.eventLoop());
    }

    /** The server would go on with what it does. */
    private void timedOut(Report report) {
        cancel.send(() -> {});
        fatal(report);
    }

    private Interceptor newInterceptor() {
        SessionState shared = lease.state();
        return shared == null
                ? new Interceptor(this, lease.link(), context.engines())
                : new Interceptor(
                        this, lease.link(), context.engines(), shared, context.statements(), context.limits().maxPreparedStatements());
    }

    /** Between transactions the connection serves others. */
    void releaseAtRest() {
        Interceptor it = interceptor;
        if (it != null && !it.isBusy() && !reader.isAmidMessage() && reader.waitingBytes() == 0 && state == State.READY) {
            channel.flush();
            lease.releaseAtRest();
            if (!serverTakes && lease.server() == null) {
                serverTakes = true;
                updateReading();
            }
        }
    }

    // Cancelling.

    /** This connection is only there to cancel another one's query. It is closed when that is done, which libpq waits for. */
    void cancelOther(CancelKey key) {
        cancelDeadline();
        ClientSession target = context.cancels().find(key);
        if (target == null) {
            context.peers().passOn(key, channel.eventLoop(), () -> channel.close());
            return;
        }
        target.channel.eventLoop().execute(() -> target.cancel.send(() -> channel.close()));
    }
}
