// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.frontier;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgtrickle.sql.statement.QualifiedName;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class WindowTest {

    private static Window window(List<Long> inProgress, Optional<Window.Own> own) {
        return new Window(QualifiedName.of("c", "b"), 100, inProgress, own);
    }

    @Test
    void whatTheFrontiersSnapshotDidNotSeeIsUnconsumed() {
        assertThat(window(List.of(), Optional.empty()).condition("b")).isEqualTo("(b.__pgt_xid >= '100'::xid8)");
        assertThat(window(List.of(90L, 95L), Optional.empty()).condition("b"))
                .isEqualTo("(b.__pgt_xid >= '100'::xid8 OR b.__pgt_xid = ANY ('{90,95}'::xid8[]))");
    }

    @Test
    void ofTheFrontiersOwnTransactionOnlyLaterCommandsAreUnconsumed() {
        assertThat(window(List.of(), Optional.of(new Window.Own(98, 7))).condition("b"))
                .isEqualTo("(b.__pgt_xid >= '100'::xid8 OR b.__pgt_xid = '98'::xid8)"
                        + " AND (b.__pgt_xid <> '98'::xid8 OR b.__pgt_mark IS NULL OR b.__pgt_mark > 7)");
    }

    @Test
    void aSliceThatIsNotExactLeavesRoomForWhatArrivesMeanwhile() {
        Window window = window(List.of(), Optional.empty());
        assertThat(window.exactly(40)).isEqualTo(new Slice(window.buffer(), "(b.__pgt_xid >= '100'::xid8)", "40", "40", true));
        assertThat(window.about(40).expected()).isEqualTo("40");
        assertThat(window.about(40).limit()).isEqualTo("140");
        assertThat(window.about(4000).limit()).isEqualTo("5000");
        assertThat(window.about(0).exact()).isFalse();
    }
}
