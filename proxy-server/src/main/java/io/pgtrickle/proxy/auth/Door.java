// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.auth;

import io.pgtrickle.proxy.auth.KeyRing.Account;
import io.pgtrickle.proxy.auth.PasswordLogin.Whose;
import io.pgtrickle.proxy.config.AuthLookup;
import io.pgtrickle.proxy.config.AuthType;
import io.pgtrickle.proxy.config.DatabaseEntry;
import io.pgtrickle.proxy.config.HbaRule;
import io.pgtrickle.proxy.config.HostPort;
import io.pgtrickle.proxy.config.IdentMap;
import io.pgtrickle.proxy.config.ProxyConfig;
import io.pgtrickle.proxy.net.PeerUser;
import io.pgtrickle.wire.auth.StoredSecret;
import io.pgtrickle.wire.auth.UnknownUsers;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * The door by one configuration. A database that does not exist is reported only to clients that have proved who they are. Safe for any
 * thread.
 */
final class Door {

    private final ProxyConfig config;
    private final Challenges challenges;
    private final KeyRing keys;
    private final Supplier<Door> latest;

    /**
     * Takes milliseconds for every password that auth_file holds in clear if clients log in with SCRAM: their secrets are made here.
     *
     * @param latest the door by the configuration of the moment
     */
    Door(ProxyConfig config, UnknownUsers unknownUsers, KeyRing keys, Supplier<Door> latest) {
        this.config = config;
        this.latest = latest;
        this.challenges = new Challenges(config.authentication(), unknownUsers);
        this.keys = keys;
        config.authentication().users().secrets().forEach((user, secret) -> keys.secretIs(new Account(user, Optional.empty()), Optional.of(secret)));
    }

    Admission admit(Visitor visitor, ServerQueries queries) {
        AuthType type = config.authentication().type();
        if (isTheProxysOwner(visitor)) {
            return new Admission.Authenticate(new NoChallenge(new AuthStep.Console(List.of(), true)));
        }
        if (type == AuthType.PASSTHROUGH && config.isConsole(visitor.database())) {
            return config.authentication().users().find(visitor.user()).isPresent()
                    ? admit(AuthType.MD5, Optional.empty(), visitor, queries)
                    : new Admission.Refuse(AuthFailure.noSecret(visitor.user()));
        }
        return switch (type) {
            case PASSTHROUGH -> config.databases().find(visitor.database())
                    .<Admission>map(entry -> new Admission.PassThrough(route(entry, visitor)))
                    .orElseGet(() -> new Admission.Refuse(AuthFailure.unknownDatabase(visitor.database())));
            case ANY -> new Admission.Authenticate(new NoChallenge(
                    proved(visitor, new Account(visitor.user(), Optional.empty()), Optional.empty(), new Proof.None())));
            case HBA -> config.authentication().hba().find(visitor.connection())
                    .map(rule -> admit(rule, visitor, queries))
                    .orElseGet(() -> new Admission.Refuse(AuthFailure.noEntry(visitor)));
            case TRUST, PLAIN, MD5, SCRAM_SHA_256, CERT -> admit(type, Optional.empty(), visitor, queries);
        };
    }

    /** As PgBouncer has it: whoever runs the proxy may do everything on its console, over the Unix socket and by this name. */
    private static boolean isTheProxysOwner(Visitor visitor) {
        return visitor.user().equals(ProxyConfig.CONSOLE)
                && visitor.database().equals(ProxyConfig.CONSOLE)
                && visitor.process().filter(PeerUser::isOurs).isPresent();
    }

    private Admission admit(HbaRule rule, Visitor visitor, ServerQueries queries) {
        boolean wrongCertificate = switch (rule.clientCert()) {
            case NONE -> false;
            case VERIFY_CA -> visitor.certificateName().isEmpty();
            case VERIFY_FULL -> !isNamedByCertificate(visitor, rule.map());
        };
        if (wrongCertificate) {
            return refusedByCertificate(visitor);
        }
        return switch (rule.method()) {
            case REJECT -> new Admission.Refuse(AuthFailure.rejected(visitor));
            case PEER -> new Admission.Authenticate(new Lookup(() -> peer(rule.map(), visitor, queries)));
            case TRUST -> admit(AuthType.TRUST, rule.map(), visitor, queries);
            case PASSWORD -> admit(AuthType.PLAIN, rule.map(), visitor, queries);
            case MD5 -> admit(AuthType.MD5, rule.map(), visitor, queries);
            case SCRAM_SHA_256 -> admit(AuthType.SCRAM_SHA_256, rule.map(), visitor, queries);
            case CERT -> admit(AuthType.CERT, rule.map(), visitor, queries);
        };
    }

