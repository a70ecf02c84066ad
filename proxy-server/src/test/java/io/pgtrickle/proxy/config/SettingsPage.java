// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.config;

import io.pgtrickle.dvm.settings.Settings;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/** docs/settings.md, printed from the registries. */
final class SettingsPage {

    private static final String HEAD = """
            # Settings

            This page is printed from the registries in the code; change it there.

            ## The engine: `pg_trickle.*`

            Kept in the database itself, so that every proxy and driver in front of it agrees:
            `ALTER DATABASE shop SET pg_trickle.poll_interval_ms = 50`, or `ALTER SYSTEM SET …` for the whole server. A change
            is noticed within `pg_trickle.scheduler_interval_ms`.

            """;

    private static final String PROXY = """

            ## The proxy: `--config FILE`

            The file has PgBouncer's format, so a `pgbouncer.ini` is read as it is; what this version cannot do is listed at the
            end and reported at start. Sections are `[databases]`, `[users]`, `[pgbouncer]` and our own `[pgtrickle]`;
            `%include FILE` reads another file in place; comments start with `;` or `#` at the start of a line. All problems are
            reported at once, with file, line and the nearest known name. The command line comes before the file. Without a file
            every database and role of the server is reachable with the client's own credentials.

            ### Section `[pgbouncer]`

            """;

    private static final String DATABASES = """

            ### Section `[databases]`

            `name = key=value key='value with blanks'` (`''` stands for one quote); a name with other characters than letters,
            digits, `_`, `.` and `-` is written in double quotes. The entry `*` is for all names that have no entry of their
            own. A file without any entry opens every database of the server. All entries must be on one server for now, or
            on the same list of hosts, beginning with the same one; the engine works on the first. A database is looked up after the
            client has proved who it is.

            """;

    private static final String DATABASE_POOLS = """

            How its connections are shared, where that is not as `[pgbouncer]` says:

            """;

    private static final String USERS = """

            ### Section `[users]`

            `name = key=value …`, for sessions and connections of that user; comes before what `[databases]` says.

            """;

    private static final String ENGINE = """

            ### Section `[peers]`

            `number = host=… port=…`: the proxies that clients reach by the same address, by their peer_id; `port` is 6432 if it is missing,
            `pool_size` has no effect.

            ### Section `[pgtrickle]`

            """;

    private static final String CONNECTIONS = """

            ## The engine's own connections

            They follow libpq's rules: `--user` or `user` above, then the service that `PGSERVICE` names (in `PGSERVICEFILE`,
            `~/.pg_service.conf` or `PGSYSCONFDIR/pg_service.conf`), then `PGUSER`, `PGPASSWORD`, `PGSSLMODE`, `PGSSLCERT`,
            `PGSSLKEY`, `PGSSLROOTCERT`, `PGCHANNELBINDING`, `PGGSSENCMODE`, `PGCONNECT_TIMEOUT`, `PGAPPNAME` and `PGOPTIONS`. A
            password that is still missing is looked up in `PGPASSFILE` or `~/.pgpass`, which is ignored (with a warning) when
            others may read it. With `--user` but neither `--server` nor `--config` the server is found the same way: by the
            service, then `PGHOST` and `PGPORT`. The engine does not use Unix sockets: where
            `[databases]` names one it connects to the same port of localhost.

            """;

    private static final String UNSUPPORTED = """
            ## PgBouncer's settings that have no effect yet

            "Warning": reported at start, then ignored. "Error": the proxy does not start, because ignoring the setting could
            let somebody in, expose data or change results. Others ask for something that does not exist here, or for what
            happens anyway, and are passed over in silence.

            """;

    private SettingsPage() {}

    static String text() {
        return HEAD
                + table(List.of("Setting", "Type", "Default", "Range", "Meaning"), Settings.ALL.stream()
                        .map(setting -> List.of(code(setting.qualifiedName()), setting.type(), code(setting.defaultValue()), setting.range(), setting.description()))
                        .toList())
                + PROXY + settings(ProxySettings.ALL) + DATABASES + settings(ProxySettings.DATABASE) + DATABASE_POOLS + settings(ProxySettings.DATABASE_POOL)
                + USERS + settings(ProxySettings.USER) + ENGINE + settings(ProxySettings.ENGINE)
                + CONNECTIONS + UNSUPPORTED
                + "### Section `[pgbouncer]`\n\n" + unsupported(UnsupportedSettings.GLOBAL);
    }

    private static String settings(List<Setting<?>> settings) {
        return table(List.of("Setting", "Type", "Default", "Range", "Meaning"), settings.stream()
                .map(setting -> List.of(code(setting.name()), setting.type().name(), code(setting.defaultText()), setting.type().range(), setting.description()))
                .toList());
    }

    private static String unsupported(List<UnsupportedSetting> settings) {
        return table(List.of("Setting", "At start", "Here"), settings.stream()
                .map(setting -> List.of(code(setting.name()), reaction(setting), setting.consequence()))
                .toList());
    }

    private static String reaction(UnsupportedSetting setting) {
        String exception = setting.quiet().isEmpty() ? "" : ", silence for " + values(setting.quiet());
        if (setting.quiet().equals(UnsupportedSetting.EVERY_VALUE)) {
            return "silence";
        }
        if (setting.refused().equals(UnsupportedSetting.EVERY_VALUE)) {
            return "error" + exception;
        }
        return (setting.refused().isEmpty() ? "warning" : "error for " + values(setting.refused()) + ", else warning") + exception;
    }

    private static String values(Set<String> values) {
        return values.stream().map(value -> value.isEmpty() ? "no value" : "`" + value + "`").sorted().collect(Collectors.joining(", "));
    }

    private static String code(Object value) {
        String text = String.valueOf(value);
        return text.isEmpty() ? "" : "`" + text + "`";
    }

    private static String table(List<String> head, List<List<String>> rows) {
        return row(head) + "|" + " --- |".repeat(head.size()) + "\n" + rows.stream().map(SettingsPage::row).collect(Collectors.joining());
    }

    private static String row(List<String> cells) {
        return cells.stream().map(cell -> cell.replace("|", "\\|")).collect(Collectors.joining(" | ", "| ", " |\n"));
    }
}
