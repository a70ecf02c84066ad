// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.pool;

import io.pgtrickle.proxy.backend.ServerConnection;
import io.pgtrickle.proxy.pool.ServerPool.Borrower;
import io.pgtrickle.wire.backend.Report;

/** For whom connections are opened that nobody has asked for: it gives them back at once. */
record NobodyYet(Pool pool) implements Borrower {

    @Override
    public void lent(ServerConnection server) {
        pool.release(server, true, false);
    }

    @Override
    public void unavailable(Report report) {}

    @Override
    public void closed(boolean explained) {}
}
