// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.auth;

import io.pgtrickle.proxy.config.DatabaseEntry;
import io.pgtrickle.proxy.config.HostPort;
import io.pgtrickle.proxy.config.ProxyConfig;
import io.pgtrickle.wire.auth.ScramKeys;
import io.pgtrickle.wire.auth.StoredSecret;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;

/** The door as the configuration describes it. A database that does not exist is reported only to clients that have proved who they are. */
public final class ConfiguredAuthenticator implements Authenticator {

    private final ProxyConfig config;
    private final Challenges challenges;

    /** Takes milliseconds for every password that auth_file holds in clear if clients log in with SCRAM: their secrets are made here. */
    public ConfiguredAuthenticator(ProxyConfig config) {
        this.config = config;
        this.challenges = new Challenges(config.authentication());
    }

    @Override
    public Admission admit(String user, String database) {
        Function<Optional<ScramKeys>, AuthStep.End> ending = keys -> proved(user, database, keys);
        return switch (config.authentication().type()) {
            case PASSTHROUGH -> config.databases().find(database)
                    .<Admission>map(entry -> new Admission.PassThrough(route(entry, user, database)))
                    .orElseGet(() -> new Admission.Refuse(AuthFailure.unknownDatabase(database)));
            case ANY -> new Admission.Authenticate(new NoChallenge(ending));
            case TRUST -> config.authentication().users().find(user).isPresent()
                    ? new Admission.Authenticate(new NoChallenge(ending))
                    : new Admission.Refuse(AuthFailure.unknownUser(user));
            case MD5, SCRAM_SHA_256 -> new Admission.Authenticate(challenges.forUser(user, ending));
        };
    }

    private AuthStep.End proved(String user, String database, Optional<ScramKeys> keys) {
        Optional<DatabaseEntry> entry = config.databases().find(database);
        if (entry.isEmpty()) {
            return new AuthStep.Refused(AuthFailure.unknownDatabase(database));
        }
        Route route = route(entry.get(), user, database);
        return new AuthStep.Accepted(List.of(), route, login(entry.get(), route.user(), user, keys));
    }

    private Route route(DatabaseEntry entry, String user, String database) {
        HostPort server = config.databases().serverOf(entry);
        return new Route(server.host(), server.port(), entry.database().orElse(database), entry.user().orElse(user));
    }

    /** The entry's password, else what auth_file knows of the user on the server; the keys of a client's exchange serve only for itself. */
    private Supplier<ServerLogin> login(DatabaseEntry entry, String serverUser, String clientUser, Optional<ScramKeys> keys) {
        StoredSecret secret = entry.password() instanceof StoredSecret.None
                ? config.authentication().users().find(serverUser).orElseGet(StoredSecret.None::new)
                : entry.password();
        Optional<ScramKeys> own = serverUser.equals(clientUser) ? keys : Optional.empty();
        return () -> new PasswordLogin(serverUser, secret, own);
    }
}
