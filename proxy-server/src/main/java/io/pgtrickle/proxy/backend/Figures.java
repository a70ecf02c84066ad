// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.backend;

/**
 * What has been counted since the start, PgBouncer's selection; times in nanoseconds.
 *
 * @param assignments how often a connection was lent to a client
 * @param received bytes, from clients
 * @param sent bytes, to clients
 * @param transactionTime spent in transactions
 * @param queryTime spent in queries
 * @param waitTime spent by clients in waiting for a connection
 * @param clientParses statements prepared by clients
 * @param serverParses statements prepared on servers, also those that clients have prepared elsewhere before
 */
public record Figures(
        long assignments,
        long transactions,
        long queries,
        long received,
        long sent,
        long transactionTime,
        long queryTime,
        long waitTime,
        long clientParses,
        long serverParses,
        long binds) {

    public static final Figures ZERO = new Figures(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

    public Figures plus(Figures more) {
        return combined(more, 1);
    }

    public Figures minus(Figures less) {
        return combined(less, -1);
    }

    private Figures combined(Figures other, int sign) {
        return new Figures(
                assignments + sign * other.assignments,
                transactions + sign * other.transactions,
                queries + sign * other.queries,
                received + sign * other.received,
                sent + sign * other.sent,
                transactionTime + sign * other.transactionTime,
                queryTime + sign * other.queryTime,
                waitTime + sign * other.waitTime,
                clientParses + sign * other.clientParses,
                serverParses + sign * other.serverParses,
                binds + sign * other.binds);
    }
}
