// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.analysis;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
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

    /** Nodes whose type is that of a field's first node. */
    private static final Map<String, String> PASSED_ON =
            Map.of("TARGETENTRY", "expr", "SUBLINK", "subselect", "QUERY", "targetList", "COLLATEEXPR", "arg");

    /** The field with an expression's type, of whatever kind it is. */
    private static final List<String> TYPE = List.of(
            "vartype", "consttype", "paramtype", "aggtype", "wintype", "refrestype", "funcresulttype", "opresulttype", "resulttype",
            "casetype", "coalescetype", "array_typeid", "row_typeid", "minmaxtype", "typeId", "type");

    /** A node being read: its fields and what stands in them, a token or the type of a node, lists made flat. Nodes nest deeper than a stack. */
    private static final class Node {
        private final String label;
        private final Map<String, List<Object>> fields = new HashMap<>();
        private List<Object> value = List.of();
        private boolean inField;
        private int brackets;

        Node(String label) {
            this.label = label;
        }

        /** What follows a field's name is its value, even if it begins with a colon. */
        boolean begins(String token) {
            return brackets == 0 && token.startsWith(":") && (!inField || !value.isEmpty());
        }

        void field(String name) {
            value = new ArrayList<>();
            inField = true;
            fields.put(name, value);
        }

        void add(Object item) {
            if (inField) {
                value.add(item);
            }
        }

        Optional<String> token(String field) {
            return fields.getOrDefault(field, List.of()).stream().findFirst().filter(String.class::isInstance).map(String.class::cast);
        }

        List<Long> types(String field) {
            return fields.getOrDefault(field, List.of()).stream().filter(Long.class::isInstance).map(Long.class::cast).toList();
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
     * Types by OID; 0 for one that is not known.
     *
     * @param printed whose values become text
     * @param read that text becomes
     */
    record Conversions(Set<Long> printed, Set<Long> read) {}

    /** @param printingFunctions OIDs of functions that print their arguments */
    static Conversions conversions(String tree, Set<Long> printingFunctions) {
        RuleTree reader = new RuleTree(tree, printingFunctions);
        reader.read();
        if (reader.printed.stream().anyMatch(ANONYMOUS::contains)) {
            reader.printed.addAll(reader.inRows);
        }
        return new Conversions(reader.printed, reader.read);
    }

    private void read() {
        Deque<Node> open = new ArrayDeque<>();
        open.push(new Node(""));
        for (String token = token(); !token.isEmpty(); token = token()) {
            Node node = open.getFirst();
            switch (token) {
                case "{" -> open.push(new Node(token()));
                case "}" -> {
                    if (open.size() > 1) {
                        open.pop();
                        open.getFirst().add(close(node));
                    }
                }
                case "(" -> node.brackets++;
                case ")" -> node.brackets--;
                default -> {
                    if (node.begins(token)) {
                        node.field(token.substring(1));
                    } else {
                        node.add(token);
                    }
                }
            }
        }
    }

    /** @return the type of its values */
    private long close(Node node) {
        long type = type(node);
        boolean prints = PRINTING.contains(node.label)
                || CALLS.stream().flatMap(call -> node.token(call).stream()).anyMatch(oid -> printingFunctions.contains(number(oid)));
        if (prints) {
            List.of("arg", "args", "named_args").forEach(arguments -> printed.addAll(node.types(arguments)));
        }
        if (node.label.equals("COERCEVIAIO")) {
            read.add(type);
        }
        if (node.label.equals("ROWEXPR") || node.label.equals("ROW")) {
            inRows.addAll(node.types("args"));
        }
        return type;
    }

    private static long type(Node node) {
        Optional<String> passedOn = Optional.ofNullable(PASSED_ON.get(node.label));
        return passedOn.isPresent()
                ? node.types(passedOn.get()).stream().findFirst().orElse(0L)
                : TYPE.stream().flatMap(field -> node.token(field).stream()).findFirst().map(RuleTree::number).orElse(0L);
    }

    private static long number(String token) {
        boolean digits = token.length() <= 10 && token.chars().allMatch(c -> c >= '0' && c <= '9');
        return digits && !token.isEmpty() ? Long.parseLong(token) : 0;
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
