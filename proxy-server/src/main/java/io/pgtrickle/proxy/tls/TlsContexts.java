// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.tls;

import io.pgtrickle.proxy.config.ConfigException;
import io.pgtrickle.proxy.config.ProxyConfig.Tls;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;

/**
 * TLS on both sides, made from the settings and the files they name, and made anew on demand; connections keep what they began with.
 * Thread-safe.
 */
public final class TlsContexts {

    /** A handshake's arithmetic takes milliseconds, which an event loop has not. */
    static final Executor HANDSHAKES = Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("tls-handshake").factory());

    private record Made(
            Optional<ClientTls> clients, ContextFactory.Fingerprint ofClients, ServerTls servers, ContextFactory.Fingerprint ofServers) {}

    /** @param servers whether connections to servers that exist already should be replaced, because they would be made differently now */
    public record Changes(boolean clients, boolean servers) {}

    private volatile Made made;

    /** @throws ConfigException if the settings contradict each other or a file cannot be used; names every problem */
    public TlsContexts(Tls settings) {
        made = make(settings);
    }

    /** No TLS on either side. */
    public static TlsContexts none() {
        return new TlsContexts(Tls.NONE);
    }

    /**
     * Reads the files again, for the connections that begin from now on.
     *
     * @throws ConfigException as the constructor does; then nothing changes
     */
    public synchronized Changes rebuild(Tls settings) {
        Made old = made;
        Made current = make(settings);
        made = current;
        return new Changes(!old.ofClients.equals(current.ofClients), !old.ofServers.equals(current.ofServers));
    }

    /** Empty when clients cannot have TLS. */
    public Optional<ClientTls> clients() {
        return made.clients;
    }

    public ServerTls servers() {
        return made.servers;
    }

    private static Made make(Tls settings) {
        List<String> problems = new ArrayList<>();
        var clientProblems = new ArrayList<String>();
        var forClients = new ContextFactory(settings.clients(), clientProblems);
        Optional<ClientTls> clients = forClients.forClients();
        problems.addAll(clientProblems);
        var serverProblems = new ArrayList<String>();
        var forServers = new ContextFactory(settings.servers(), serverProblems);
        ServerTls servers = forServers.forServers();
        problems.addAll(serverProblems);
        if (!problems.isEmpty()) {
            throw new ConfigException(problems);
        }
        return new Made(clients, forClients.fingerprint(), servers, forServers.fingerprint());
    }
}
