// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.config;

import java.util.Locale;

/** The values of auth_type that this version has: PgBouncer's names and meanings, and our own passthrough. */
public enum AuthType {

    /** The server decides: its authentication exchange is relayed to the client untouched. */
    PASSTHROUGH,

    /** No password is asked, but the user must be known. */
    TRUST,

    /** No password is asked and the user's name is ignored; every database must name the user to log in as. */
    ANY,

    /** The password itself is asked for. */
    PLAIN,

    /** MD5 for users whose stored secret allows it, SCRAM for those with a SCRAM secret. */
    MD5,

    /** SCRAM for every user. */
    SCRAM_SHA_256,

    /** The client's TLS certificate names the user. */
    CERT,

    /** The first line of auth_hba_file that fits the connection says which of the others it is. */
    HBA;

    /** As it is written in the file. */
    public String text() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** Whether it is of no use when no user is known. */
    public boolean needsUsers() {
        return switch (this) {
            case TRUST, PLAIN, MD5, SCRAM_SHA_256, CERT, HBA -> true;
            case PASSTHROUGH, ANY -> false;
        };
    }
}
