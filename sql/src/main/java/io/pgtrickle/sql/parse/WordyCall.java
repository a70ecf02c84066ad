// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.sql.parse;

import static io.pgtrickle.sql.parse.TokenTree.isKeyword;
import static io.pgtrickle.sql.parse.TokenTree.isSymbol;

import io.pgtrickle.sql.lexer.TokenKind;
import io.pgtrickle.sql.parse.TokenTree.Group;
import io.pgtrickle.sql.parse.TokenTree.Leaf;
import io.pgtrickle.sql.parse.TokenTree.Node;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Calls with words between their arguments, e.g. {@code TRIM(BOTH a FROM b)}: which of it are arguments. */
final class WordyCall {

    private static final Map<String, Set<String>> WORDS = Map.of(
            "EXTRACT", Set.of("FROM"),
            "SUBSTRING", Set.of("FROM", "FOR", "SIMILAR", "ESCAPE"),
            "POSITION", Set.of("IN"),
            "OVERLAY", Set.of("PLACING", "FROM", "FOR"),
            "TRIM", Set.of("BOTH", "LEADING", "TRAILING", "FROM"),
            "NORMALIZE", Set.of("NFC", "NFD", "NFKC", "NFKD"));

    /** In these every word is one, unless it begins an expression. */
    private static final Set<String> JSON = Set.of(
            "JSON",
            "JSON_ARRAY",
            "JSON_EXISTS",
            "JSON_OBJECT",
            "JSON_QUERY",
            "JSON_SCALAR",
            "JSON_SERIALIZE",
            "JSON_VALUE");

    private static final Set<String> EXPRESSIONS = Set.of("COALESCE", "COLLATION", "GREATEST", "LEAST", "NULLIF", "ROW");

    private final String function;
    private final List<Node> content;

    private WordyCall(String function, List<Node> content) {
        this.function = function;
        this.content = content;
    }

    static boolean isOne(String function) {
        return WORDS.containsKey(function) || JSON.contains(function);
    }

    /** The arguments among the nodes between the brackets; some may be empty. */
    static List<List<Node>> arguments(String function, List<Node> content) {
        return new WordyCall(function, content).arguments();
    }

    private List<List<Node>> arguments() {
        List<List<Node>> arguments = new ArrayList<>();
        // EXTRACT's field looks like a name.
        int from = function.equals("EXTRACT") ? 1 : 0;
        for (int i = from; i <= content.size(); i++) {
            int next = i == content.size() ? i + 1 : afterSeparator(i);
            if (next > i) {
                arguments.add(content.subList(from, i));
                from = next;
                i = next - 1;
            } else if (isKeyword(content.get(i), "CASE")) {
                i = endOfCase(i);
            }
        }
        return arguments;
    }

    /** Where a separator that begins at i ends; i if there is none. */
    private int afterSeparator(int i) {
        Node node = content.get(i);
        if (isSymbol(node, ",") || isSymbol(node, ":")) {
            return i + 1;
        }
        if (!(node instanceof Leaf leaf && leaf.isKeyword())) {
            return i;
        }
        if (WORDS.containsKey(function)) {
            return WORDS.getOrDefault(function, Set.of()).contains(leaf.text()) ? i + 1 : i;
        }
        return switch (leaf.text()) {
            case "RETURNING" -> afterType(i + 1);
            case "AS", "FORMAT" -> Math.min(i + 2, content.size());
            case "CASE" -> i;
            case "NULL" -> i + 1 < content.size() && isTypecast(content.get(i + 1)) ? i : i + 1;
            case "ARRAY" -> i + 1 < content.size() && content.get(i + 1) instanceof Group ? i : i + 1;
            default -> beginsExpression(leaf.text()) ? i : i + 1;
        };
    }

    private static boolean beginsExpression(String word) {
        return EXPRESSIONS.contains(word) || isOne(word) || DeparseNormalizer.VALUE_FUNCTIONS.contains(word);
    }

    private static boolean isTypecast(Node node) {
        return node instanceof Leaf leaf && leaf.kind() == TokenKind.TYPECAST;
    }

    private int afterType(int i) {
        int end = i;
        while (end < content.size() && isPartOfType(content.get(end))) {
            end++;
        }
        return end;
    }

    /** A type's name is words, perhaps qualified, with a modifier in brackets somewhere and empty array brackets. */
    static boolean isPartOfType(Node node) {
        return switch (node) {
            case Leaf leaf -> leaf.isName() || isSymbol(leaf, ".");
            case Group group -> group.open() == '(' || group.content().isEmpty();
        };
    }

    private int endOfCase(int begin) {
        int depth = 0;
        for (int i = begin; i < content.size(); i++) {
            depth += isKeyword(content.get(i), "CASE") ? 1 : isKeyword(content.get(i), "END") ? -1 : 0;
            if (depth == 0) {
                return i;
            }
        }
        return content.size() - 1;
    }
}
