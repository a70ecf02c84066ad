// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.sql.statement;

import io.pgtrickle.sql.lexer.Identifiers;
import io.pgtrickle.sql.lexer.Token;
import io.pgtrickle.sql.lexer.TokenKind;
import io.pgtrickle.sql.lexer.TokenValue;
import io.pgtrickle.sql.statement.SqlStatement.Argument;
import io.pgtrickle.sql.statement.SqlStatement.CreateOrdinaryView;
import io.pgtrickle.sql.statement.SqlStatement.CreateStreamTable;
import io.pgtrickle.sql.statement.SqlStatement.DropMaterializedViews;
import io.pgtrickle.sql.statement.SqlStatement.FunctionCall;
import io.pgtrickle.sql.statement.SqlStatement.Passthrough;
import io.pgtrickle.sql.statement.SqlStatement.RefreshMaterializedView;
import io.pgtrickle.sql.statement.SqlStatement.StreamOption;
import io.pgtrickle.sql.statement.SqlStatement.StreamTableCommand;
import io.pgtrickle.sql.statement.TokenCursor.NotRecognised;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Recognises one statement by recursive descent over PostgreSQL's own grammar rules, as far as they concern us. */
final class StatementParser {

    static final String NAMESPACE = "pgtrickle";

    private final String source;
    private final SourceSpan span;
    private final TokenCursor cursor;
    private final Set<String> engineFunctions;

    private StatementParser(String source, SourceSpan span, List<Token> tokens, Set<String> engineFunctions) {
        this.source = source;
        this.span = span;
        this.cursor = new TokenCursor(source, tokens);
        this.engineFunctions = engineFunctions;
    }

    static SqlStatement parse(String source, SourceSpan span, List<Token> tokens, Set<String> engineFunctions) {
        try {
            return new StatementParser(source, span, tokens, engineFunctions).statement();
        } catch (NotRecognised leftToPostgres) {
            return new Passthrough(span);
        }
    }

    private StreamTableCommand statement() throws NotRecognised {
        if (cursor.accept("create", "materialized", "view")) {
            return create();
        }
        if (cursor.accept("drop", "materialized", "view")) {
            return drop();
        }
        if (cursor.accept("refresh", "materialized", "view")) {
            return refresh();
        }
        if (cursor.accept("call")) {
            FunctionCall call = functionCall(true);
            cursor.expectEnd();
            return call;
        }
        cursor.expect("select");
        return cursor.acceptOperator("*") ? selectFrom() : selectCall();
    }

    // ---- CREATE MATERIALIZED VIEW

    /** One item of a WITH list; an option of ours has a name without its namespace. */
    private record WithItem(Optional<StreamOption> ours, List<Token> tokens) {}

    private StreamTableCommand create() throws NotRecognised {
        boolean ifNotExists = cursor.accept("if", "not", "exists");
        QualifiedName name = cursor.qualifiedName();
        List<String> columns = cursor.accept('(') ? columnNames() : List.of();
        Optional<String> accessMethod = cursor.accept("using") ? Optional.of(cursor.identifier()) : Optional.empty();
        int withStart = cursor.peek().start();
        cursor.expect("with");
        cursor.expect('(');
        List<WithItem> items = withItems();
        int withEnd = cursor.peek().start();
        List<StreamOption> options = items.stream().flatMap(item -> item.ours().stream()).toList();
        cursor.check(!options.isEmpty());
        List<String> storageOptions = items.stream()
                .filter(item -> item.ours().isEmpty())
                .map(item -> cursor.text(item.tokens()))
                .toList();
        Optional<String> tablespace = cursor.accept("tablespace") ? Optional.of(cursor.identifier()) : Optional.empty();
        cursor.expect("as");
        boolean noData = cursor.endsWith("with", "no", "data");
        int dataClause = noData ? 3 : cursor.endsWith("with", "data") ? 2 : 0;
        List<Token> query = cursor.rest(dataClause);
        if (isSwitchedOff(options)) {
            String with = storageOptions.isEmpty() ? "" : "WITH (" + String.join(", ", storageOptions) + ") ";
            return new CreateOrdinaryView(
                    span, source.substring(span.start(), withStart) + with + source.substring(withEnd, span.end()));
        }
        return new CreateStreamTable(
                span,
                ifNotExists,
                name,
                columns,
                accessMethod,
                options,
                storageOptions,
                tablespace,
                cursor.text(query),
                source.codePointCount(0, query.getFirst().start()),
                !noData);
    }

    private List<String> columnNames() throws NotRecognised {
        List<String> columns = new ArrayList<>();
        do {
            columns.add(cursor.identifier());
        } while (cursor.accept(','));
        cursor.expect(')');
        return columns;
    }

