// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.apply;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgtrickle.dvm.plan.TypeFacts;
import io.pgtrickle.dvm.plan.Types;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class IdentityTest {

    @Test
    void aTypeWhoseEqualityIsWhatAUserSeesIsIdentifiedByItself() {
        for (String type : List.of("int4", "text", "bool", "timestamptz", "uuid", "_int4", "numeric(10,2)", "bpchar(4)")) {
            assertThat(Identity.expressions("x", Types.of(type))).as(type).containsExactly("x");
        }
    }

    @Test
    void aCoarserEqualityIsRefined() {
        assertThat(Identity.expressions("x", Types.of("numeric"))).containsExactly("x", "scale(x)");
        assertThat(Identity.expressions("x", Types.of("bpchar"))).containsExactly("x", "octet_length(x)");
        assertThat(Identity.expressions("x", Types.of("float8"))).containsExactly("float8send(x)");
        assertThat(Identity.expressions("x", Types.of("jsonb"))).containsExactly("(x)::text");
        assertThat(Identity.expressions("x", Types.of("interval"))).containsExactly("(x)::text");
        assertThat(Identity.expressions("x", Types.of("_numeric"))).containsExactly("(x)::text");
    }

    @Test
    void aTypeWithoutEqualityIsIdentifiedByItsText() {
        assertThat(Identity.expressions("x", Types.of("json"))).containsExactly("(x)::text");
        assertThat(Identity.expressions("x", type("public", "citext", 'b', true))).containsExactly("(x)::text");
    }

    @Test
    void aDomainsTextIsThatOfItsOutputFunction() {
        assertThat(Identity.expressions("x", type("public", "code", 'd', true))).containsExactly("ROW(x)::text");
    }

    @Test
    void aNonDeterministicCollationDoesNotDecide() {
        TypeFacts text = type("pg_catalog", "text", 'b', false);
        assertThat(Identity.expressions("x", text)).containsExactly("(x)::text COLLATE \"C\"");
        assertThat(Identity.hashInput("x", text)).isEmpty();
    }

    @Test
    void equalValuesHashAlikeSoOnlyTheValueItselfIsHashed() {
        assertThat(Identity.hashInput("x", Types.of("numeric"))).contains("x");
        assertThat(Identity.hashInput("x", Types.of("float8"))).contains("x");
        assertThat(Identity.hashInput("x", Types.of("json"))).contains("(x)::text");
        assertThat(Identity.hashInput("x", Types.of("_int4"))).contains("x");
        assertThat(Identity.hashInput("x", Types.of("_numeric"))).as("what it contains may not be hashable").isEmpty();
        assertThat(Identity.hashInput("x", type("public", "pair", 'c', true))).isEmpty();
    }

    @Test
    void aRowNothingOfWhichCanBeHashedHasTheHashZero() {
        assertThat(Identity.rowHash(Stream.of(Optional.of("a"), Optional.empty(), Optional.of("b"))))
                .isEqualTo("hash_record_extended(ROW(a, b), 0)");
        assertThat(Identity.rowHash(Stream.of(Optional.empty()))).isEqualTo("0::bigint");
    }

    private static TypeFacts type(String schema, String name, char kind, boolean deterministic) {
        return new TypeFacts(0, schema, name, name, -1, -1, kind, true, deterministic, false);
    }
}
