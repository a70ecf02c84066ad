// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.bench;

import com.fasterxml.jackson.annotation.JsonValue;

/** How much of the source table changes between two refreshes. */
public enum ChangeRate {
    NOTHING("0"),
    ONE_ROW("1 row"),
    ONE_PERCENT("1 %"),
    TEN_PERCENT("10 %"),
    FIFTY_PERCENT("50 %");

    private final String label;

    ChangeRate(String label) {
        this.label = label;
    }

    @JsonValue
    public String label() {
        return label;
    }

    int rowsOf(int tableRows) {
        return switch (this) {
            case NOTHING -> 0;
            case ONE_ROW -> 1;
            case ONE_PERCENT -> tableRows / 100;
            case TEN_PERCENT -> tableRows / 10;
            case FIFTY_PERCENT -> tableRows / 2;
        };
    }
}
