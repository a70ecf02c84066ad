// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.client;

import io.netty.buffer.ByteBuf;
import io.pgtrickle.proxy.auth.Admission;
import io.pgtrickle.proxy.auth.AuthFailure;
import io.pgtrickle.proxy.auth.AuthStep;
import io.pgtrickle.proxy.auth.ClientAuthentication;
import io.pgtrickle.proxy.auth.Route;
import io.pgtrickle.proxy.auth.ServerLogin;
import io.pgtrickle.proxy.auth.Visitor;
import io.pgtrickle.proxy.backend.ServerConnection;
import io.pgtrickle.proxy.config.PoolMode;
import io.pgtrickle.proxy.config.PoolSettings;
import io.pgtrickle.proxy.net.ClientAddress;
import io.pgtrickle.proxy.pool.ServerPool.Wish;
import io.pgtrickle.wire.backend.BackendMessage.AuthenticationData;
import io.pgtrickle.wire.backend.BackendMessage.NegotiateProtocolVersion;
import io.pgtrickle.wire.backend.BackendMessage.ParameterStatus;
import io.pgtrickle.wire.backend.Report;
import io.pgtrickle.wire.codec.FrameReader;
import io.pgtrickle.wire.codec.Frames;
import io.pgtrickle.wire.codec.ProtocolViolationException;
import io.pgtrickle.wire.frontend.FrontendMessage.PasswordMessage;
import io.pgtrickle.wire.frontend.FrontendType;
import io.pgtrickle.wire.frontend.StartupPacket;
import io.pgtrickle.wire.frontend.StartupPacket.StartupMessage;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A client's way in, from its first byte to the server's first ReadyForQuery (PostgreSQL manual 54.2.1). {@link ClientEncryption} answers
 * requests for encryption; then the startup packet decides:
 *
 * <pre>
 * pass through:  connect ─ server's Authentication messages to the client, its answers back ─ ready
 * ourselves:     our Authentication messages, the client's answers ─ connect ─ our own login ─ AuthenticationOk ─ ready
 * </pre>
 *
 * The client's input is paused unless an answer is due, so what it sends ahead of its turn is handled in turn.
 */
final class ClientLogin {

    private static final Logger LOG = LoggerFactory.getLogger(ClientLogin.class);

    static final int LATEST_MINOR = 2;
    /** PostgreSQL's limit for an authentication token. */
    private static final int MAX_ANSWER_LENGTH = 65_535 + 4;

    private static final String OPTION_PREFIX = "_pq_.";
    /** The texts that PostgreSQL takes for a boolean true; for "replication" the alternative is "database". */
    private static final Set<String> TRUE = Set.of("1", "t", "tr", "tru", "true", "y", "ye", "yes", "on");

    private final ClientSession session;
    private final ProxyContext context;
    private final ServerLease lease;
    private final ClientEncryption encryption;
    private final RelayedLogin relay;

    private int minorVersion;
    private @Nullable StartupMessage startup;
    private @Nullable ClientAuthentication exchange;

    ClientLogin(ClientSession session, ProxyContext context, ServerLease lease, ClientEncryption encryption) {
        this.session = session;
        this.context = context;
        this.lease = lease;
        this.encryption = encryption;
        this.relay = new RelayedLogin(session, encryption);
    }

    /** The protocol the client speaks, after negotiation: 3.this. */
    int minorVersion() {
        return minorVersion;
    }

    /** What the client has said of itself; empty before it has. */
    String parameter(String name) {
        StartupMessage message = startup;
        return message == null ? "" : message.parameters().getOrDefault(name, "");
    }

    /** The database it has asked for. */
    String database() {
        String named = parameter("database");
        return named.isEmpty() ? parameter("user") : named;
    }

