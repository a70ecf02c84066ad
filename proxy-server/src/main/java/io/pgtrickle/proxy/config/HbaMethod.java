// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.config;

/** What a line of auth_hba_file asks of the connections it fits. */
public enum HbaMethod {
    TRUST("trust"),
    REJECT("reject"),
    MD5("md5"),
    PASSWORD("password"),
    SCRAM_SHA_256("scram-sha-256"),
    CERT("cert"),
    /** The operating system says whose process is at the other end of a Unix socket. */
    PEER("peer");

    private final String text;

    HbaMethod(String text) {
        this.text = text;
    }

    /** As it is written in the file. */
    public String text() {
        return text;
    }
}
