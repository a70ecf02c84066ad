// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.wire.auth;

/** What is known of a user's password: the forms PostgreSQL's pg_authid and PgBouncer's userlist.txt hold. Its text never shows the secret. */
public sealed interface StoredSecret {

    /** Nothing: no password fits. */
    record None() implements StoredSecret {}

    /** The password itself. */
    record Plain(String password) implements StoredSecret {

        @Override
        public String toString() {
            return "Plain[***]";
        }
    }

    /** {@code md5} and the 32 hexadecimal digits of md5(password + user). */
    record Md5(String hash) implements StoredSecret {

        @Override
        public String toString() {
            return "Md5[***]";
        }
    }

    /** {@code SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey}. */
    record Scram(ScramSecret secret) implements StoredSecret {}

    /** Anything that is neither of the two hashed forms is a password in clear, as PostgreSQL and PgBouncer decide. */
    static StoredSecret parse(String text) {
        if (text.isEmpty()) {
            return new None();
        }
        if (Md5Password.isHash(text)) {
            return new Md5(text);
        }
        return ScramSecret.parse(text).<StoredSecret>map(Scram::new).orElseGet(() -> new Plain(text));
    }
}
