// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.config;

import io.pgtrickle.dvm.settings.Settings;
import io.pgtrickle.sql.text.Suggestions;
import io.pgtrickle.wire.auth.StoredSecret;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** Reads a configuration file in PgBouncer's format, with a section [pgtrickle] beside PgBouncer's own. All problems are reported at once. */
public final class ConfigFile {

    /** @param warnings what the file asks for and does not get, one sentence each */
    public record Loaded(ProxyConfig config, List<String> warnings) {

        public Loaded {
            warnings = List.copyOf(warnings);
        }
    }

    /** Where databases are whose entry names no host. */
    private static final HostPort DEFAULT_SERVER = new HostPort("localhost", 5432);

    private static final List<String> SECTIONS = List.of("pgbouncer", "databases", "users", "peers", "pgtrickle");

    private static final List<String> PEER_KEYS = List.of("host", "port", "pool_size");

    private final Map<String, String> texts = new LinkedHashMap<>();
    private final Map<String, DatabaseEntry> databases = new LinkedHashMap<>();
    private final Map<String, Map<String, String>> databasePools = new LinkedHashMap<>();
    private final Map<String, Map<String, String>> users = new LinkedHashMap<>();
    private final Map<Integer, HostPort> peers = new LinkedHashMap<>();
    private final Map<String, String> engineTexts = new LinkedHashMap<>();
    private final List<String> warnings = new ArrayList<>();
    private final List<String> problems = new ArrayList<>();

    private final boolean lenient;

    private ConfigFile(boolean lenient) {
        this.lenient = lenient;
    }

    /** @throws ConfigException if the file, or the auth_file it names, cannot be read or used */
    public static Loaded load(Path file) {
        return of(file, IniFile.read(file), Map.of(), false);
    }

    /**
     * @param set settings of section [pgbouncer] that come before the file's
     * @param lenient whether what nobody knows is a warning
     */
    static Loaded of(Path file, List<IniFile.Entry> entries, Map<String, String> set, boolean lenient) {
        var reader = new ConfigFile(lenient);
        entries.forEach(reader::entry);
        set.forEach((key, value) -> reader.global(new IniFile.Entry("pgbouncer", key, value, "SET")));
        ProxyConfig config = reader.config(file);
        if (!reader.problems.isEmpty()) {
            throw new ConfigException(reader.problems);
        }
        return new Loaded(config, reader.warnings);
    }

    private void entry(IniFile.Entry entry) {
        if (entry.key().isEmpty()) {
            if (!SECTIONS.contains(entry.section())) {
                unknown(entry.place(), "section", entry.section(), SECTIONS);
            }
            return;
        }
        switch (entry.section()) {
            case "pgbouncer" -> global(entry);
            case "databases" -> database(entry);
            case "users" -> users.put(entry.key(), poolSettings(entry, connectionString(entry), ProxySettings.USER, List.of(), List.of()));
            case "peers" -> peer(entry);
            case "pgtrickle" -> engine(entry);
            default -> {} // said where it began
        }
    }

    /** Those of the values that are about sharing connections; what is none of them, and not read elsewhere, is reported. */
    private Map<String, String> poolSettings(
            IniFile.Entry entry, Map<String, String> values, List<Setting<?>> settings, List<UnsupportedSetting> unsupported, List<Setting<?>> elsewhere) {
        List<String> known = names(Stream.concat(settings.stream(), elsewhere.stream()).toList());
        var found = new LinkedHashMap<String, String>();
        values.forEach((key, value) -> ProxySettings.find(settings, key).ifPresentOrElse(
                setting -> set(found, setting, new IniFile.Entry(entry.section(), key, value, entry.place())),
                () -> unsupported(entry, key, value, unsupported, known)));
        return found;
    }

    private void global(IniFile.Entry entry) {
        ProxySettings.find(ProxySettings.ALL, entry.key()).ifPresentOrElse(
                setting -> set(texts, setting, entry),
                () -> unsupported(entry, entry.key(), entry.value(), UnsupportedSettings.GLOBAL, names(ProxySettings.ALL)));
    }

    private void engine(IniFile.Entry entry) {
        Optional<Setting<?>> setting = ProxySettings.find(ProxySettings.ENGINE, entry.key());
        if (setting.isPresent()) {
            set(engineTexts, setting.get(), entry);
        } else if (Settings.ALL.stream().anyMatch(engines -> engines.name().equals(entry.key()))) {
            problems.add(entry.place() + ": " + entry.key() + " is kept in the database: ALTER DATABASE name SET pg_trickle." + entry.key() + " = " + entry.value());
        } else {
            unknown(entry.place(), "setting", entry.key(), names(ProxySettings.ENGINE));
        }
    }

    private void set(Map<String, String> values, Setting<?> setting, IniFile.Entry entry) {
        try {
            setting.parse(entry.value());
            values.put(entry.key(), entry.value());
        } catch (IllegalArgumentException e) {
            problems.add(entry.place() + ": " + entry.key() + " = " + entry.value() + ": " + e.getMessage());
        }
    }

    private static List<String> names(List<Setting<?>> settings) {
        return settings.stream().<String>map(Setting::name).toList();
    }

