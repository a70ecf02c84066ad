// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.sql.statement;

/** A half-open range of UTF-16 positions in the query string a client sent. */
public record SourceSpan(int start, int end) {

    public SourceSpan {
        if (start < 0 || end < start) {
            throw new IllegalArgumentException("bad span " + start + ".." + end);
        }
    }

    public String of(String text) {
        return text.substring(start, end);
    }
}
