// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.pool;

import io.netty.buffer.ByteBuf;
import io.pgtrickle.proxy.backend.ReplyQueue.Owner;
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
    public void waiting(Report notice) {}

    @Override
    public void authentication(ByteBuf frame) {}

    @Override
    public void loggedIn(ByteBuf frame) {}

    @Override
    public void forward(ByteBuf bytes) {
        bytes.release();
    }

    @Override
    public void reply(Owner owner, byte type, ByteBuf frame) {}

    @Override
    public void ready(char status) {}

    @Override
    public void received() {}

    @Override
    public void readComplete() {}

    @Override
    public void writabilityChanged(boolean writable) {}

    @Override
    public void closed(boolean explained) {}
}
