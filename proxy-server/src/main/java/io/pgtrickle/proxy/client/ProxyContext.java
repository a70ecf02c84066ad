// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.client;

import io.pgtrickle.proxy.auth.Authenticator;
import io.pgtrickle.proxy.config.ProxyConfig.Limits;
import io.pgtrickle.proxy.config.ProxyConfig.Logging;
import io.pgtrickle.proxy.intercept.EngineCalls;
import io.pgtrickle.proxy.config.PoolRules;
import io.pgtrickle.proxy.config.Reception;
import io.pgtrickle.proxy.pool.DatabaseStates;
import io.pgtrickle.proxy.pool.ServerPool;
import io.pgtrickle.proxy.prepared.SharedStatements;
import io.pgtrickle.proxy.tls.TlsContexts;
import io.netty.channel.group.ChannelGroup;

/** What all sessions of a proxy share; every part is thread-safe. */
public final class ProxyContext {

    private final Authenticator door;
    private final ServerPool pool;
    private final EngineCalls engines;
    private final TlsContexts tls;
    private final DatabaseStates states;
    private volatile PoolRules pooling;
    private volatile Limits limits;
    private volatile Logging logging;
    private volatile Console console = Console.NONE;
    private final ChannelGroup clients;
    private final ClientCounts counts = new ClientCounts();
    private final CancelRegistry cancels;
    private volatile Reception reception;
    private final Peers peers;
    private final SharedStatements statements = new SharedStatements();

    public ProxyContext(Authenticator door, ServerPool pool, PoolRules pooling, EngineCalls engines, Limits limits, Logging logging,
            TlsContexts tls, ChannelGroup clients, DatabaseStates states, Reception reception, Peers peers) {
        this.door = door;
        this.pool = pool;
        this.pooling = pooling;
        this.engines = engines;
        this.limits = limits;
        this.logging = logging;
        this.tls = tls;
        this.clients = clients;
        this.states = states;
        this.reception = reception;
        this.peers = peers;
        this.cancels = new CancelRegistry(peers.ownNumber());
    }

    /** Before the first client. */
    public void open(Console opened) {
        console = opened;
    }

    Reception reception() {
        return reception;
    }

    /** The proxies that cancel requests are passed on to. */
    public Peers peers() {
        return peers;
    }

    /** Sessions that begin from now on go by these; those there are keep what they began with. */
    public void reload(PoolRules otherPooling, Limits otherLimits, Logging otherLogging, Reception otherReception) {
        pooling = otherPooling;
        limits = otherLimits;
        logging = otherLogging;
        reception = otherReception;
    }

    Console console() {
        return console;
    }

    DatabaseStates states() {
        return states;
    }

    Authenticator door() {
        return door;
    }

    ServerPool pool() {
        return pool;
    }

    PoolRules pooling() {
        return pooling;
    }

    EngineCalls engines() {
        return engines;
    }

    Limits limits() {
        return limits;
    }

    Logging logging() {
        return logging;
    }

    TlsContexts tls() {
        return tls;
    }

    /** The connected clients. */
    ChannelGroup clients() {
        return clients;
    }

    /** How many there are of each kind. */
    ClientCounts counts() {
        return counts;
    }

    /** The prepared statements of sessions that share connections. */
    SharedStatements statements() {
        return statements;
    }

    CancelRegistry cancels() {
        return cancels;
    }
}
