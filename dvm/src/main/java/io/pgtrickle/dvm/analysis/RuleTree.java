// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.analysis;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The text of a pg_node_tree, read as far as it takes to know of which types values are that become text, and which types text
 * becomes: PostgreSQL notes no dependency on a type's input and output functions.
 *
 * <pre>{COERCEVIAIO :arg {VAR … :vartype 2205 …} :resulttype 25 …}    r::text, regclass to text</pre>
 */
final class RuleTree {

    /** What calls output functions of its arguments, besides functions. */
    private static final Set<String> PRINTING = Set.of("COERCEVIAIO", "XMLEXPR", "JSONCONSTRUCTOREXPR");

    private static final Set<String> CALLS = Set.of("funcid", "opfuncid", "aggfnoid", "winfnoid");

    /** The OIDs of record and record[]: rows that are not of any table or type, whatever ROW(…) of the query they are. */
    private static final Set<Long> ANONYMOUS = Set.of(2249L, 2287L);

    /** The field with an expression's type, of whatever kind it is. */
    private static final List<String> TYPE = List.of(
            "vartype", "consttype", "paramtype", "aggtype", "wintype", "refrestype", "funcresulttype", "opresulttype", "resulttype",
            "casetype", "coalescetype", "array_typeid", "row_typeid", "minmaxtype", "typeId", "type");

    /** Fields and what stands in them; an element is a token or a node, lists are flat. */
    private record Node(String label, Map<String, List<Object>> fields) {
        Optional<String> token(String field) {
            return fields.getOrDefault(field, List.of()).stream().findFirst().filter(String.class::isInstance).map(String.class::cast);
        }

        List<Node> nodes(String field) {
            return fields.getOrDefault(field, List.of()).stream().filter(Node.class::isInstance).map(Node.class::cast).toList();
        }
    }

    private final String text;
    private final Set<Long> printingFunctions;
    private final Set<Long> printed = new HashSet<>();
    private final Set<Long> read = new HashSet<>();
    private final Set<Long> inRows = new HashSet<>();
    private int position;

    private RuleTree(String text, Set<Long> printingFunctions) {
        this.text = text;
        this.printingFunctions = printingFunctions;
    }

    /**
     * Types by OID.
     *
     * @param printed whose values become text
     * @param read that text becomes
     */
    record Conversions(Set<Long> printed, Set<Long> read) {}

    /** @param printingFunctions OIDs of functions that print their arguments */
    static Conversions conversions(String tree, Set<Long> printingFunctions) {
        RuleTree reader = new RuleTree(tree, printingFunctions);
        List<Object> into = new ArrayList<>();
        while (reader.item(into)) {
            into.clear();
        }
        if (reader.printed.stream().anyMatch(ANONYMOUS::contains)) {
            reader.printed.addAll(reader.inRows);
        }
        return new Conversions(reader.printed, reader.read);
    }

    /** One token, node or list, added to what it stands in. @return false at the end */
    private boolean item(List<Object> into) {
        String token = token();
        switch (token) {
            case "" -> {
                return false;
            }
            case "{" -> into.add(node());
            case "(" -> {
                while (!peek(')') && item(into)) {}
                token();
            }
            default -> into.add(token);
        }
        return true;
    }

    /** What follows a field's name is its value, even if it begins with a colon. */
    private Node node() {
        Node node = new Node(token(), new HashMap<>());
        while (!peek('}')) {
            String field = token();
            if (field.isEmpty()) {
                return node;
            }
            List<Object> value = new ArrayList<>();
            boolean more = item(value);
            while (more && !peek('}') && !peek(':')) {
                more = item(value);
            }
            node.fields().put(field.substring(1), value);
        }
        token();
        look(node);
        return node;
    }

    private void look(Node node) {
        boolean prints = PRINTING.contains(node.label())
                || CALLS.stream().flatMap(call -> node.token(call).stream()).anyMatch(oid -> printingFunctions.contains(number(oid)));
        if (prints) {
            for (String arguments : List.of("arg", "args", "named_args")) {
                node.nodes(arguments).forEach(argument -> type(argument).ifPresent(printed::add));
            }
        }
        if (node.label().equals("ROWEXPR") || node.label().equals("ROW")) {
            node.nodes("args").forEach(column -> type(column).ifPresent(inRows::add));
        }
        if (node.label().equals("COERCEVIAIO")) {
            type(node).ifPresent(read::add);
        }
    }

    private static Optional<Long> type(Node node) {
        return switch (node.label()) {
            case "TARGETENTRY" -> node.nodes("expr").stream().findFirst().flatMap(RuleTree::type);
            case "SUBLINK" -> node.nodes("subselect").stream()
                    .flatMap(query -> query.nodes("targetList").stream())
                    .findFirst()
                    .flatMap(RuleTree::type);
            case "COLLATEEXPR" -> node.nodes("arg").stream().findFirst().flatMap(RuleTree::type);
            default -> TYPE.stream().flatMap(field -> node.token(field).stream()).findFirst().map(RuleTree::number);
        };
    }

    private static long number(String token) {
        return token.matches("\\d{1,10}") ? Long.parseLong(token) : 0;
    }

    private boolean peek(char expected) {
        skip();
        return position >= text.length() || text.charAt(position) == expected;
    }

    private void skip() {
        while (position < text.length() && Character.isWhitespace(text.charAt(position))) {
            position++;
        }
    }

    /** As pg_strtok of PostgreSQL's read.c: brackets stand for themselves, a backslash protects what follows. */
    private String token() {
        skip();
        int start = position;
        while (position < text.length()) {
            char c = text.charAt(position);
            boolean bracket = c == '(' || c == ')' || c == '{' || c == '}';
            if (Character.isWhitespace(c) || bracket && position > start) {
                break;
            }
            position += c == '\\' ? 2 : 1;
            if (bracket) {
                break;
            }
        }
        position = Math.min(position, text.length());
        return text.substring(start, position);
    }
}
