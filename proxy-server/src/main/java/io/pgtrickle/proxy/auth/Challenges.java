// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.auth;

import static java.util.stream.Collectors.counting;
import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.toConcurrentMap;

import io.pgtrickle.proxy.config.AuthType;
import io.pgtrickle.proxy.config.ProxyConfig.Authentication;
import io.pgtrickle.wire.auth.Md5Password;
import io.pgtrickle.wire.auth.ScramKeys;
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

    private static final SecureRandom RANDOM = new SecureRandom();

    private final Authentication authentication;
    private final ConcurrentMap<String, ScramSecret> scramSecrets;
    private final UnknownUsers unknownUsers;
    /** Random, because who knows a hash can answer for it. */
    private final String nobodysHash = "md5" + HexFormat.of().formatHex(random(16));

    Challenges(Authentication authentication) {
        this.authentication = authentication;
        Map<String, StoredSecret> users = authentication.users().secrets();
        this.scramSecrets = users.entrySet().parallelStream()
                .flatMap(user -> scramSecret(user.getValue()).map(secret -> Map.entry(user.getKey(), secret)).stream())
                .collect(toConcurrentMap(Map.Entry::getKey, Map.Entry::getValue));
        this.unknownUsers = new UnknownUsers(usualIterations());
    }

    ClientAuthentication forUser(String user, Function<Optional<ScramKeys>, AuthStep.End> ending) {
        ScramSecret secret = scramSecrets.get(user);
        if (secret != null) {
            return new ScramChallenge(user, secret, ending);
        }
        StoredSecret stored = authentication.users().find(user).orElseGet(StoredSecret.None::new);
        if (authentication.type() == AuthType.MD5 && !(stored instanceof StoredSecret.None && !scramSecrets.isEmpty())) {
            return new Md5Challenge(user, md5Hash(user, stored), ending);
        }
        return new ScramChallenge(user, unknownUsers.secretOf(user), ending);
    }

    /** The secrets clients are checked against; for auth_type md5 only stored ones, for SCRAM also ones made from passwords in clear. */
    private Optional<ScramSecret> scramSecret(StoredSecret stored) {
        return switch (stored) {
            case StoredSecret.Scram(var secret) -> Optional.of(secret);
            case StoredSecret.Plain(var password) when authentication.type() == AuthType.SCRAM_SHA_256 ->
                    Optional.of(ScramSecret.of(password, random(ScramSecret.SALT_BYTES), authentication.scramIterations()));
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

    private int usualIterations() {
        return scramSecrets.values().stream()
                .collect(groupingBy(ScramSecret::iterations, counting()))
                .entrySet().stream()
                .max(Map.Entry.comparingByValue())
                .map(Map.Entry::getKey)
                .orElse(authentication.scramIterations());
    }

    private static byte[] random(int length) {
        byte[] bytes = new byte[length];
        RANDOM.nextBytes(bytes);
        return bytes;
    }
}
