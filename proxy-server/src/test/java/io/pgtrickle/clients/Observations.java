// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.clients;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** What a program in this JVM has seen, a line each. */
final class Observations {

    private final List<String> lines = new ArrayList<>();

    /** Something that may fail. */
    @FunctionalInterface
    interface Work {
        void run() throws SQLException;
    }

    void say(String title, Object... values) {
        lines.add(title + ": " + Arrays.deepToString(values));
    }

    /** All rows, column by column as text. */
    void rows(String title, ResultSet rows) throws SQLException {
        try (rows) {
            say(title, rows(rows));
        }
    }

    static List<List<String>> rows(ResultSet rows) throws SQLException {
        var all = new ArrayList<List<String>>();
        while (rows.next()) {
            var row = new ArrayList<String>();
            for (int i = 1; i <= rows.getMetaData().getColumnCount(); i++) {
                boolean bytes = rows.getMetaData().getColumnTypeName(i).equals("bytea");
                row.add(rows.getMetaData().getColumnName(i) + "=" + (bytes ? Arrays.toString(rows.getBytes(i)) : rows.getString(i)));
            }
            all.add(row);
        }
        return all;
    }

    /** Says what error something ends in; that it ends in none, too. */
    void fails(String title, Work work) {
        try {
            work.run();
            say(title, "no error");
        } catch (SQLException e) {
            say(title, e.getClass().getSimpleName(), String.valueOf(e.getSQLState()), String.valueOf(e.getMessage()));
        }
    }

    List<String> lines() {
        return lines;
    }
}
