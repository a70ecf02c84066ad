// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.config;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * As whom and how the engine's own connections log in.
 *
 * @param password without one pgjdbc looks it up in the password file, per connection
 * @param properties further connection properties under pgjdbc's names
 * @param warnings what libpq would have done and is not done, or is done like libpq but may surprise; one sentence each
 */
public record EngineLogin(String user, Optional<String> password, Map<String, String> properties, List<String> warnings) {

    public EngineLogin {
        properties = Map.copyOf(properties);
        warnings = List.copyOf(warnings);
    }

    @Override
    public String toString() {
        return "EngineLogin[user=" + user + ", properties=" + properties.keySet() + "]";
    }
}
