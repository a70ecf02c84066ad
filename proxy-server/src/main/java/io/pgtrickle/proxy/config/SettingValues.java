// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.config;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/** The texts that were given for settings, all of them already checked; a setting that was not given has its default. */
record SettingValues(Map<String, String> texts) {

    /** The server has a limit of its own. */
    static final SettingValues WITHOUT_FILE = new SettingValues(Map.of(
            ProxySettings.LOG_CONNECTIONS.name(), "0", ProxySettings.LOG_DISCONNECTIONS.name(), "0",
            ProxySettings.MAX_CLIENT_CONN.name(), Integer.toString(Integer.MAX_VALUE), NetworkKeys.UNIX_SOCKET_DIR.name(), ""));

    SettingValues {
        texts = Collections.unmodifiableMap(new LinkedHashMap<>(texts));
    }

    <T> T get(Setting<T> setting) {
        return setting.parse(texts.getOrDefault(setting.name(), setting.defaultText()));
    }
}
