// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.config;

import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** target_session_attrs, as libpq has it (PostgreSQL manual 32.1.2): which of several servers is the right one. */
public enum TargetSession {
    ANY,
    READ_WRITE,
    READ_ONLY,
    PRIMARY,
    STANDBY,
    /** A standby if there is any, else another one. */
    PREFER_STANDBY;

    private static final String HOT_STANDBY = "in_hot_standby";
    private static final String READ_ONLY_DEFAULT = "default_transaction_read_only";

    public String text() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /**
     * What is wrong with a server for this.
     *
     * @param reported the parameters it has reported at login; older servers than 14 do not report what is needed
     */
    public Optional<String> objection(Map<String, String> reported) {
        if (this == ANY) {
            return Optional.empty();
        }
        String standby = reported.get(HOT_STANDBY);
        String readOnly = reported.get(READ_ONLY_DEFAULT);
        if (standby == null || readOnly == null) {
            return Optional.of("the server does not say what target_session_attrs needs to know; PostgreSQL 14 and newer do");
        }
        boolean isStandby = standby.equals("on");
        boolean isReadOnly = isStandby || readOnly.equals("on");
        return switch (this) {
            case ANY -> Optional.empty();
            case READ_WRITE -> isReadOnly ? Optional.of("session is read-only") : Optional.empty();
            case READ_ONLY -> isReadOnly ? Optional.empty() : Optional.of("session is not read-only");
            case PRIMARY -> isStandby ? Optional.of("server is in hot standby mode") : Optional.empty();
            case STANDBY, PREFER_STANDBY -> isStandby ? Optional.empty() : Optional.of("server is not in hot standby mode");
        };
    }

    /** Whether a connection that was right is no longer, because a standby has become the primary. Settings of sessions do not count. */
    public boolean isOutlived(Map<String, String> reported) {
        return this == STANDBY && "off".equals(reported.get(HOT_STANDBY));
    }
}
