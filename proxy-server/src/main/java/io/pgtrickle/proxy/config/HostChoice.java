// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.config;

import java.util.List;

/**
 * Which of the servers of one database a connection goes to.
 *
 * @param others the servers beside the first
 * @param balanced whether they take turns; else the first that can be reached serves
 */
public record HostChoice(List<HostPort> others, boolean balanced, TargetSession target) {

    /** There is nothing to choose. */
    public static final HostChoice ONE = new HostChoice(List.of(), true, TargetSession.ANY);

    public HostChoice {
        others = List.copyOf(others);
    }
}