    private List<WithItem> withItems() throws NotRecognised {
        List<WithItem> items = new ArrayList<>();
        do {
            List<Token> tokens = cursor.listItem();
            items.add(new WithItem(streamOption(new TokenCursor(source, tokens)), tokens));
        } while (cursor.accept(','));
        cursor.expect(')');
        return items;
    }

    /** {@code [namespace.]name [= value]}. */
    private Optional<StreamOption> streamOption(TokenCursor item) throws NotRecognised {
        QualifiedName name = item.qualifiedName();
        Optional<String> value = Optional.empty();
        if (item.acceptOperator("=")) {
            value = Optional.of(optionValue(item.rest(0)));
        }
        item.expectEnd();
        boolean ours = name.database().isEmpty() && name.schema().filter(NAMESPACE::equals).isPresent();
        return ours ? Optional.of(new StreamOption(name.name(), value)) : Optional.empty();
    }

    /** As PostgreSQL's defGetString: the value of a literal or identifier, all else as it is written. */
    private String optionValue(List<Token> tokens) {
        if (tokens.size() == 1) {
            Token token = tokens.getFirst();
            Optional<String> value = TokenValue.string(source, token).or(() -> TokenValue.identifier(source, token));
            if (value.isPresent()) {
                return value.get();
            }
        }
        return cursor.text(tokens);
    }

    /** {@code pgtrickle.stream = false}, in any spelling of PostgreSQL's boolean input. */
    private static boolean isSwitchedOff(List<StreamOption> options) {
        List<StreamOption> switches =
                options.stream().filter(option -> option.name().equals("stream")).toList();
        return !switches.isEmpty()
                && switches.stream().allMatch(option -> option.value().filter(StatementParser::isFalse).isPresent());
    }

    private static boolean isFalse(String value) {
        String word = Identifiers.lowerAscii(value);
        return word.equals("0")
                || !word.isEmpty() && ("false".startsWith(word) || "no".startsWith(word))
                || word.length() > 1 && "off".startsWith(word);
    }

    // ---- DROP and REFRESH MATERIALIZED VIEW

    private StreamTableCommand drop() throws NotRecognised {
        boolean ifExists = cursor.accept("if", "exists");
        List<QualifiedName> names = new ArrayList<>();
        do {
            names.add(cursor.qualifiedName());
        } while (cursor.accept(','));
        boolean cascade = cursor.accept("cascade");
        if (!cascade) {
            cursor.accept("restrict");
        }
        cursor.expectEnd();
        return new DropMaterializedViews(span, ifExists, names, cascade);
    }

    private StreamTableCommand refresh() throws NotRecognised {
        boolean concurrently = cursor.accept("concurrently");
        QualifiedName name = cursor.qualifiedName();
        boolean withData = !cursor.accept("with", "no", "data");
        if (withData) {
            cursor.accept("with", "data");
        }
        cursor.expectEnd();
        return new RefreshMaterializedView(span, concurrently, name, withData);
    }

    // ---- calls of pgtrickle.* functions

    /** {@code SELECT pgtrickle.f(…) [[AS] alias]}. */
    private StreamTableCommand selectCall() throws NotRecognised {
        FunctionCall call = functionCall(false);
        if (cursor.accept("as")) {
            call = call.named(cursor.identifier());
        } else if (!cursor.atEnd()) {
            // f(…) ISNULL is an expression, not a call with an alias.
            cursor.check(!cursor.looksAt("isnull") && !cursor.looksAt("notnull"));
            call = call.named(cursor.identifier());
        }
        cursor.expectEnd();
        return call;
    }

    /** {@code SELECT * FROM pgtrickle.f(…) [[AS] alias]}: the alias of a function with one result names its column. */
    private StreamTableCommand selectFrom() throws NotRecognised {
        cursor.expect("from");
        return selectCall();
    }

    private FunctionCall functionCall(boolean call) throws NotRecognised {
        QualifiedName name = cursor.qualifiedName();
        cursor.check(name.database().isEmpty() && name.schema().filter(NAMESPACE::equals).isPresent() && engineFunctions.contains(name.name()));
        cursor.expect('(');
        List<Argument> arguments = new ArrayList<>();
        if (!cursor.accept(')')) {
            do {
                arguments.add(argument(new TokenCursor(source, cursor.listItem())));
            } while (cursor.accept(','));
            cursor.expect(')');
        }
        return new FunctionCall(span, call, name.name(), arguments, name.name());
    }

    private Argument argument(TokenCursor item) throws NotRecognised {
        Optional<String> name = Optional.empty();
        if (item.lookedAhead(1, TokenKind.EQUALS_GREATER) || item.lookedAhead(1, TokenKind.COLON_EQUALS)) {
            name = Optional.of(item.identifier());
            item.next();
        }
        item.check(!item.looksAt("variadic") && !item.looksAt("all") && !item.looksAt("distinct"));
        return new Argument(name, cursor.text(item.rest(0)));
    }
}
