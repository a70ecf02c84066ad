// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.backend;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgtrickle.proxy.backend.ReplyQueue.Kind;
import io.pgtrickle.proxy.backend.ReplyQueue.Owner;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ReplyQueueTest {

    private final ReplyQueue queue = new ReplyQueue();

    /** One letter per message as on the wire; c stands for CopyDone, d for CopyData. */
    private void sent(String messages) {
        for (char type : messages.toCharArray()) {
            if (type == 'd') {
                queue.copyData();
                continue;
            }
            queue.expect(
                    switch (type) {
                        case 'P' -> Kind.PARSE;
                        case 'B' -> Kind.BIND;
                        case 'D' -> Kind.DESCRIBE;
                        case 'E' -> Kind.EXECUTE;
                        case 'C' -> Kind.CLOSE;
                        case 'S' -> Kind.SYNC;
                        case 'Q' -> Kind.QUERY;
                        case 'F' -> Kind.FUNCTION_CALL;
                        case 'c' -> Kind.COPY_END;
                        default -> throw new IllegalArgumentException(messages);
                    },
                    Owner.CLIENT);
        }
    }

    private ReplyQueue received(String messages) {
        for (char type : messages.toCharArray()) {
            queue.received((byte) type);
        }
        return queue;
    }

    @Test
    void a_simple_query_ends_with_ReadyForQuery_whatever_came_before() {
        sent("Q");
        assertThat(received("TDDCTNDCESA").isEmpty()).isFalse();
        assertThat(received("Z").isEmpty()).isTrue();
    }

    @Test
    void each_extended_message_has_its_own_end() {
        sent("PBDEDCS");
        for (String reply : List.of("1", "2", "T", "DDC", "tn", "3")) {
            assertThat(received(reply).isEmpty()).as(reply).isFalse();
        }
        assertThat(received("Z").isEmpty()).isTrue();
    }

    @Test
    void a_suspended_portal_and_an_empty_query_end_an_execute() {
        sent("EE");
        assertThat(received("DDs").isEmpty()).isFalse();
        assertThat(received("I").isEmpty()).isTrue();
    }

    @Test
    void an_error_takes_everything_up_to_the_next_Sync() {
        sent("PBESPBES");
        received("12E");
        assertThat(queue.isSkipping()).isFalse();
        received("Z");
        assertThat(received("12DC").isEmpty()).isFalse();
        assertThat(received("Z").isEmpty()).isTrue();
    }

    @Test
    void without_a_Sync_what_follows_an_error_is_not_waited_for() {
        sent("PBE");
        received("12E");
        assertThat(queue.isEmpty()).isTrue();
        assertThat(queue.isSkipping()).isTrue();
        sent("PBQEc");
        assertThat(queue.isEmpty()).isTrue();
        sent("S");
        assertThat(queue.isSkipping()).isFalse();
        assertThat(received("Z").isEmpty()).isTrue();
    }

    @Test
    void an_error_at_commit_is_part_of_the_Sync() {
        sent("ESP");
        received("CEZ");
        assertThat(queue.isEmpty()).isFalse();
        assertThat(received("1").isEmpty()).isTrue();
    }

    @Test
    void every_Sync_is_answered() {
        sent("S".repeat(500));
        assertThat(received("Z".repeat(499)).isEmpty()).isFalse();
        assertThat(received("Z").isEmpty()).isTrue();
    }

    @Test
    void copies_in_a_simple_query() {
        sent("Q");
        received("G");
        sent("c");
        received("CG");
        sent("c");
        assertThat(received("C").isEmpty()).isFalse();
        assertThat(received("Z").isEmpty()).isTrue();
        sent("Q");
        received("G");
        assertThat(received("EZ").isEmpty()).isTrue();
        sent("c");
        assertThat(queue.isEmpty()).as("a late CopyDone has no reply").isTrue();
    }

    @Test
    void a_Sync_before_the_data_of_a_copy_is_ignored_by_the_server() {
        sent("PBES");
        received("12G");
        sent("cS");
        received("C");
        assertThat(queue.isEmpty()).isFalse();
        assertThat(received("Z").isEmpty()).isTrue();
    }

    @Test
    void a_Sync_amid_the_data_of_a_simple_copy_is_ignored_as_well() {
        sent("QdSdc");
        received("GC");
        assertThat(queue.isAtRest()).isFalse();
        assertThat(received("Z").isAtRest()).isTrue();
        sent("Q");
        received("G");
        sent("dSc");
        received("CG");
        sent("SdcS");
        assertThat(received("CZ").isEmpty()).isFalse();
        assertThat(received("Z").isAtRest()).isTrue();
    }

    @Test
    void a_Sync_behind_data_that_fails_may_be_answered_or_not() {
        sent("QdSc");
        assertThat(received("GEZ").isEmpty()).isTrue();
        assertThat(received("Z").isAtRest()).isFalse();
        sent("Q");
        assertThat(received("CZ").isAtRest()).as("nobody else can have the connection any more").isFalse();
    }

    @Test
    void what_is_at_rest() {
        sent("PBE");
        assertThat(received("12C").isAtRest()).as("a pipeline without Sync").isFalse();
        sent("S");
        assertThat(received("Z").isAtRest()).isTrue();
        sent("PBES");
        received("12G");
        sent("dc");
        assertThat(received("C").isEmpty()).isTrue();
        assertThat(queue.isAtRest()).as("the Sync before the data does not count").isFalse();
        sent("S");
        assertThat(received("Z").isAtRest()).isTrue();
        sent("Qdc");
        assertThat(received("GCZ").isAtRest()).isTrue();
    }

    @Test
    void whether_the_server_will_be_ready_by_itself() {
        assertThat(queue.isReadyPromised()).isFalse();
        sent("PBES");
        assertThat(queue.isReadyPromised()).isTrue();
        sent("PB");
        assertThat(received("12C").isReadyPromised()).isTrue();
        assertThat(received("Z").isReadyPromised()).as("no Sync behind the second pipeline").isFalse();
        sent("SQ");
        assertThat(received("12ZG").isReadyPromised()).as("COPY data without an end").isFalse();
        sent("c");
        assertThat(queue.isReadyPromised()).isTrue();
        assertThat(received("CZ").isEmpty()).isTrue();
        sent("PBES");
        received("12G");
        sent("c");
        assertThat(queue.isReadyPromised()).as("a Sync that was ignored").isFalse();
        sent("S");
        assertThat(queue.isReadyPromised()).isTrue();
    }

    @Test
    void a_copy_that_fails_before_its_end_was_sent() {
        sent("PBES");
        received("12GE");
        assertThat(queue.isSkipping()).isTrue();
        sent("cS");
        assertThat(queue.isEmpty()).isFalse();
        assertThat(received("Z").isEmpty()).isTrue();
    }

    @Test
    void a_copy_that_fails_after_its_end_was_sent() {
        sent("EScSPS");
        received("GE");
        assertThat(queue.isSkipping()).isFalse();
        received("Z");
        assertThat(received("1").isEmpty()).isFalse();
        assertThat(received("Z").isEmpty()).isTrue();
    }

    @Test
    void a_copy_that_fails_to_start_leaves_its_Sync_in_force() {
        sent("ES");
        received("E");
        assertThat(queue.isEmpty()).isFalse();
        assertThat(received("Z").isEmpty()).isTrue();
    }

    @Test
    void replies_belong_to_whoever_asked() {
        queue.expect(Kind.PARSE, Owner.CLIENT);
        queue.expect(Kind.DESCRIBE, Owner.PROXY);
        queue.expect(Kind.EXECUTE, Owner.ENGINE);
        assertThat(queue.headOwner()).isEqualTo(Owner.CLIENT);
        received("1");
        assertThat(queue.headOwner()).isEqualTo(Owner.PROXY);
        received("n");
        assertThat(queue.headOwner()).isEqualTo(Owner.ENGINE);
        received("C");
        assertThat(queue.headOwner()).as("nothing outstanding").isEqualTo(Owner.CLIENT);
    }

    @Test
    void who_wants_to_know_is_told_in_order() {
        var told = new ArrayList<String>();
        queue.expect(Kind.PARSE, Owner.CLIENT, succeeded -> told.add("parse " + succeeded));
        queue.expect(Kind.BIND, Owner.CLIENT);
        queue.expect(Kind.EXECUTE, Owner.CLIENT, succeeded -> told.add("execute " + succeeded));
        received("12");
        assertThat(told).containsExactly("parse true");
        received("E");
        queue.expect(Kind.CLOSE, Owner.CLIENT, succeeded -> told.add("skipped " + succeeded));
        assertThat(told).containsExactly("parse true", "execute false", "skipped false");
        queue.expect(Kind.SYNC, Owner.CLIENT, succeeded -> told.add("sync " + succeeded));
        queue.abandon();
        assertThat(told).last().isEqualTo("sync false");
    }

    @Test
    void the_queue_grows_and_keeps_its_order() {
        for (int round = 0; round < 3; round++) {
            sent("P".repeat(40) + "S".repeat(200));
            received("1".repeat(40));
            assertThat(received("Z".repeat(199)).isEmpty()).isFalse();
            assertThat(received("Z").isEmpty()).isTrue();
        }
    }

    @Test
    void replies_nobody_asked_for_change_nothing() {
        assertThat(received("EZNSC").isEmpty()).isTrue();
        assertThat(queue.isSkipping()).isFalse();
        sent("P");
        assertThat(received("Z").isEmpty()).as("a late ReadyForQuery").isFalse();
    }
}
