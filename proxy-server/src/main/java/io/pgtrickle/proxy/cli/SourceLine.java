// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.cli;

/** The line of a statement that an error points at, with a caret below the place, as psql shows it. */
final class SourceLine {

    private SourceLine() {}

    /** @param position counted in characters (not UTF-16 units) from 1, as PostgreSQL reports it */
    static String of(String statement, int position) {
        int characters = statement.codePointCount(0, statement.length());
        int index = statement.offsetByCodePoints(0, Math.min(position - 1, characters));
        int begin = statement.lastIndexOf('\n', index - 1) + 1;
        int end = statement.indexOf('\n', index);
        long number = 1 + statement.substring(0, begin).chars().filter(c -> c == '\n').count();
        String label = "LINE " + number + ": ";
        // tabs stay tabs, so that the caret stands below its character wherever the terminal's tab stops are
        StringBuilder indent = new StringBuilder(" ".repeat(label.length()));
        statement.substring(begin, index).codePoints().forEach(c -> indent.append(c == '\t' ? '\t' : ' '));
        return label + statement.substring(begin, end < 0 ? statement.length() : end) + "\n" + indent + "^";
    }
}