    void startup(ByteBuf packet) {
        switch (StartupPacket.read(packet)) {
            case StartupPacket.SslRequest _ -> encryption.sslRequest();
            case StartupPacket.GssEncRequest _ -> encryption.gssEncRequest();
            case StartupPacket.CancelRequest(int processId, byte[] secret) -> {
                session.reader().pause();
                session.cancelOther(new CancelKey(processId, secret));
            }
            case StartupMessage message -> start(message);
        }
    }

    private void start(StartupMessage message) {
        if (message.major() != 3) {
            session.unsupportedVersion(message.major(), message.minor());
            return;
        }
        String user = message.parameters().getOrDefault("user", "");
        if (user.isEmpty()) {
            session.fatal("28000", "no PostgreSQL user name specified in startup packet");
            return;
        }
        if (encryption.isMissing()) {
            session.fatal("28000", "SSL required");
            return;
        }
        int limit = context.limits().maxClientConnections();
        if (limit > 0 && context.clients().size() > limit) {
            session.fatal("53300", "no more connections allowed (max_client_conn)");
            return;
        }
        session.reader().startMessages();
        session.reader().pause();
        startup = negotiated(message);
        String named = message.parameters().getOrDefault("database", "");
        admit(context.door().admit(visitor(user, named.isEmpty() ? user : named, message)));
    }

    private Visitor visitor(String user, String database, StartupMessage message) {
        boolean replication = TRUE.contains(message.parameters().getOrDefault("replication", "").toLowerCase(Locale.ROOT));
        return new Visitor(
                user, database, replication, ClientAddress.ip(session.channel()), encryption.peer(), ClientAddress.user(session.channel()));
    }

    /** 3.1 was never a version; newer ones and options we do not know are what NegotiateProtocolVersion is for. */
    private StartupMessage negotiated(StartupMessage message) {
        minorVersion = message.minor() >= LATEST_MINOR ? LATEST_MINOR : 0;
        var kept = new LinkedHashMap<String, String>();
        var unknown = new ArrayList<String>();
        message.parameters().forEach((name, value) -> {
            if (name.startsWith(OPTION_PREFIX)) {
                unknown.add(name);
            } else {
                kept.put(name, value);
            }
        });
        if (minorVersion != message.minor() || !unknown.isEmpty()) {
            session.send(new NegotiateProtocolVersion(3 << 16 | minorVersion, unknown));
        }
        return new StartupMessage(3, LATEST_MINOR, kept, message.charset());
    }

    private void admit(Admission admission) {
        switch (admission) {
            case Admission.PassThrough(Route route) -> connect(route, PoolSettings.UNSHARED, Optional.empty());
            case Admission.Authenticate(ClientAuthentication started) -> {
                exchange = started;
                step(started.start());
            }
            case Admission.Refuse(AuthFailure failure) -> session.fatal(failure.report());
        }
    }

    private void step(AuthStep step) {
        switch (step) {
            case AuthStep.Send(byte[] body) -> {
                session.send(new AuthenticationData(body));
                session.flush();
                session.reader().resume();
            }
            case AuthStep.Accepted accepted -> {
                accepted.bodies().forEach(body -> session.send(new AuthenticationData(body)));
                session.flush();
                connect(accepted.route(), context.pooling().pooling(accepted.route().entry(), accepted.route().user()), Optional.of(accepted.login()));
            }
            case AuthStep.Console(var bodies, boolean admin) -> {
                bodies.forEach(body -> session.send(new AuthenticationData(body)));
                session.enterConsole(admin);
            }
            case AuthStep.Compute(var work) -> Thread.ofVirtual().name("client-login").start(() -> {
                AuthStep next = computed(work);
                session.channel().eventLoop().execute(() -> {
                    if (session.isLoggingIn()) {
                        step(next);
                    }
                });
            });
            case AuthStep.Refused(AuthFailure failure) -> session.fatal(failure.report());
        }
    }

    private static AuthStep computed(Supplier<AuthStep> work) {
        try {
            return work.get();
        } catch (RuntimeException e) {
            LOG.error("a login ends after an internal error", e);
            return new AuthStep.Refused(new AuthFailure("XX000", "internal error: " + e));
        }
    }

