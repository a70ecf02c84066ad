// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.clients;

import java.util.List;

/** What a client does with a database. */
@FunctionalInterface
interface Program {

    /** @return what it observed, a line each; the same wherever it runs */
    List<String> run(Endpoint endpoint) throws Exception;
}
