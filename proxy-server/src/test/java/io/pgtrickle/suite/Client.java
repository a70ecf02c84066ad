// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.suite;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** One session that came in through a {@link Door}; text in, text out, transactions by hand. Used by one thread at a time. */
public interface Client extends AutoCloseable {

    /**
     * Sends a query string of one or several statements in one go, as {@code psql -c} does.
     *
     * @return one reply per statement
     * @throws SqlError when the server reported an error; the replies before it are lost, as in most clients
     */
    List<Reply> run(String sql);

    /** The last reply of {@link #run}. */
    default Reply query(String sql) {
        return run(sql).getLast();
    }

    /**
     * Runs one statement with bound parameters, as a named statement where the door has such a thing.
     * Calling it again with the same text uses the same server-side statement.
     */
    Reply prepared(String sql, @Nullable Object... parameters);

    /** {@code COPY … FROM STDIN}: returns the number of rows. */
    long copyIn(String sql, String data);

    /** The notices since the last call of this method. */
    List<Notice> notices();

    /** pg_backend_pid() of the server connection behind this session. */
    default int backendPid() {
        return Integer.parseInt(String.valueOf(query("SELECT pg_backend_pid()").single()));
    }

    @Override
    void close();
}
