// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.sql.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class SuggestionsTest {

    private static final List<String> NAMES = List.of("listen_addr", "listen_port", "auth_type", "auth_file");

    @Test
    void aSwapOfNeighboursIsOneEdit() {
        assertThat(Suggestions.distance("abcd", "acbd")).isEqualTo(1);
        assertThat(Suggestions.distance("kitten", "sitting")).isEqualTo(3);
        assertThat(Suggestions.distance("", "abc")).isEqualTo(3);
        assertThat(Suggestions.distance("same", "same")).isZero();
    }

    @Test
    void theNearestNameIsSuggestedWhateverItsCase() {
        assertThat(Suggestions.nearest("lisen_port", NAMES)).contains("listen_port");
        assertThat(Suggestions.nearest("AUTH_TPYE", NAMES)).contains("auth_type");
    }

    @Test
    void nothingIsSuggestedWhenNothingIsNear() {
        assertThat(Suggestions.nearest("max_client_conn", NAMES)).isEmpty();
        assertThat(Suggestions.nearest("x", List.of())).isEmpty();
    }

    @Test
    void equallyNearNamesAreChosenInAlphabeticalOrder() {
        assertThat(Suggestions.nearest("ac", List.of("ab", "aa"))).contains("aa");
    }
}
