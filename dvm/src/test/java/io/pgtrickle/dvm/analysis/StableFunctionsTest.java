// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.analysis;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StableFunctionsTest {

    @ParameterizedTest
    @ValueSource(strings = {"date_trunc", "to_char", "concat", "timestamptz_pl_interval", "date_lt_timestamptz", "json_build_object", "to_tsvector"})
    void whatDependsOnSettingsOnlyIsConstantForAStreamTable(String name) {
        assertThat(StableFunctions.dependsOnSettingsOnly("pg_catalog", name, 2)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"now", "statement_timestamp", "current_setting", "pg_table_size", "obj_description", "txid_current_if_assigned"})
    void whatDependsOnTheMomentOrTheDatabaseIsNot(String name) {
        assertThat(StableFunctions.dependsOnSettingsOnly("pg_catalog", name, 1)).isFalse();
    }

    @Test
    void ageCountsFromTodayUnlessItIsToldOtherwise() {
        assertThat(StableFunctions.dependsOnSettingsOnly("pg_catalog", "age", 1)).isFalse();
        assertThat(StableFunctions.dependsOnSettingsOnly("pg_catalog", "age", 2)).isTrue();
    }

    @Test
    void usersStableFunctionsMayReadTables() {
        assertThat(StableFunctions.dependsOnSettingsOnly("public", "date_trunc", 2)).isFalse();
    }
}
