// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.wire.frontend;

/** Type bytes of what a client sends after its startup packet, and how long each may be (as PostgreSQL limits them). */
public final class FrontendType {

    public static final char BIND = 'B';
    public static final char CLOSE = 'C';
    public static final char COPY_DATA = 'd';
    public static final char COPY_DONE = 'c';
    public static final char COPY_FAIL = 'f';
    public static final char DESCRIBE = 'D';
    public static final char EXECUTE = 'E';
    public static final char FLUSH = 'H';
    public static final char FUNCTION_CALL = 'F';
    public static final char PARSE = 'P';
    /** PasswordMessage, SASLInitialResponse, SASLResponse and GSSResponse share it. */
    public static final char PASSWORD = 'p';
    public static final char QUERY = 'Q';
    public static final char SYNC = 'S';
    public static final char TERMINATE = 'X';

    public static final int SMALL = 10_000;
    public static final int LARGE = 0x3fff_fffe;

    private FrontendType() {}

    /** The longest length a message of this type may announce; -1 for a type no client sends. */
    public static int maxLength(byte type) {
        return switch (type) {
            case QUERY, PARSE, BIND, FUNCTION_CALL, COPY_DATA -> LARGE;
            case CLOSE, COPY_DONE, COPY_FAIL, DESCRIBE, EXECUTE, FLUSH, SYNC, TERMINATE -> SMALL;
            default -> -1;
        };
    }
}
