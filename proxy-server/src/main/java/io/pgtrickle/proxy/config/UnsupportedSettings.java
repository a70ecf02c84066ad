// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.config;

import static io.pgtrickle.proxy.config.UnsupportedSetting.needless;
import static io.pgtrickle.proxy.config.UnsupportedSetting.refused;
import static io.pgtrickle.proxy.config.UnsupportedSetting.warned;

import java.util.List;
import java.util.Optional;

/** Every setting PgBouncer 1.25 has and this version has not: with the ones in {@link ProxySettings} the whole of PgBouncer's reference. */
final class UnsupportedSettings {

    private static final String NO_TIMEOUT = "there is no such time limit";
    private static final String SYSTEM_DNS = "names are resolved by the operating system";
    private static final String STDERR = "the log goes to standard error and logfile";

    /** Section [pgbouncer], in PgBouncer's (alphabetical) order. */
    static final List<UnsupportedSetting> GLOBAL = List.of(
            warned("auth_ldap_options", "there is no LDAP authentication", ""),
            needless("autodb_idle_timeout", "nothing is kept for databases found through *"),
            warned("cancel_wait_timeout", NO_TIMEOUT),
            needless("conffile", "the file named on the command line is read"),
            warned("dns_zone_check_period", SYSTEM_DNS, "0"),
            needless("ignore_startup_parameters", "every startup parameter is passed on to the server"),
            warned("job_name", "there is no system log"),
            warned("log_stats", "no statistics are logged", "0"),
            needless("max_packet_size", "messages are streamed whatever their size"),
            needless("pkt_buf", "buffers are sized by need"),
            warned("pool_idle_timeout", NO_TIMEOUT, "0"),
            warned("resolv_conf", SYSTEM_DNS, ""),
            needless("sbuf_loopcnt", "connections share the event loop fairly in another way"),
            needless("server_fast_close", "in session pooling, RECONNECT and RELOAD wait until the client leaves; KILL does not"),
            warned("service_name", "there is no system log"),
            needless("suspend_timeout", "there is no SUSPEND"),
            warned("syslog", STDERR, "0"),
            needless("syslog_facility", STDERR),
            needless("syslog_ident", STDERR),
            needless("track_extra_parameters", "every setting follows its session"),
            refused("user", "the process keeps the user that started it", ""));

    private UnsupportedSettings() {}

    static Optional<UnsupportedSetting> find(List<UnsupportedSetting> settings, String name) {
        return settings.stream().filter(setting -> setting.name().equals(name)).findFirst();
    }
}