    /** The operating system vouches for the client. */
    private ClientAuthentication peer(Optional<IdentMap> map, Visitor visitor, ServerQueries queries) {
        Optional<String> name = visitor.process().flatMap(PeerUser::name);
        boolean same = name.isPresent() && (map.isPresent() ? map.get().maps(name.get(), visitor.user()) : name.get().equals(visitor.user()));
        Admission admission = same ? admit(AuthType.TRUST, map, visitor, queries) : new Admission.Refuse(AuthFailure.wrongPeer(visitor.user()));
        return switch (admission) {
            case Admission.Authenticate(var exchange) -> exchange;
            case Admission.Refuse(var failure) -> new NoChallenge(new AuthStep.Refused(failure));
            case Admission.PassThrough _ -> throw new IllegalStateException("trust passes nobody through");
        };
    }

    private static Admission refusedByCertificate(Visitor visitor) {
        return new Admission.Refuse(
                visitor.certificateName().isEmpty() ? AuthFailure.noCertificate() : AuthFailure.wrongCertificate(visitor.user()));
    }

    private static boolean isNamedByCertificate(Visitor visitor, Optional<IdentMap> map) {
        Optional<String> name = visitor.certificateName();
        return name.isPresent() && (map.isPresent() ? map.get().maps(name.get(), visitor.user()) : name.get().equals(visitor.user()));
    }

    private Admission admit(AuthType type, Optional<IdentMap> map, Visitor visitor, ServerQueries queries) {
        if (type == AuthType.CERT && !isNamedByCertificate(visitor, map)) {
            return refusedByCertificate(visitor);
        }
        Optional<StoredSecret> listed = config.authentication().users().find(visitor.user());
        Optional<UserLookup> lookup = listed.isPresent() ? Optional.empty() : lookup(visitor, queries);
        if (lookup.isEmpty()) {
            return new Admission.Authenticate(challenge(type, visitor, listed, Optional.empty()));
        }
        return new Admission.Authenticate(new Lookup(() -> {
            Optional<StoredSecret> found;
            try {
                found = lookup.get().secretOf(visitor.user());
            } catch (QueryFailure e) {
                return new NoChallenge(new AuthStep.Refused(lookup.get().failure(e, visitor)));
            }
            found.ifPresent(challenges::lookedUp);
            Optional<UserLookup.Question> question = Optional.of(lookup.get().question());
            keys.secretIs(new Account(visitor.user(), question), found);
            return challenge(type, visitor, found, question);
        }));
    }

    private ClientAuthentication challenge(AuthType type, Visitor visitor, Optional<StoredSecret> secret, Optional<UserLookup.Question> lookup) {
        String user = visitor.user();
        boolean lookedUp = lookup.isPresent();
        Function<Proof, AuthStep.End> ending = proof -> proved(visitor, new Account(user, lookup), secret, proof);
        Optional<byte[]> endPoint = visitor.tls().flatMap(TlsPeer::endPoint);
        return switch (type) {
            case TRUST -> withoutQuestion(secret, ending, AuthFailure.unknownUser(user));
            case CERT -> withoutQuestion(secret, ending, AuthFailure.wrongCertificate(user));
            case PLAIN -> challenges.clear(user, secret, lookedUp, ending);
            case MD5 -> challenges.md5(user, secret, lookedUp, endPoint, ending);
            case SCRAM_SHA_256 -> challenges.scram(user, secret, lookedUp, endPoint, ending);
            case PASSTHROUGH, ANY, HBA -> throw new IllegalArgumentException(type.text());
        };
    }

    private static ClientAuthentication withoutQuestion(
            Optional<StoredSecret> secret, Function<Proof, AuthStep.End> ending, AuthFailure unknown) {
        return new NoChallenge(secret.isPresent() ? ending.apply(new Proof.None()) : new AuthStep.Refused(unknown));
    }

