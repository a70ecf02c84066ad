// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.config;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Where an entry of [databases] says its servers are: {@code host} and {@code port} as in libpq, several of them with commas; a host that
 * begins with / is the directory of a Unix socket, one that begins with @ the name of one without a file.
 *
 * @param first absent if the entry names none
 */
record HostReader(Optional<HostPort> first, HostChoice choice) {

    private static final String DEFAULT_HOST = "localhost";
    private static final String ROUND_ROBIN = "round-robin";

    static final Setting<Boolean> LOAD_BALANCE_HOSTS = new Setting<>("load_balance_hosts", balance(), ROUND_ROBIN,
            "Of several hosts: `round-robin`, they take turns; `disable`, the first one serves as long as it can be reached.");
    static final Setting<TargetSession> TARGET_SESSION_ATTRS = new Setting<>("target_session_attrs",
            ValueType.oneOf(List.of(TargetSession.values()), TargetSession::text), "any",
            "Which of several hosts will do, as in libpq; not with auth_type `passthrough`. See [pooling](pooling.md#several-servers).");

    private static ValueType<Boolean> balance() {
        ValueType<String> words = ValueType.oneOf(List.of(ROUND_ROBIN, "disable"), word -> word);
        return new ValueType<>(words.name(), words.range(), text -> words.parser().apply(text).equals(ROUND_ROBIN));
    }

    /** @throws IllegalArgumentException saying what is wrong */
    static HostReader read(Map<String, String> values) {
        List<String> names = list(values.getOrDefault("host", values.containsKey("port") ? DEFAULT_HOST : ""));
        List<Integer> ports = list(values.getOrDefault("port", "5432")).stream().map(ValueType.integer(1, 65535).parser()).toList();
        if (ports.size() > 1 && ports.size() != names.size()) {
            throw new IllegalArgumentException("there are " + ports.size() + " ports for " + names.size() + " hosts; name one port for all, or as many");
        }
        var hosts = new ArrayList<HostPort>();
        for (String name : names) {
            hosts.add(new HostPort(name, ports.get(ports.size() == 1 ? 0 : hosts.size())));
        }
        if (names.contains("") && names.size() > 1) {
            throw new IllegalArgumentException("host=" + values.get("host") + ": a name is missing");
        }
        boolean balanced = LOAD_BALANCE_HOSTS.parse(values.getOrDefault(LOAD_BALANCE_HOSTS.name(), LOAD_BALANCE_HOSTS.defaultText()));
        TargetSession target = TARGET_SESSION_ATTRS.parse(values.getOrDefault(TARGET_SESSION_ATTRS.name(), TARGET_SESSION_ATTRS.defaultText()));
        Optional<HostPort> first = names.contains("") ? Optional.empty() : Optional.of(hosts.getFirst());
        return new HostReader(first, new HostChoice(hosts.subList(1, hosts.size()), balanced, target));
    }

    private static List<String> list(String text) {
        return Arrays.stream(text.split(",", -1)).map(String::strip).toList();
    }
}
