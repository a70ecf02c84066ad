// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.auth;

import io.pgtrickle.proxy.auth.Proof.Keys;
import io.pgtrickle.wire.auth.StoredSecret;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/**
 * The SCRAM keys that users' last logins have left, so that connections can be opened for clients that came in otherwise, or before the
 * password was changed. Kept as long as the user's secret is the same. Thread-safe.
 */
final class KeyRing {

    /**
     * Whose keys. Who can have a secret of his own making returned by one database's auth_query becomes that user for this database's
     * queries only, and must not come by keys that were proved against what another one says.
     *
     * @param lookup where the secret is from; auth_file when absent
     */
    record Account(String user, Optional<UserLookup.Question> lookup) {}

    private final ConcurrentMap<Account, Keys> keys = new ConcurrentHashMap<>();

    void remember(Account account, Keys proved) {
        keys.put(account, proved);
    }

    Optional<Keys> of(Account account) {
        return Optional.ofNullable(keys.get(account));
    }

    /** The user's secret has been read again. */
    void secretIs(Account account, Optional<StoredSecret> secret) {
        keys.computeIfPresent(account, (_, kept) ->
                secret.isPresent() && secret.get() instanceof StoredSecret.Scram(var now) && now.text().equals(kept.secret().text()) ? kept : null);
    }
}
