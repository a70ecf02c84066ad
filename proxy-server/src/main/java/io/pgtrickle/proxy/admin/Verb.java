// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.admin;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** What the console can be told to do. */
enum Verb {
    SHOW(false, "SHOW HELP|CONFIG|DATABASES|POOLS|CLIENTS|SERVERS|USERS|VERSION", "SHOW PEERS|PEER_POOLS",
            "SHOW FDS|SOCKETS|ACTIVE_SOCKETS|LISTS|MEM|STATE", "SHOW DNS_HOSTS|DNS_ZONES", "SHOW STATS|STATS_TOTALS|STATS_AVERAGES|TOTALS"),
    SET(true, "SET key = arg"),
    RELOAD(true, "RELOAD"),
    PAUSE(true, "PAUSE [<db>]"),
    RESUME(true, "RESUME [<db>]"),
    DISABLE(true, "DISABLE <db>"),
    ENABLE(true, "ENABLE <db>"),
    RECONNECT(true, "RECONNECT [<db>]"),
    KILL(true, "KILL [<db>]"),
    KILL_CLIENT(true, "KILL_CLIENT <client_id>"),
    SUSPEND(true),
    SHUTDOWN(true, "SHUTDOWN", "SHUTDOWN WAIT_FOR_SERVERS|WAIT_FOR_CLIENTS"),
    WAIT_CLOSE(true, "WAIT_CLOSE [<db>]"),
    /** What drivers send on their own account, and what has no meaning here. */
    NOTHING(false),
    /** A constant or version(), by which drivers see whether a connection is alive. */
    SELECT(false);

    private final boolean admin;
    private final List<String> usage;

    Verb(boolean admin, String... usage) {
        this.admin = admin;
        this.usage = List.of(usage);
    }

    /** Whether it changes anything, or tells secrets. */
    boolean needsAdmin() {
        return admin;
    }

    static Optional<Verb> of(String word) {
        return Arrays.stream(values()).filter(verb -> verb != NOTHING && verb.name().equalsIgnoreCase(word)).findFirst();
    }

    static List<String> words() {
        return Arrays.stream(values()).filter(verb -> !verb.usage.isEmpty()).map(verb -> verb.name().toUpperCase(Locale.ROOT)).toList();
    }

    static List<String> help() {
        return Arrays.stream(values()).flatMap(verb -> verb.usage.stream()).toList();
    }
}
