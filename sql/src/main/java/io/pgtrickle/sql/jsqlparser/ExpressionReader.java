// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.sql.jsqlparser;

import io.pgtrickle.sql.ast.Expr;
import io.pgtrickle.sql.parse.FunctionCatalog;
import io.pgtrickle.sql.parse.NormalizedQuery;
import io.pgtrickle.sql.parse.UnsupportedConstructException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import net.sf.jsqlparser.expression.AnalyticExpression;
import net.sf.jsqlparser.expression.AnalyticType;
import net.sf.jsqlparser.expression.BinaryExpression;
import net.sf.jsqlparser.expression.BooleanValue;
import net.sf.jsqlparser.expression.CaseExpression;
import net.sf.jsqlparser.expression.DoubleValue;
import net.sf.jsqlparser.expression.Expression;
import net.sf.jsqlparser.expression.Function;
import net.sf.jsqlparser.expression.HexValue;
import net.sf.jsqlparser.expression.LongValue;
import net.sf.jsqlparser.expression.NotExpression;
import net.sf.jsqlparser.expression.NullValue;
import net.sf.jsqlparser.expression.RowGetExpression;
import net.sf.jsqlparser.expression.SignedExpression;
import net.sf.jsqlparser.expression.StringValue;
import net.sf.jsqlparser.expression.WhenClause;
import net.sf.jsqlparser.expression.operators.conditional.AndExpression;
import net.sf.jsqlparser.expression.operators.conditional.OrExpression;
import net.sf.jsqlparser.expression.operators.relational.EqualsTo;
import net.sf.jsqlparser.expression.operators.relational.ExpressionList;
import net.sf.jsqlparser.expression.operators.relational.ParenthesedExpressionList;
import net.sf.jsqlparser.schema.Column;
import net.sf.jsqlparser.statement.select.AllColumns;
import net.sf.jsqlparser.statement.select.OrderByElement;
import net.sf.jsqlparser.statement.select.Select;
import org.jspecify.annotations.Nullable;

/**
 * The library's expressions to ours. Only classes that were seen to be read rightly are accepted; the normaliser keeps
 * everything else from the parser. Brackets are dropped here and put back by the renderer where an operation is.
 */
final class ExpressionReader {

    private static final Set<String> KEYWORD_FUNCTIONS = Set.of("COALESCE", "GREATEST", "LEAST", "NULLIF", "ROW");

    private final List<List<String>> templates;
    private final FunctionCatalog functions;

    ExpressionReader(List<List<String>> templates, FunctionCatalog functions) {
        this.templates = templates;
        this.functions = functions;
    }

    Expr read(Expression expression) throws UnsupportedConstructException {
        return switch (expression) {
            case Column column -> column(column);
            case StringValue v -> CompositeBuilder.text(v.toString());
            case LongValue v -> CompositeBuilder.text(v.toString());
            case DoubleValue v -> CompositeBuilder.text(v.toString());
            case HexValue v -> CompositeBuilder.text(v.toString());
            case BooleanValue v -> CompositeBuilder.text(v.toString());
            case NullValue v -> CompositeBuilder.text("NULL");
            case ParenthesedExpressionList<?> list when list.size() == 1 -> read(list.getFirst());
            case ParenthesedExpressionList<?> list -> new CompositeBuilder().add("(").addAll(readAll(list)).add(")").build();
            case AndExpression and -> new Expr.And(conjuncts(and));
            case OrExpression or -> new CompositeBuilder().add("(").add(disjuncts(or)).add(")").build();
            case EqualsTo equals -> new Expr.Equality(read(equals.getLeftExpression()), read(equals.getRightExpression()));
            case BinaryExpression binary -> binary(binary);
            case NotExpression not -> prefixed("NOT ", not.getExpression());
            case SignedExpression signed -> prefixed(signed.getSign() + " ", signed.getExpression());
            case CaseExpression caseExpression -> caseExpression(caseExpression);
            case RowGetExpression field ->
                new CompositeBuilder().add("(").add(read(field.getExpression())).add(")." + field.getColumnName()).build();
            case Function function -> function(function);
            case AnalyticExpression call when call.getType() == AnalyticType.WITHIN_GROUP -> withinGroup(call);
            case Select subquery -> throw new UnsupportedConstructException("scalar subquery");
            default -> throw UnsupportedConstructException.unreadable(expression.toString());
        };
    }

