// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.client;

import io.netty.channel.group.ChannelGroup;
import io.pgtrickle.proxy.client.ClientState.Phase;
import io.pgtrickle.wire.backend.Report;
import java.util.List;
import java.util.Objects;
import java.util.function.Predicate;
import java.util.stream.Stream;

/** The connected clients, for those who look at them or end them. Thread-safe. */
public final class Clients {

    /** PostgreSQL's reason for an end that somebody wants. */
    public static final Report KILLED = Report.fatal("57P01", "terminating connection due to administrator command");

    private final ChannelGroup channels;

    public Clients(ChannelGroup channels) {
        this.channels = channels;
    }

    private Stream<ClientSession> sessions() {
        return channels.stream().map(channel -> channel.pipeline().get(ClientSession.class)).filter(Objects::nonNull);
    }

    public List<ClientState> describe() {
        return sessions().map(ClientState::of).toList();
    }

    /** Whether anybody is there who is not on the admin console. */
    public boolean areThere() {
        return sessions().anyMatch(session -> ClientState.of(session).phase() != Phase.CONSOLE);
    }

    /**
     * Ends sessions with this error, amid whatever they do.
     *
     * @return how many
     */
    public int end(Predicate<ClientState> which, Report reason) {
        List<ClientSession> those = sessions().filter(session -> which.test(ClientState.of(session))).toList();
        those.forEach(session -> session.end(reason));
        return those.size();
    }

    /** The proxy ends, and with it all sessions. */
    public void shutDown() {
        sessions().forEach(ClientSession::shutDown);
    }
}
