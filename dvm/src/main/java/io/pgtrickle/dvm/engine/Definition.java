// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.engine;

import io.pgtrickle.sql.statement.QualifiedName;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * A stream table to be made, whichever way it was asked for.
 *
 * @param storageOptions items of WITH that are PostgreSQL's own, verbatim
 * @param queryStart how many characters stand before the query in what the client sent; empty if it came as an argument
 * @param populate fill it now
 * @param awaitsRefresh if not filled now: leave it empty until somebody refreshes it, instead of filling it on schedule
 */
record Definition(
        QualifiedName name, boolean ifNotExists, List<String> columns, Optional<String> accessMethod,
        List<String> storageOptions, Optional<String> tablespace, String query, OptionalInt queryStart, Options options, boolean populate,
        boolean awaitsRefresh) {}
