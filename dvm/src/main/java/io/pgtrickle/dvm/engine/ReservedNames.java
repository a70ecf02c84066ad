// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.engine;

import io.pgtrickle.dvm.error.EngineException;
import io.pgtrickle.dvm.error.ErrorCode;
import io.pgtrickle.dvm.plan.QueryFacts;
import io.pgtrickle.dvm.plan.RelationFacts;
import io.pgtrickle.sql.lexer.SqlLexer;
import io.pgtrickle.sql.lexer.TokenValue;
import java.util.Optional;
import java.util.stream.Stream;

/** Generated SQL keeps the names of a query's columns and aliases and adds names of its own, which a query must not use. */
final class ReservedNames {

    private static final String PREFIX = "__pgt_";

    private ReservedNames() {}

    static void check(QueryFacts facts) {
        Stream.concat(Stream.of(facts.canonicalQuery()), facts.relations().stream().map(RelationFacts::definition).flatMap(Optional::stream))
                .flatMap(text -> SqlLexer.significantTokens(text, true).stream().map(token -> TokenValue.identifier(text, token)).flatMap(Optional::stream))
                .filter(name -> name.startsWith(PREFIX))
                .findFirst()
                .ifPresent(name -> {
                    throw EngineException.withHint(
                            ErrorCode.RESERVED_NAME,
                            "the name \"" + name + "\" is reserved",
                            "Names that begin with " + PREFIX + " are used in stream tables' own SQL. Rename the column, table or alias.");
                });
    }
}