    private void connect(Route route, PoolSettings settings, Optional<Supplier<ServerLogin>> serverLogin) {
        StartupMessage asked = startup;
        if (asked == null) {
            throw new IllegalStateException("no startup packet yet");
        }
        if (context.states().isDisabled(route.entry())) {
            session.fatal("55000", "database \"" + route.entry() + "\" is not currently accepting connections");
            return;
        }
        String user = parameter("user");
        Optional<String> limit = context.counts().add(route.entry(), user, context.pooling().clientLimits(route.entry(), user));
        if (limit.isPresent()) {
            session.fatal("53300", "client connections exceeded (" + limit.get() + ")");
            return;
        }
        session.channel().closeFuture().addListener(_ -> context.counts().remove(route.entry(), user));
        var parameters = new LinkedHashMap<>(asked.parameters());
        parameters.put("user", route.user());
        if (parameters.containsKey("database") || !route.database().equals(route.user())) {
            parameters.put("database", route.database());
        }
        context.pooling().sessionDefaults(route.entry()).forEach((name, value) -> {
            if (parameters.keySet().stream().noneMatch(name::equalsIgnoreCase)) {
                parameters.put(name, value);
            }
        });
        if (context.reception().addressInName()) {
            parameters.merge("application_name", "app" + address(), (named, _) -> named + address());
        }
        var message = new StartupMessage(asked.major(), asked.minor(), parameters, asked.charset());
        PoolSettings sharing = isReplication(asked) ? settings.with(PoolMode.SESSION) : settings;
        lease.open(new Wish(route, sharing, message, serverLogin));
        lease.greeting().ifPresentOrElse(session::loggedInEarly, lease::connect);
    }

    private String address() {
        SocketAddress remote = ClientAddress.remote(session.channel());
        InetSocketAddress shown = ClientAddress.shown(remote == null ? session.channel().remoteAddress() : remote);
        return " - " + shown.getHostString() + ":" + shown.getPort();
    }

    /** Such a session is one long command, and takes few others (PostgreSQL manual 54.4). */
    private static boolean isReplication(StartupMessage message) {
        String value = message.parameters().getOrDefault("replication", "").toLowerCase(Locale.ROOT);
        return TRUE.contains(value) || value.equals("database");
    }

    /** A typed message may come only as the answer to an Authentication message. */
    void checkAnswer(byte type, int length) {
        if (type != FrontendType.PASSWORD) {
            throw new ProtocolViolationException("expected password response, got message type " + (type & 0xff));
        }
        if (length > MAX_ANSWER_LENGTH) {
            throw new ProtocolViolationException("invalid message length");
        }
    }

    void answer(ByteBuf frame, @Nullable ServerConnection server) {
        FrameReader reader = session.reader();
        reader.pause();
        if (server != null) {
            relay.answer(frame, server);
        } else if (exchange != null) {
            step(exchange.next(PasswordMessage.read(frame).data()));
        }
    }

    /** The server's Authentication message. */
    void authentication(ByteBuf frame, ServerConnection server) {
        boolean answerDue = isAnswerDue(frame);
        relay.authentication(frame, server);
        if (answerDue) {
            session.flush();
            session.reader().resume();
        }
    }

    /** AuthenticationOk (0) and AuthenticationSASLFinal (12) want no answer. */
    private static boolean isAnswerDue(ByteBuf frame) {
        if (frame.readableBytes() < Frames.HEADER_BYTES + 4) {
            throw new ProtocolViolationException("Authentication message is too short");
        }
        int code = frame.getInt(frame.readerIndex() + Frames.HEADER_BYTES);
        return code != 0 && code != 12;
    }

    /** The client is in, and learns what the server has reported. */
    void greet(Map<String, String> parameters) {
        session.send(AuthenticationData.ok());
        parameters.forEach((name, value) -> session.send(new ParameterStatus(name, value)));
    }
}