    List<Expr> readAll(List<? extends Expression> expressions) throws UnsupportedConstructException {
        List<Expr> all = new ArrayList<>();
        for (Expression expression : expressions) {
            all.add(read(expression));
        }
        return all;
    }

    /** The operands of the topmost AND: PostgreSQL flattens to the left, an AND in brackets is one operand. */
    List<Expr> conjuncts(Expression expression) throws UnsupportedConstructException {
        return switch (expression) {
            case ParenthesedExpressionList<?> list when list.size() == 1 -> conjuncts(list.getFirst());
            case AndExpression and when !and.isUseOperator() -> {
                Deque<Expression> operands = new ArrayDeque<>();
                Expression left = and;
                while (left instanceof AndExpression more && !more.isUseOperator()) { // a loop, as there may be thousands
                    operands.addFirst(more.getRightExpression());
                    left = more.getLeftExpression();
                }
                operands.addFirst(left);
                yield readAll(List.copyOf(operands));
            }
            default -> List.of(read(expression));
        };
    }

    /** Empty for null: a query or call without ORDER BY. */
    List<Expr> orderKeys(@Nullable List<OrderByElement> elements) throws UnsupportedConstructException {
        List<Expr> keys = new ArrayList<>();
        for (OrderByElement element : elements == null ? List.<OrderByElement>of() : elements) {
            keys.add(orderKey(element));
        }
        return keys;
    }

    private Expr orderKey(OrderByElement element) throws UnsupportedConstructException {
        Expr key = read(element.getExpression());
        String direction = (element.isAsc() ? element.isAscDescPresent() ? " ASC" : "" : " DESC")
                + (element.getNullOrdering() == null ? "" : " " + element.getNullOrdering().name().replace('_', ' '));
        return direction.isEmpty() ? key : new CompositeBuilder().add(key).add(direction).build();
    }

    private static Expr column(Column column) throws UnsupportedConstructException {
        if (column.getArrayConstructor() != null || column.getSchemaName() != null) {
            throw UnsupportedConstructException.unreadable(column.toString());
        }
        String relation = column.getTableName();
        return new Expr.Column(
                relation == null ? Optional.empty() : Optional.of(Names.unquote(relation)),
                Names.unquote(column.getColumnName()));
    }

    private Expr disjuncts(OrExpression or) throws UnsupportedConstructException {
        Deque<Expression> operands = new ArrayDeque<>();
        Expression left = or;
        while (left instanceof OrExpression more) {
            operands.addFirst(more.getRightExpression());
            left = more.getLeftExpression();
        }
        CompositeBuilder builder = new CompositeBuilder().add(read(left));
        for (Expression operand : operands) {
            builder.add(" OR ").add(read(operand));
        }
        return builder.build();
    }

    private Expr binary(BinaryExpression binary) throws UnsupportedConstructException {
        return new CompositeBuilder()
                .add("(")
                .add(read(binary.getLeftExpression()))
                .add(" " + binary.getStringExpression() + " ")
                .add(read(binary.getRightExpression()))
                .add(")")
                .build();
    }

    private Expr prefixed(String operator, Expression operand) throws UnsupportedConstructException {
        return new CompositeBuilder().add("(" + operator).add(read(operand)).add(")").build();
    }

    private Expr caseExpression(CaseExpression expression) throws UnsupportedConstructException {
        CompositeBuilder builder = new CompositeBuilder().add("CASE");
        if (expression.getSwitchExpression() != null) {
            builder.add(" ").add(read(expression.getSwitchExpression()));
        }
        for (WhenClause clause : expression.getWhenClauses()) {
            builder.add(" WHEN ").add(read(clause.getWhenExpression()));
            builder.add(" THEN ").add(read(clause.getThenExpression()));
        }
        if (expression.getElseExpression() != null) {
            builder.add(" ELSE ").add(read(expression.getElseExpression()));
        }
        return builder.add(" END").build();
    }

