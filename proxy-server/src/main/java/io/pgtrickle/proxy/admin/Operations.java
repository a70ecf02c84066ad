// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.admin;

import io.pgtrickle.proxy.config.ConfigException;
import io.pgtrickle.proxy.config.ProxyConfig;
import java.util.List;

/** What the console asks of the proxy as a whole. Thread-safe. */
public interface Operations {

    /** How a proxy ends. */
    enum Ending {
        NOW,
        /** Nobody gets a server connection any more; when all are given back. */
        WAIT_FOR_SERVERS,
        /** When the last client has left. */
        WAIT_FOR_CLIENTS
    }

    /** What the proxy goes by now. */
    ProxyConfig config();

    /**
     * Reads the configuration anew, which takes as long as its files take.
     *
     * @return warnings
     * @throws ConfigException and then nothing has changed
     */
    List<String> reload();

    /** Changes one setting, until the next {@link #reload}. Otherwise the same. */
    List<String> set(String key, String value);

    /** Nobody is let in any more, and the proxy ends. */
    void shutDown(Ending ending);

    boolean isShuttingDown();
}
