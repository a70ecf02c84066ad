// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.client;

import io.netty.channel.Channel;
import io.pgtrickle.proxy.config.ProxyConfig.Logging;
import io.pgtrickle.proxy.net.ClientAddress;
import io.pgtrickle.wire.backend.Report;
import java.time.Duration;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What is logged of one client's coming and going, as far as log_connections, log_disconnections and log_pooler_errors ask for it. */
final class SessionLog {

    private static final Logger LOG = LoggerFactory.getLogger(ClientSession.class);

    /** Names come from outside: no line of the log may be made up by a client. */
    private static final Pattern CONTROL = Pattern.compile("\\p{Cntrl}");

    private final Channel channel;
    private final Logging logging;
    private final long since = System.nanoTime();
    private boolean loggedIn;
    private boolean stopping;
    private String reason = "the client is gone";

    SessionLog(Channel channel, Logging logging) {
        this.channel = channel;
        this.logging = logging;
    }

    void loggedIn(String user, String database) {
        loggedIn = true;
        if (logging.connections()) {
            LOG.info("{}: logged in, user={} database={}", ClientAddress.remote(channel), printable(user), printable(database));
        }
    }

    /** The client is told a FATAL error of ours. */
    void refused(Report report) {
        String message = printable(report.field(Report.MESSAGE).orElse(""));
        reason = message;
        if (logging.poolerErrors() && !stopping) {
            LOG.warn("{}: {}", ClientAddress.remote(channel), message);
        } else {
            LOG.debug("{}: {}", ClientAddress.remote(channel), message);
        }
    }

    /** What clients are told because the proxy ends is nothing to warn of. */
    void stopping() {
        stopping = true;
    }

    /** The reason for a close that is still to come. */
    void leaving(String why) {
        reason = why;
    }

    void closed() {
        if (logging.disconnections() && loggedIn) {
            LOG.info("{}: closed after {} s: {}", ClientAddress.remote(channel), Duration.ofNanos(System.nanoTime() - since).toSeconds(), reason);
        }
    }

    private static String printable(String text) {
        return CONTROL.matcher(text).replaceAll("?");
    }
}
