// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.bench.pooler;

import java.util.List;

/** What pgbench does; {@code label} as people say it. */
public enum Workload {
    SELECT_ONLY("select-only", List.of("--builtin=select-only")),
    TPCB_LIKE("tpcb-like", List.of("--builtin=tpcb-like")),
    CONNECT("connect and select", List.of("--builtin=select-only", "--connect"));

    private final String label;
    private final List<String> options;

    Workload(String label, List<String> options) {
        this.label = label;
        this.options = options;
    }

    public String label() {
        return label;
    }

    List<String> options() {
        return options;
    }
}
