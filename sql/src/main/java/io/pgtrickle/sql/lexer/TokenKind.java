// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.sql.lexer;

/** What a piece of SQL text is, lexically. Key words are identifiers: which are which is the grammar's business. */
public enum TokenKind {
    WHITESPACE,
    /** {@code -- …} without its line end, or a whole nested {@code /* … *}{@code /}. */
    COMMENT,
    /** Unquoted, to be folded; may be a key word. */
    IDENTIFIER,
    QUOTED_IDENTIFIER,
    /** {@code U&"…"}, with its UESCAPE clause if it has one. */
    UNICODE_IDENTIFIER,
    /** {@code '…'} or {@code N'…'} without backslash escapes; like all quoted literals including pieces continued on following lines. */
    STRING,
    /** {@code E'…'}, or one of the former while standard_conforming_strings is off. */
    ESCAPE_STRING,
    /** {@code U&'…'}, with its UESCAPE clause if it has one. */
    UNICODE_STRING,
    /** {@code B'…'} or {@code X'…'}. */
    BIT_STRING,
    /** {@code $$…$$} or {@code $tag$…$tag$}. */
    DOLLAR_STRING,
    NUMBER,
    /** {@code $1}. */
    PARAMETER,
    /** {@code ::}. */
    TYPECAST,
    /** {@code :=}. */
    COLON_EQUALS,
    /** {@code =>}. */
    EQUALS_GREATER,
    /** {@code ..}. */
    DOT_DOT,
    /** One of {@code , ( ) [ ] . ; :}. */
    SYMBOL,
    OPERATOR,
    /** A number or parameter with trailing letters, e.g. {@code 1s}: PostgreSQL refuses it. */
    JUNK,
    /** A literal, quoted identifier or comment without an end; reaches to the end of the text. */
    UNTERMINATED,
    /** A character that starts no token, e.g. a backslash or a lone dollar sign. */
    OTHER;

    /** Whether the grammar sees the token at all. */
    public boolean isSignificant() {
        return this != WHITESPACE && this != COMMENT;
    }

    /** Whether PostgreSQL's lexer refuses the text because of such a token. */
    public boolean isError() {
        return this == JUNK || this == UNTERMINATED || this == OTHER;
    }
}