    // ---- calls

    private Expr function(Function call) throws UnsupportedConstructException {
        String name = call.getName();
        if (name.equals(NormalizedQuery.FILTER)) {
            return filtered(call);
        }
        List<Expr> arguments = arguments(call.getParameters());
        if (name.startsWith(NormalizedQuery.OPAQUE)) {
            return opaque(templates.get(Integer.parseInt(name.substring(NormalizedQuery.OPAQUE.length()))), arguments);
        }
        if (KEYWORD_FUNCTIONS.contains(name)) {
            return new CompositeBuilder().add(name + "(").addAll(arguments).add(")").build();
        }
        String printed = Names.printed(call.getMultipartName());
        return switch (functions.kind(printed)) {
            case AGGREGATE -> aggregate(call, printed, arguments);
            case SCALAR -> new CompositeBuilder().add(printed + "(").addAll(arguments).add(")").build();
            case SET_RETURNING ->
                throw new UnsupportedConstructException("set-returning function " + printed + "() in the select list");
            case WINDOW -> throw new UnsupportedConstructException("window function " + printed + "()");
        };
    }

    private List<Expr> arguments(ExpressionList<?> parameters) throws UnsupportedConstructException {
        boolean none = parameters == null || parameters.size() == 1 && isStar(parameters.getFirst());
        return none ? List.of() : readAll(parameters);
    }

    private static boolean isStar(Expression expression) {
        return expression.getClass() == AllColumns.class;
    }

    private static Expr opaque(List<String> texts, List<Expr> arguments) throws UnsupportedConstructException {
        if (arguments.size() != texts.size() - 1) {
            throw UnsupportedConstructException.unreadable(String.join("…", texts));
        }
        CompositeBuilder builder = new CompositeBuilder().add(texts.getFirst());
        for (int i = 0; i < arguments.size(); i++) {
            builder.add(arguments.get(i)).add(texts.get(i + 1));
        }
        return builder.build();
    }

    private Expr.Aggregate aggregate(Function call, String printed, List<Expr> arguments) throws UnsupportedConstructException {
        boolean star = call.getParameters() != null && !call.getParameters().isEmpty() && isStar(call.getParameters().getFirst());
        List<Expr> orderBy = orderKeys(call.getOrderByElements());
        return new Expr.Aggregate(printed, star, call.isDistinct(), arguments, orderBy, false, Optional.empty());
    }

    /** Only aggregates have FILTER here: window functions never get this far. */
    private Expr filtered(Function filter) throws UnsupportedConstructException {
        ExpressionList<?> parts = filter.getParameters();
        if (parts == null || parts.size() != 2) {
            throw UnsupportedConstructException.unreadable("FILTER");
        }
        Expr.Aggregate call = switch (parts.getFirst()) {
            case AnalyticExpression ordered -> withinGroup(ordered);
            case Function function -> {
                String printed = Names.printed(function.getMultipartName());
                yield aggregate(function, printed, arguments(function.getParameters()));
            }
            case Expression other -> throw UnsupportedConstructException.unreadable("FILTER");
        };
        Optional<Expr> condition = Optional.of(read(parts.get(1)));
        return new Expr.Aggregate(
                call.function(), call.star(), call.distinct(), call.arguments(), call.orderBy(), call.withinGroup(), condition);
    }

    private Expr.Aggregate withinGroup(AnalyticExpression call) throws UnsupportedConstructException {
        List<Expr> arguments = new ArrayList<>();
        for (Expression argument : new Expression[] {call.getExpression(), call.getOffset(), call.getDefaultValue()}) {
            if (argument != null) {
                arguments.add(read(argument));
            }
        }
        List<Expr> orderBy = orderKeys(call.getOrderByElements());
        String printed = Names.printed(List.of(call.getName().split("(?<=\")\\.(?=\")")));
        return new Expr.Aggregate(printed, false, call.isDistinct(), arguments, orderBy, true, Optional.empty());
    }
}