    private void database(IniFile.Entry entry) {
        if (entry.key().equals(ProxyConfig.CONSOLE)) {
            problems.add(entry.place() + ": database name \"" + ProxyConfig.CONSOLE + "\" is reserved");
            return;
        }
        Map<String, String> values = connectionString(entry);
        var others = new LinkedHashMap<>(values);
        others.keySet().removeAll(names(ProxySettings.DATABASE));
        databasePools.put(entry.key(), poolSettings(entry, others, ProxySettings.DATABASE_POOL, List.of(), ProxySettings.DATABASE));
        try {
            HostReader servers = HostReader.read(values);
            databases.put(entry.key(), new DatabaseEntry(
                    servers.first(),
                    Optional.ofNullable(values.get("dbname")),
                    Optional.ofNullable(values.get("user")),
                    StoredSecret.parse(values.getOrDefault("password", "")),
                    new AuthLookup(
                            Optional.ofNullable(values.get("auth_user")),
                            Optional.ofNullable(values.get("auth_query")),
                            Optional.ofNullable(values.get("auth_dbname"))),
                    servers.choice()));
        } catch (IllegalArgumentException e) {
            problems.add(entry.place() + ": " + e.getMessage());
        }
    }

    /** {@code number = host=… port=…}; PgBouncer's pool_size limits what is sent to a peer at the same time, of which there is no need. */
    private void peer(IniFile.Entry entry) {
        Map<String, String> values = connectionString(entry);
        values.keySet().stream().filter(key -> !PEER_KEYS.contains(key)).forEach(key -> unknown(entry.place(), "setting", key, PEER_KEYS));
        try {
            int id = ValueType.integer(1, Peering.MAX_ID).parser().apply(entry.key());
            int port = ValueType.integer(1, 65535).parser().apply(values.getOrDefault("port", "6432"));
            String host = values.getOrDefault("host", "");
            if (host.isEmpty()) {
                throw new IllegalArgumentException("host is missing");
            }
            peers.put(id, new HostPort(host, port));
        } catch (IllegalArgumentException e) {
            problems.add(entry.place() + ": " + entry.key() + " = " + entry.value() + ": " + e.getMessage());
        }
    }

    private Map<String, String> connectionString(IniFile.Entry entry) {
        try {
            return ConnectionString.parse(entry.value());
        } catch (IllegalArgumentException e) {
            problems.add(entry.place() + ": " + e.getMessage());
            return Map.of();
        }
    }

    private void unsupported(IniFile.Entry entry, String key, String value, List<UnsupportedSetting> unsupported, List<String> supported) {
        Optional<UnsupportedSetting> setting = UnsupportedSettings.find(unsupported, key);
        if (setting.isEmpty()) {
            unknown(entry.place(), "setting", key, Stream.concat(supported.stream(), unsupported.stream().map(UnsupportedSetting::name)).toList());
            return;
        }
        String text = entry.place() + ": " + key + " = " + value + " is not supported yet";
        switch (setting.get().verdict(value)) {
            case QUIET -> {}
            case WARN -> warnings.add(text + ", ignored: " + setting.get().consequence());
            case REFUSE -> problems.add(text + " and must not be ignored: " + setting.get().consequence() + "; remove it if that is what you want");
        }
    }

    private void unknown(String place, String kind, String name, List<String> known) {
        String hint = Suggestions.nearest(name, known).map(near -> ", did you mean \"" + near + "\"?").orElse("");
        (lenient ? warnings : problems).add(place + ": unknown " + kind + " \"" + name + "\"" + hint + (lenient ? ", ignored" : ""));
    }

    private ProxyConfig config(Path file) {
        var values = new SettingValues(texts);
        ProxyConfig.Authentication authentication = new AuthenticationReader(file, values, databases, warnings, problems).read();
        if (authentication.type() == AuthType.PASSTHROUGH && values.get(ProxySettings.POOL_MODE) != PoolMode.SESSION) {
            warnings.add(file + ": pool_mode has no effect with auth_type = passthrough: the server knows each client by a connection of its own");
        }
        if (values.get(ProxySettings.LISTEN_ADDR).isEmpty() && values.get(NetworkKeys.UNIX_SOCKET_DIR).isEmpty()) {
            problems.add(file + ": listen_addr names no address and unix_socket_dir no directory, so nobody could connect");
        }
        var named = new LinkedHashMap<>(databases);
        Optional<DatabaseEntry> fallback = databases.isEmpty() ? Optional.of(DatabaseEntry.SAME) : Optional.ofNullable(named.remove("*"));
        var engineValues = new SettingValues(engineTexts);
        String engineUser = engineValues.get(ProxySettings.ENGINE_USER);
        var engine = new ProxyConfig.Engine(Optional.of(engineUser).filter(user -> !user.isEmpty()));
        return ProxySettings.config(values, authentication, new Databases(DEFAULT_SERVER, named, fallback), new PoolRules(texts, databasePools, users), engine)
                .withPeers(peers)
                .withMetrics(engineValues.get(ProxySettings.METRICS_LISTEN))
                .withNetwork(NetworkKeys.proxied(engineValues), engineValues.get(NetworkKeys.EVENT_LOOPS));
    }
}
