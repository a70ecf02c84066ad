// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.plan;

import java.util.List;
import java.util.Map;

/**
 * Everything a plan is compiled from. The same facts always give the same plan, so the catalog stores them and any
 * process can compile the plan again without asking the server.
 *
 * @param canonicalQuery pg_get_viewdef of the query view, search_path empty
 * @param relations every relation the query reads, those inside views too
 * @param output the query's columns
 * @param functionKinds for every function name in the canonical texts, its {@code FunctionCatalog.Kind} name
 * @param volatileFunctions names of volatile functions and operators the query uses
 * @param stableFunctions names of stable ones
 * @param obstacles why changes cannot be consumed, found by the analysis (e.g. a virtual generated column, a text the parser cannot be
 *     trusted with), in words a user knows; with any of these the plan is FULL
 * @param probes answers of the {@link TypeProbe}, by the SELECT it was asked about
 */
public record QueryFacts(
        String canonicalQuery,
        List<RelationFacts> relations,
        List<ColumnFacts> output,
        Map<String, String> functionKinds,
        List<String> volatileFunctions,
        List<String> stableFunctions,
        List<String> obstacles,
        Map<String, List<ColumnFacts>> probes) {}
