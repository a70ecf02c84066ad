// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.suite;

import io.pgtrickle.dvm.engine.Engines;
import io.pgtrickle.dvm.engine.StreamTableEngine;

/** For tests in which nobody asks for stream tables. */
public final class NoEngines implements Engines {

    @Override
    public StreamTableEngine forDatabase(String database, boolean install) {
        throw new IllegalStateException("no engine is wanted");
    }

    @Override
    public void close() {}
}
