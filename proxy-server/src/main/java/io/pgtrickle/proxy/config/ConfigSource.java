// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.config;

import io.pgtrickle.proxy.config.ConfigFile.Loaded;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.UnaryOperator;

/**
 * The configuration file of a running proxy: read at start, and read anew when somebody asks for it. What SET says on the admin console
 * comes before the file until it is read again. Thread-safe; reading takes as long as the files take.
 */
public final class ConfigSource {

    private final Path file;
    private final UnaryOperator<ProxyConfig> commandLine;
    private List<IniFile.Entry> entries = List.of();
    private Map<String, String> set = Map.of();
    private Runnable reloaded = () -> {};

    /** @param commandLine what options change, which come before the file */
    public ConfigSource(Path file, UnaryOperator<ProxyConfig> commandLine) {
        this.file = file;
        this.commandLine = commandLine;
    }

    /** @throws ConfigException if the file, or one it names, cannot be read or used */
    public synchronized Loaded load() {
        List<IniFile.Entry> found = IniFile.read(file);
        Loaded loaded = adapted(ConfigFile.of(file, found, Map.of(), false));
        entries = found;
        return loaded;
    }

    /**
     * The same while the proxy runs: what the file says that nobody knows is a warning. What was {@link #set} is forgotten.
     *
     * @param use puts the configuration to use
     * @throws ConfigException and then nothing has changed; {@code use} may throw it, too
     */
    public synchronized <T> T reload(Function<Loaded, T> use) {
        List<IniFile.Entry> found = IniFile.read(file);
        T used = use.apply(adapted(ConfigFile.of(file, found, Map.of(), true)));
        entries = found;
        set = Map.of();
        reloaded.run();
        return used;
    }

    /** Has something done whenever the file has been read anew. */
    public synchronized void onReload(Runnable action) {
        reloaded = action;
    }

    private Loaded adapted(Loaded loaded) {
        ProxyConfig config = commandLine.apply(loaded.config());
        config.databases().onlyServer();
        return new Loaded(config, loaded.warnings());
    }

    /**
     * Changes one setting of section [pgbouncer].
     *
     * @param use puts the configuration to use
     * @throws ConfigException if there is no such setting, if it cannot change now or not to this, and then nothing has changed
     */
    public synchronized <T> T set(String key, String value, Function<Loaded, T> use) {
        if (ProxySettings.find(ProxySettings.ALL, key).isPresent() && ProxySettings.FIXED.contains(key)) {
            throw new ConfigException(key + " cannot be changed while the proxy runs");
        }
        var changed = new LinkedHashMap<>(set);
        changed.put(key, value);
        Loaded loaded = ConfigFile.of(file, entries, changed, true);
        if (ProxySettings.find(ProxySettings.ALL, key).isEmpty()) {
            throw new ConfigException("there is no setting \"" + key + "\" to change");
        }
        T used = use.apply(adapted(loaded));
        set = changed;
        return used;
    }
}
