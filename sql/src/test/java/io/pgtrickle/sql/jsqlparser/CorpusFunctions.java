// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.sql.jsqlparser;

import io.pgtrickle.sql.parse.FunctionCatalog;
import java.util.Set;

/** What pg_proc says about the functions of the corpus; those not named here are ordinary ones. */
final class CorpusFunctions implements FunctionCatalog {

    private static final Set<String> AGGREGATES = Set.of(
            "any_value",
            "array_agg",
            "avg",
            "bool_and",
            "corr",
            "count",
            "every",
            "jsonb_agg",
            "jsonb_object_agg",
            "max",
            "min",
            "regr_slope",
            "shop.\"Product\"",
            "string_agg",
            "sum",
            "xmlagg");

    @Override
    public Kind kind(String name) {
        return AGGREGATES.contains(name) ? Kind.AGGREGATE : name.equals("unnest") ? Kind.SET_RETURNING : Kind.SCALAR;
    }
}