    /** How the user is looked up; empty if nobody is, or there is no database to ask in. */
    private Optional<UserLookup> lookup(Visitor visitor, ServerQueries queries) {
        Optional<DatabaseEntry> wanted = config.databases().find(visitor.database());
        AuthLookup lookup = wanted.map(DatabaseEntry::lookup).orElse(AuthLookup.UNSET).over(config.authentication().lookup());
        if (lookup.user().isEmpty()) {
            return Optional.empty();
        }
        String user = lookup.user().get();
        String database = lookup.database().orElse(visitor.database());
        return config.databases().find(database).map(entry -> {
            HostPort server = config.databases().serverOf(entry);
            var route = new Route(database, server.host(), server.port(), entry.database().orElse(database), user, entry.hosts());
            StoredSecret secret = config.authentication().users().find(user).orElseGet(StoredSecret.None::new);
            return new UserLookup(
                    queries,
                    new UserLookup.Question(route, lookup.queryText()),
                    login(new Account(user, Optional.empty()), secret, Optional.empty(), Whose.LOOKUP));
        });
    }

    private AuthStep.End proved(Visitor visitor, Account account, Optional<StoredSecret> secret, Proof proof) {
        if (config.isConsole(visitor.database())) {
            return console(visitor.user());
        }
        if (proof instanceof Proof.Keys proved) {
            keys.remember(account, proved);
        }
        Optional<DatabaseEntry> entry = config.databases().find(visitor.database());
        if (entry.isEmpty()) {
            return new AuthStep.Refused(AuthFailure.unknownDatabase(visitor.database()));
        }
        // The configuration may be another one when the client needs its next connection.
        Supplier<ServerLogin> login = () -> latest.get().login(visitor.database(), entry.get(), account, secret, proof).get();
        return new AuthStep.Accepted(List.of(), route(entry.get(), visitor), login);
    }

    /** Whoever is not asked for a password is nobody in particular, and may look only. */
    private AuthStep.End console(String user) {
        boolean proved = config.authentication().type() != AuthType.ANY;
        if (proved && config.admin().users().contains(user)) {
            return new AuthStep.Console(List.of(), true);
        }
        return !proved || config.admin().statsUsers().contains(user)
                ? new AuthStep.Console(List.of(), false)
                : new AuthStep.Refused(AuthFailure.noAdmin(user));
    }

    private Route route(DatabaseEntry entry, Visitor visitor) {
        HostPort server = config.databases().serverOf(entry);
        return new Route(
                visitor.database(), server.host(), server.port(), entry.database().orElse(visitor.database()), entry.user().orElse(visitor.user()),
                entry.hosts());
    }

    /** By what the configuration says of the database now, if it says anything. */
    private Supplier<ServerLogin> login(String database, DatabaseEntry before, Account client, Optional<StoredSecret> clients, Proof proof) {
        Optional<DatabaseEntry> now = config.databases().find(database).filter(entry -> entry.user().equals(before.user()));
        return login(now.orElse(before), client, clients, proof);
    }

    /** The entry's password, else what the client has left us or we know of it; of another user, what auth_file knows. */
    private Supplier<ServerLogin> login(DatabaseEntry entry, Account client, Optional<StoredSecret> clients, Proof proof) {
        String user = entry.user().orElse(client.user());
        var listed = new Account(user, Optional.empty());
        if (!(entry.password() instanceof StoredSecret.None)) {
            return login(listed, entry.password(), Optional.empty(), Whose.FORCED);
        }
        if (!user.equals(client.user())) {
            return login(listed, config.authentication().users().find(user).orElseGet(StoredSecret.None::new), Optional.empty(), Whose.FORCED);
        }
        StoredSecret own = clients.orElseGet(StoredSecret.None::new);
        return switch (proof) {
            case Proof.Password(var password) -> login(client, new StoredSecret.Plain(password), Optional.empty(), Whose.CLIENT);
            case Proof.Keys proved -> login(client, own, Optional.of(proved), Whose.CLIENT);
            case Proof.None _ -> login(client, own, Optional.empty(), Whose.CLIENT);
        };
    }

    /** The keys of the account's last login come first: the secret may have changed since this one's. */
    private Supplier<ServerLogin> login(Account account, StoredSecret secret, Optional<Proof.Keys> proved, Whose whose) {
        return () -> new PasswordLogin(account.user(), secret, keys.of(account).or(() -> proved), whose);
    }
}
