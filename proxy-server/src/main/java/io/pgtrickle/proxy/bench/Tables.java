// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.datatype.jdk8.Jdk8Module;
import com.github.freva.asciitable.AsciiTable;
import com.github.freva.asciitable.Column;
import com.github.freva.asciitable.ColumnData;
import com.github.freva.asciitable.HorizontalAlign;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Locale;

/** What results look like on a terminal, and as JSON. */
public final class Tables {

    private static final int DECIMAL_PLACES_BELOW = 10;

    private Tables() {}

    public static <T> String table(Collection<T> rows, List<ColumnData<T>> columns) {
        return AsciiTable.getTable(AsciiTable.BASIC_ASCII_NO_DATA_SEPARATORS_NO_OUTSIDE_BORDER, rows, columns);
    }

    public static Column left(String header) {
        return column(header, HorizontalAlign.LEFT);
    }

    public static Column right(String header) {
        return column(header, HorizontalAlign.RIGHT);
    }

    private static Column column(String header, HorizontalAlign align) {
        return new Column().header(header).headerAlign(align).dataAlign(align).maxWidth(Integer.MAX_VALUE);
    }

    public static String number(double value) {
        return String.format(Locale.ROOT, value < DECIMAL_PLACES_BELOW ? "%.2f" : "%,.1f", value);
    }

    public static String precise(double value) {
        return String.format(Locale.ROOT, "%.3f", value);
    }

    public static void writeJson(Path file, Object results) throws IOException {
        new ObjectMapper()
                .registerModule(new Jdk8Module())
                .enable(SerializationFeature.INDENT_OUTPUT)
                .writeValue(file.toFile(), results);
    }
}
