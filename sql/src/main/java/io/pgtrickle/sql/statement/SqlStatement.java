// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.sql.statement;

import java.util.List;
import java.util.Optional;

/** One statement of a query string: ours, or something PostgreSQL shall see unchanged. */
public sealed interface SqlStatement {

    /** Where the statement stands in the query string, without the semicolon and surrounding white space. */
    SourceSpan span();

    /** Not ours: forwarded byte for byte. Also everything we could not make sense of. */
    record Passthrough(SourceSpan span) implements SqlStatement {}

    /** A statement the engine has to look at; some turn out to be about ordinary objects and go to PostgreSQL after all. */
    sealed interface StreamTableCommand extends SqlStatement {}

    /**
     * {@code CREATE MATERIALIZED VIEW … WITH (pgtrickle.stream = true, …) AS query}. Also without {@code pgtrickle.stream}
     * if the list has another option of ours, and with a value of it that is no boolean: the engine has to complain.
     *
     * @param options the {@code pgtrickle.*} options in source order, the prefix removed, names folded
     * @param storageOptions the remaining WITH items, verbatim (e.g. {@code fillfactor=70})
     * @param query the defining query's text, verbatim
     * @param queryStart how many characters, as PostgreSQL counts them, stand before the query in the query string
     */
    record CreateStreamTable(
            SourceSpan span,
            boolean ifNotExists,
            QualifiedName name,
            List<String> columns,
            Optional<String> accessMethod,
            List<StreamOption> options,
            List<String> storageOptions,
            Optional<String> tablespace,
            String query,
            int queryStart,
            boolean withData)
            implements StreamTableCommand {
        public CreateStreamTable {
            columns = List.copyOf(columns);
            options = List.copyOf(options);
            storageOptions = List.copyOf(storageOptions);
        }
    }

    /**
     * {@code CREATE MATERIALIZED VIEW … WITH (pgtrickle.stream = false, …)}: an ordinary materialized view, but PostgreSQL
     * would refuse the {@code pgtrickle.*} options.
     *
     * @param statement the statement without them, to be run in the caller's session
     */
    record CreateOrdinaryView(SourceSpan span, String statement) implements StreamTableCommand {}

    /** One {@code pgtrickle.name = value} of a WITH list; a bare option has no value; a quoted value is unquoted. */
    record StreamOption(String name, Optional<String> value) {}

    /** {@code DROP MATERIALIZED VIEW [IF EXISTS] a, b [CASCADE | RESTRICT]}; which of the names are stream tables only the engine knows. */
    record DropMaterializedViews(SourceSpan span, boolean ifExists, List<QualifiedName> names, boolean cascade)
            implements StreamTableCommand {
        public DropMaterializedViews {
            names = List.copyOf(names);
        }
    }

    /** {@code REFRESH MATERIALIZED VIEW [CONCURRENTLY] name [WITH [NO] DATA]}. */
    record RefreshMaterializedView(SourceSpan span, boolean concurrently, QualifiedName name, boolean withData)
            implements StreamTableCommand {}

    /**
     * A top-level {@code SELECT} or {@code CALL} of one {@code pgtrickle.*} function that the engine carries out.
     *
     * @param function the function's name without its schema, folded
     * @param resultName the result column's name: the alias, or the function's name
     */
    record FunctionCall(
            SourceSpan span, boolean call, String function, List<Argument> arguments, String resultName)
            implements StreamTableCommand {
        public FunctionCall {
            arguments = List.copyOf(arguments);
        }

        FunctionCall named(String alias) {
            return new FunctionCall(span, call, function, arguments, alias);
        }
    }

    /** An argument's SQL text, verbatim, positional or named ({@code name => text} or {@code name := text}); may hold $n. */
    record Argument(Optional<String> name, String expression) {}
}
