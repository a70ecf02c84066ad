// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.auth;

import static java.util.stream.Collectors.counting;
import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.toConcurrentMap;

import io.pgtrickle.proxy.config.AuthType;
import io.pgtrickle.proxy.config.HbaMethod;
import io.pgtrickle.proxy.config.ProxyConfig.Authentication;
import io.pgtrickle.wire.auth.Md5Password;
import io.pgtrickle.wire.auth.ScramSecret;
import io.pgtrickle.wire.auth.StoredSecret;
import io.pgtrickle.wire.auth.UnknownUsers;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentMap;
import java.util.function.Function;

/**
 * Which challenge a user gets. A user that does not exist, or whose secret does not serve, gets the challenge its neighbours get, with the
 * same messages and the same work, and fails at its end like a wrong password: names cannot be probed. (Under auth_type md5 a list that
 * mixes MD5 and SCRAM users tells the two kinds apart; that is what PgBouncer's meaning of it entails.)
 */
final class Challenges {

    private final Authentication authentication;
    /** Of auth_file; those of passwords in clear were made here. */
    private final ConcurrentMap<String, ScramSecret> scramSecrets;
    private final UnknownUsers unknownUsers;
    private final Optional<Integer> usualIterations;
    /** Random, because who knows a hash can answer for it. */
    private final String nobodysHash = "md5" + HexFormat.of().formatHex(random());

    /** What servers have last said of a user that they know. */
    private volatile Optional<StoredSecret> lastLookedUp = Optional.empty();

    Challenges(Authentication authentication, UnknownUsers unknownUsers) {
        this.authentication = authentication;
        this.unknownUsers = unknownUsers;
        boolean scramForAll = authentication.type() == AuthType.SCRAM_SHA_256 || authentication.hba().asksFor(HbaMethod.SCRAM_SHA_256);
        Map<String, StoredSecret> users = authentication.users().secrets();
        this.scramSecrets = users.entrySet().parallelStream()
                .flatMap(user -> scramSecret(user.getKey(), user.getValue(), scramForAll).map(secret -> Map.entry(user.getKey(), secret)).stream())
                .collect(toConcurrentMap(Map.Entry::getKey, Map.Entry::getValue));
        this.usualIterations = scramSecrets.values().stream()
                .collect(groupingBy(ScramSecret::iterations, counting()))
                .entrySet().stream()
                .max(Map.Entry.comparingByValue())
                .map(Map.Entry::getKey);
    }

    /** A server has said what it knows of a user. */
    void lookedUp(StoredSecret secret) {
        if (!(secret instanceof StoredSecret.None)) {
            lastLookedUp = Optional.of(secret);
        }
    }

    // fromServer: whether the secret, or that there is none, is what a server has said

    ClientAuthentication clear(String user, Optional<StoredSecret> secret, boolean fromServer, Function<Proof, AuthStep.End> ending) {
        return new ClearChallenge(user, secret.orElseGet(StoredSecret.None::new), nobodys(user, fromServer), ending);
    }

    ClientAuthentication md5(
            String user, Optional<StoredSecret> secret, boolean fromServer, Optional<byte[]> endPoint, Function<Proof, AuthStep.End> ending) {
        StoredSecret known = secret.orElseGet(StoredSecret.None::new);
        boolean scram = switch (known) {
            case StoredSecret.Scram _ -> true;
            case StoredSecret.Plain _, StoredSecret.Md5 _ -> false;
            case StoredSecret.None _ -> isScramUsual(fromServer);
        };
        return scram ? scram(user, secret, fromServer, endPoint, ending) : new Md5Challenge(user, md5Hash(user, known), ending);
    }

    private boolean isScramUsual(boolean fromServer) {
        return fromServer ? lastLookedUp.isEmpty() || lastLookedUp.get() instanceof StoredSecret.Scram : !scramSecrets.isEmpty();
    }

    /** Takes milliseconds if a server has told a password in clear. */
    ClientAuthentication scram(
            String user, Optional<StoredSecret> secret, boolean fromServer, Optional<byte[]> endPoint, Function<Proof, AuthStep.End> ending) {
        Optional<ScramSecret> scram = fromServer
                ? secret.flatMap(known -> scramSecret(user, known, true))
                : Optional.ofNullable(scramSecrets.get(user));
        // Only a secret that servers may have, too, leaves keys that serve there.
        Function<Proof, AuthStep.End> end = secret.isPresent() && secret.get() instanceof StoredSecret.Scram ? ending : _ -> ending.apply(new Proof.None());
        return new ScramChallenge(user, scram.orElseGet(() -> nobodys(user, fromServer)), endPoint, end);
    }

    private Optional<ScramSecret> scramSecret(String user, StoredSecret stored, boolean alsoOfPasswords) {
        return switch (stored) {
            case StoredSecret.Scram(var secret) -> Optional.of(secret);
            case StoredSecret.Plain(var password) when alsoOfPasswords ->
                    Optional.of(ScramSecret.of(password, unknownUsers.saltOf(user), authentication.scramIterations()));
            case StoredSecret.Plain _, StoredSecret.Md5 _, StoredSecret.None _ -> Optional.empty();
        };
    }

    private String md5Hash(String user, StoredSecret stored) {
        return switch (stored) {
            case StoredSecret.Plain(var password) -> Md5Password.hash(user, password);
            case StoredSecret.Md5(var hash) -> hash;
            case StoredSecret.None _, StoredSecret.Scram _ -> nobodysHash;
        };
    }

    private ScramSecret nobodys(String user, boolean fromServer) {
        Optional<Integer> iterations = fromServer
                ? lastLookedUp.flatMap(last -> last instanceof StoredSecret.Scram(var secret) ? Optional.of(secret.iterations()) : Optional.empty())
                : usualIterations;
        return unknownUsers.secretOf(user, iterations.orElse(authentication.scramIterations()));
    }

    private static byte[] random() {
        byte[] bytes = new byte[16];
        new SecureRandom().nextBytes(bytes);
        return bytes;
    }
}
