// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.intercept;

import io.pgtrickle.dvm.session.ServerError;
import io.pgtrickle.dvm.session.SqlFailure;
import java.util.Optional;

/** PostgreSQL's errors for what a client must not do with a command of ours, in its words. */
final class PortalErrors {

    private PortalErrors() {}

    /** A portal without a result is executed once. */
    static SqlFailure cannotBeRun(String portal) {
        return new SqlFailure(new ServerError(
                "ERROR", "55000", "portal \"" + portal + "\" cannot be run", Optional.empty(), Optional.empty(), 0));
    }
}
