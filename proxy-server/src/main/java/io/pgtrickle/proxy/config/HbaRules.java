// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.config;

import java.util.List;
import java.util.Optional;

/** auth_hba_file: the first line that fits a connection decides; one that none fits is refused. */
public record HbaRules(List<HbaRule> rules) {

    public static final HbaRules NONE = new HbaRules(List.of());

    public HbaRules {
        rules = List.copyOf(rules);
    }

    public Optional<HbaRule> find(HbaConnection connection) {
        return rules.stream().filter(rule -> rule.fits(connection)).findFirst();
    }

    /** Whether some connection is asked for this. */
    public boolean asksFor(HbaMethod method) {
        return rules.stream().anyMatch(rule -> rule.method() == method);
    }
}
