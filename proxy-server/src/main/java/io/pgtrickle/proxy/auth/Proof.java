// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.auth;

import io.pgtrickle.wire.auth.ScramKeys;
import io.pgtrickle.wire.auth.ScramSecret;

/** What a client's exchange with us has left us that serves to log in to a server for it. */
sealed interface Proof {

    /** The client was not asked, or its answer is of no use elsewhere. */
    record None() implements Proof {}

    /** The keys of a SCRAM exchange, and the secret they belong to. */
    record Keys(ScramSecret secret, ScramKeys keys) implements Proof {}

    /** The password itself. */
    record Password(String password) implements Proof {

        @Override
        public String toString() {
            return "Password[***]";
        }
    }
}
