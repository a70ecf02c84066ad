// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.backend;

/**
 * Counts what passes a server connection. On its event loop, in plain fields: who shows them, on another thread, may see a figure of a
 * moment ago, and counting costs next to nothing.
 */
final class Traffic {

    private final ReplyQueue replies;
    private long received;
    private long sent;
    private long queries;
    private long transactions;
    private long queryTime;
    private long transactionTime;
    /** 0 when nothing is asked. */
    private long busySince;
    /** 0 outside of transactions. */
    private long transactionSince;
    private long requestedAt = System.nanoTime();

    Traffic(ReplyQueue replies) {
        this.replies = replies;
    }

    void toServer(int bytes) {
        received += bytes;
        if (busySince == 0) {
            busySince = System.nanoTime() | 1;
            requestedAt = busySince;
            transactionSince = transactionSince == 0 ? busySince : transactionSince;
        }
    }

    void fromServer(int bytes) {
        sent += bytes;
    }

    /** A client's request has been answered. */
    void answered(char status, boolean more) {
        long now = System.nanoTime() | 1;
        queries++;
        queryTime += busySince == 0 ? 0 : now - busySince;
        busySince = more ? now : 0;
        if (status == 'I') {
            transactions++;
            transactionTime += transactionSince == 0 ? 0 : now - transactionSince;
            transactionSince = more ? now : 0;
        }
    }

    /** What was asked was our own business. */
    void settled(char status, boolean more) {
        if (!more) {
            busySince = 0;
            transactionSince = status == 'I' ? 0 : transactionSince;
        }
    }

    /** In nanoseconds, of System.nanoTime. */
    long requestedAt() {
        return requestedAt;
    }

    Figures figures() {
        return new Figures(
                0, transactions, queries, received, sent, transactionTime, queryTime, 0, replies.clientParses(), replies.parses(), replies.binds());
    }
}
