// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.analysis;

import io.pgtrickle.sql.ast.Query;
import io.pgtrickle.sql.parse.FunctionCatalog;
import io.pgtrickle.sql.parse.QueryParser;
import io.pgtrickle.sql.parse.RoundTripGuard;
import io.pgtrickle.sql.parse.UnsupportedConstructException;
import java.util.ArrayList;
import java.util.List;

/**
 * The round-trip check: a parse counts only if rendering it back and letting PostgreSQL deparse that gives the canonical text
 * again. What fails is remembered, because plans made later from stored facts do not ask the server any more.
 */
final class GuardedParser implements QueryParser {

    private final QueryParser parser;
    private final FactsReader server;
    private final List<String> failures = new ArrayList<>();

    GuardedParser(QueryParser parser, FactsReader server) {
        this.parser = parser;
        this.server = server;
    }

    List<String> failures() {
        return failures;
    }

    @Override
    public Query parse(String canonicalQuery, FunctionCatalog functions) throws UnsupportedConstructException {
        Query query = parser.parse(canonicalQuery, functions);
        if (!RoundTripGuard.accepts(canonicalQuery, query, server::deparse)) {
            failures.add("a construct the parser does not read faithfully");
            throw new UnsupportedConstructException(failures.getLast());
        }
        return query;
    }
}
