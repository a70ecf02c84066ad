// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.auth;

import io.pgtrickle.proxy.config.ProxyConfig;
import io.pgtrickle.wire.auth.UnknownUsers;
import io.pgtrickle.wire.backend.Report;
import java.util.concurrent.CompletableFuture;

/** The door as the configuration describes it. The configuration can be replaced; what users cannot see change stays as it is. */
public final class ConfiguredAuthenticator implements Authenticator {

    private static final ServerQueries NOT_OPEN =
            (route, login, query, parameter) -> CompletableFuture.failedFuture(new QueryFailure(Report.fatal("57P03", "the proxy is starting")));

    private final UnknownUsers unknownUsers = new UnknownUsers();
    private final KeyRing keys = new KeyRing();
    private volatile Door door;
    private volatile ServerQueries queries = NOT_OPEN;

    /** Takes milliseconds for every password that auth_file holds in clear if clients log in with SCRAM: their secrets are made here. */
    public ConfiguredAuthenticator(ProxyConfig config) {
        this.door = new Door(config, unknownUsers, keys, this::latest);
    }

    /**
     * From now on clients are let in by this configuration and the files it was read with. Those that are in stay in. Takes as long as the
     * constructor.
     */
    @Override
    public void reload(ProxyConfig config) {
        door = new Door(config, unknownUsers, keys, this::latest);
    }

    private Door latest() {
        return door;
    }

    @Override
    public void open(ServerQueries servers) {
        queries = servers;
    }

    @Override
    public Admission admit(Visitor visitor) {
        return door.admit(visitor, queries);
    }
}
