// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.sql.parse;

import static io.pgtrickle.sql.parse.TokenTree.elements;
import static io.pgtrickle.sql.parse.TokenTree.isKeyword;
import static io.pgtrickle.sql.parse.TokenTree.isQuery;
import static io.pgtrickle.sql.parse.TokenTree.isSymbol;

import io.pgtrickle.sql.lexer.TokenKind;
import io.pgtrickle.sql.parse.TokenTree.Group;
import io.pgtrickle.sql.parse.TokenTree.Leaf;
import io.pgtrickle.sql.parse.TokenTree.Node;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Folds what a parser may misread into calls (see {@link NormalizedQuery}). Possible because the deparser brackets every
 * operation: between two brackets there is at most one operator, and what stands left and right of it are its operands.
 */
public final class DeparseNormalizer {

    /** Operators every parser reads alike. {@code *} is also count's star. */
    private static final Set<String> PLAIN_OPERATORS = Set.of("+", "-", "*", "/", "%", "=", "<>", "<", ">", "<=", ">=", "||");

    private static final Set<TokenKind> LITERALS =
            EnumSet.of(TokenKind.STRING, TokenKind.ESCAPE_STRING, TokenKind.BIT_STRING, TokenKind.NUMBER);

    /** Functions that are key words; some take a precision in brackets. */
    static final Set<String> VALUE_FUNCTIONS = Set.of(
            "CURRENT_CATALOG",
            "CURRENT_DATE",
            "CURRENT_ROLE",
            "CURRENT_SCHEMA",
            "CURRENT_TIME",
            "CURRENT_TIMESTAMP",
            "CURRENT_USER",
            "LOCALTIME",
            "LOCALTIMESTAMP",
            "SESSION_USER",
            "SYSTEM_USER",
            "USER");

    private final String source;
    private final List<List<String>> templates = new ArrayList<>();

    private DeparseNormalizer(String source) {
        this.source = source;
    }

    public static NormalizedQuery normalize(String canonicalQuery) throws UnsupportedConstructException {
        List<Node> tree = TokenTree.of(canonicalQuery);
        UnsupportedClauses.refuse(tree);
        DeparseNormalizer normalizer = new DeparseNormalizer(canonicalQuery);
        return new NormalizedQuery(normalizer.sequence(tree), normalizer.templates);
    }

    /** A node already rewritten; the node is kept to recognise what it was. */
    private record Done(Node node, String text, int start, int end) {}

    /** A part of the source that becomes an argument of an opaque call. */
    private record Operand(int start, int end, String text) {}

    /** Nodes in a row, none of them an operator the parser must not see. */
    private String sequence(List<Node> nodes) throws UnsupportedConstructException {
        List<Done> done = new ArrayList<>();
        for (int i = 0; i < nodes.size(); i++) {
            Node node = nodes.get(i);
            switch (node) {
                case Group group when isSubscript(group, done) -> i = subscripts(nodes, i, done);
                case Group group -> done.add(new Done(group, group(group), group.start(), group.end()));
                case Leaf leaf when leaf.kind() == TokenKind.TYPECAST -> i = cast(nodes, i, done);
                case Leaf leaf when leaf.text().equals("*") && !done.isEmpty() && isSymbol(done.getLast().node(), ".") ->
                    throw wholeRow(done, leaf);
                case Leaf leaf when leaf.kind() == TokenKind.OPERATOR && !PLAIN_OPERATORS.contains(leaf.text()) ->
                    throw UnsupportedConstructException.unreadable("operator " + leaf.text());
                case Leaf leaf when leaf.isKeyword() -> i = keyword(leaf, nodes, i, done);
                case Leaf leaf -> done.add(new Done(leaf, quoted(leaf), leaf.start(), leaf.end()));
            }
        }
        return join(done);
    }

    private UnsupportedConstructException wholeRow(List<Done> done, Leaf star) throws UnsupportedConstructException {
        Done relation = done.get(primaryStart(done.subList(0, done.size() - 1)));
        return new UnsupportedConstructException("whole-row reference " + source.substring(relation.start(), star.end()));
    }

    /** The same white space as in the source. */
    private String join(List<Done> done) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < done.size(); i++) {
            if (i > 0) {
                text.append(source, done.get(i - 1).end(), done.get(i).start());
            }
            text.append(done.get(i).text());
        }
        return text.toString();
    }

    private static String quoted(Leaf leaf) {
        return leaf.kind() == TokenKind.IDENTIFIER && !isTruthValue(leaf) ? '"' + leaf.text() + '"' : leaf.text();
    }

    private static boolean isTruthValue(Leaf leaf) {
        return leaf.kind() == TokenKind.IDENTIFIER && (leaf.text().equals("true") || leaf.text().equals("false"));
    }

    // ---- brackets

    private String group(Group group) throws UnsupportedConstructException {
        char close = group.open() == '(' ? ')' : ']';
        if (isQuery(group)) {
            return group.open() + sequence(group.content()) + close;
        }
        List<List<Node>> elements = elements(group.content());
        if (elements.size() == 1 && group.open() == '(' && !isMarkedArgument(elements.getFirst())) {
            Optional<String> operation = operation(elements.getFirst(), group.start(), group.end());
            if (operation.isPresent()) {
                return "(" + operation.get() + ")";
            }
        }
        List<String> parts = new ArrayList<>();
        for (List<Node> element : elements) {
            parts.add(element(element));
        }
        return group.open() + String.join(", ", parts) + close;
    }

    /** {@code VARIADIC x} or {@code name => x}: the brackets are the call's, and the name is no column. */
    private static boolean isMarkedArgument(List<Node> element) {
        return isKeyword(element.getFirst(), "VARIADIC")
                || element.size() > 1 && element.get(1) instanceof Leaf leaf && leaf.kind() == TokenKind.EQUALS_GREATER;
    }

    private String element(List<Node> element) throws UnsupportedConstructException {
        if (element.isEmpty()) {
            return "";
        }
        Optional<String> operation =
                operation(element, element.getFirst().start(), element.getLast().end());
        return operation.isPresent() ? operation.get() : sequence(element);
    }

    /** The element as an opaque call over the text from start to end, if there is an operator to be hidden. */
    private Optional<String> operation(List<Node> element, int start, int end) throws UnsupportedConstructException {
        for (int i = 0; i < element.size(); i++) {
            OptionalInt operatorEnd = operatorEnd(element, i);
            if (operatorEnd.isEmpty()) {
                continue;
            }
            List<Operand> operands = new ArrayList<>();
            if (!isMarkedArgument(element)) {
                operands.addAll(operand(element.subList(0, i)));
            }
            List<Node> right = element.subList(operatorEnd.getAsInt(), element.size());
            boolean quantified = isKeyword(element.get(operatorEnd.getAsInt() - 1), "ANY")
                    || isKeyword(element.get(operatorEnd.getAsInt() - 1), "ALL");
            boolean array = quantified && right.size() == 1 && right.getFirst() instanceof Group;
            operands.addAll(operand(array ? ((Group) right.getFirst()).content() : right));
            return Optional.of(opaque(start, end, operands));
        }
        return Optional.empty();
    }

    /** Where the operator that begins at i ends, if one to be hidden begins there. */
    private static OptionalInt operatorEnd(List<Node> nodes, int i) {
        if (!(nodes.get(i) instanceof Leaf leaf)) {
            return OptionalInt.empty();
        }
        boolean last = i + 1 == nodes.size();
        if (leaf.kind() == TokenKind.OPERATOR && !last) {
            boolean quantified = isKeyword(nodes.get(i + 1), "ANY") || isKeyword(nodes.get(i + 1), "ALL");
            return quantified
                    ? OptionalInt.of(i + 2)
                    : PLAIN_OPERATORS.contains(leaf.text()) ? OptionalInt.empty() : OptionalInt.of(i + 1);
        }
        if (leaf.kind() == TokenKind.EQUALS_GREATER) {
            return OptionalInt.of(i + 1);
        }
        if (!leaf.isKeyword()) {
            return OptionalInt.empty();
        }
        return switch (leaf.text()) {
            case "VARIADIC", "OVERLAPS" -> OptionalInt.of(i + 1);
            case "OPERATOR" -> {
                boolean quantified = i + 2 < nodes.size()
                        && (isKeyword(nodes.get(i + 2), "ANY") || isKeyword(nodes.get(i + 2), "ALL"));
                yield OptionalInt.of(quantified ? i + 3 : Math.min(i + 2, nodes.size()));
            }
            case "AT" -> OptionalInt.of(!last && isKeyword(nodes.get(i + 1), "TIME") ? i + 3 : nodes.size());
            case "IS" -> OptionalInt.of(!last && isKeyword(nodes.get(i + 1), "DISTINCT") ? i + 3 : nodes.size());
            case "COLLATE" -> OptionalInt.of(nodes.size());
            default -> OptionalInt.empty();
        };
    }

    private List<Operand> operand(List<Node> nodes) throws UnsupportedConstructException {
        return nodes.isEmpty()
                ? List.of()
                : List.of(new Operand(nodes.getFirst().start(), nodes.getLast().end(), sequence(nodes)));
    }

    private List<Operand> operands(List<List<Node>> lists) throws UnsupportedConstructException {
        List<Operand> operands = new ArrayList<>();
        for (List<Node> nodes : lists) {
            operands.addAll(operand(nodes));
        }
        return operands;
    }

    /** A call that stands for the source from start to end, the operands cut out. */
    private String opaque(int start, int end, List<Operand> operands) {
        List<String> texts = new ArrayList<>();
        int position = start;
        for (Operand operand : operands) {
            texts.add(source.substring(position, operand.start()));
            position = operand.end();
        }
        texts.add(source.substring(position, end));
        templates.add(texts);
        return operands.stream()
                .map(Operand::text)
                .collect(Collectors.joining(", ", NormalizedQuery.OPAQUE + (templates.size() - 1) + "(", ")"));
    }

    // ---- subscripts and casts

    private static boolean isSubscript(Node node, List<Done> done) {
        return node instanceof Group group && group.open() == '[' && !group.content().isEmpty() && !done.isEmpty();
    }

    /** All subscripts in a row are one call, for {@code (a[1])[2]} is not {@code a[1][2]}. Returns the last one's index. */
    private int subscripts(List<Node> nodes, int i, List<Done> done) throws UnsupportedConstructException {
        List<List<Node>> bounds = new ArrayList<>();
        int last = i - 1;
        while (last + 1 < nodes.size() && isSubscript(nodes.get(last + 1), done)) {
            last++;
            bounds.addAll(bounds(((Group) nodes.get(last)).content()));
        }
        suffix(done, nodes.get(last), operands(bounds));
        return last;
    }

    /** Folds the expression at the end of the list and what follows it, up to the given node, into one call. */
    private void suffix(List<Done> done, Node last, List<Operand> more) throws UnsupportedConstructException {
        List<Done> primary = done.subList(primaryStart(done), done.size());
        int start = primary.getFirst().start();
        int end = primary.getLast().end();
        List<Operand> operands = new ArrayList<>();
        if (primary.size() == 1 && primary.getFirst().node() instanceof Group) {
            operands.add(new Operand(start + 1, end - 1, join(primary)));
        } else if (!isLiteral(primary)) {
            operands.add(new Operand(start, end, join(primary)));
        }
        operands.addAll(more);
        String text = opaque(start, last.end(), operands);
        primary.clear();
        done.add(new Done(last, text, start, last.end()));
    }

    private static boolean isLiteral(List<Done> primary) {
        return primary.size() == 1
                && primary.getFirst().node() instanceof Leaf leaf
                && (LITERALS.contains(leaf.kind()) || isKeyword(leaf, "NULL") || isTruthValue(leaf));
    }

    /** One index, or the two ends of a slice, either of which may be missing. */
    private static List<List<Node>> bounds(List<Node> subscript) {
        for (int i = 0; i < subscript.size(); i++) {
            if (isSymbol(subscript.get(i), ":")) {
                return List.of(subscript.subList(0, i), subscript.subList(i + 1, subscript.size()));
            }
        }
        return List.of(subscript);
    }

    /** Where the expression at the end of the list begins: {@code a.b}, {@code (…)}, {@code (…).f}, {@code f(…)}. */
    private static int primaryStart(List<Done> done) throws UnsupportedConstructException {
        if (done.isEmpty()) {
            throw UnsupportedConstructException.unreadable("nothing");
        }
        int i = done.size() - 1;
        boolean call = done.get(i).node() instanceof Group group
                && group.open() == '('
                && i > 0
                && (isName(done.get(i - 1)) || isKeyword(done.get(i - 1).node(), "ROW"));
        if (call) {
            i--;
        }
        while (isName(done.get(i)) && i >= 2 && isSymbol(done.get(i - 1).node(), ".")) {
            i -= 2;
        }
        return i;
    }

    private static boolean isName(Done done) {
        return done.node() instanceof Leaf leaf && leaf.isName();
    }

    /** With the type's name as it is, for {@code timestamp with time zone} has no quoted form. */
    private int cast(List<Node> nodes, int colons, List<Done> done) throws UnsupportedConstructException {
        int last = colons;
        while (last + 1 < nodes.size() && WordyCall.isPartOfType(nodes.get(last + 1))) {
            last++;
        }
        suffix(done, nodes.get(last), List.of());
        return last;
    }

    // ---- key words

    /** Returns the index of the last node used. */
    private int keyword(Leaf word, List<Node> nodes, int i, List<Done> done) throws UnsupportedConstructException {
        Optional<Group> brackets = i + 1 < nodes.size() && nodes.get(i + 1) instanceof Group group && group.open() == '('
                ? Optional.of(group)
                : Optional.empty();
        int end = brackets.map(Group::end).orElse(word.end());
        int last = brackets.isPresent() ? i + 1 : i;
        if (VALUE_FUNCTIONS.contains(word.text())) {
            done.add(new Done(word, opaque(word.start(), end, List.of()), word.start(), end));
            return last;
        }
        if (word.text().equals("ONLY") && i + 1 < nodes.size()) {
            done.add(new Done(word, NormalizedQuery.ONLY + ".", word.start(), nodes.get(i + 1).start()));
            return i;
        }
        if (word.text().equals("ARRAY") && i + 1 < nodes.size() && nodes.get(i + 1) instanceof Group group) {
            String array = opaque(word.start(), group.end(), operands(elements(group.content())));
            done.add(new Done(word, array, word.start(), group.end()));
            return i + 1;
        }
        if (word.text().equals("COLLATION")) {
            return collationFor(word, nodes, i, done);
        }
        if (word.text().equals("OVER")) {
            String call = source.substring(done.get(primaryStart(done)).start(), done.getLast().end());
            throw new UnsupportedConstructException("window function " + call.split("\\(", 2)[0] + "()");
        }
        if (word.text().equals("FILTER") && brackets.isPresent()) {
            filter(brackets.get(), done);
            return last;
        }
        if (WordyCall.isOne(word.text()) && brackets.isPresent()) {
            List<Operand> operands = operands(WordyCall.arguments(word.text(), brackets.get().content()));
            done.add(new Done(word, opaque(word.start(), end, operands), word.start(), end));
            return last;
        }
        done.add(new Done(word, word.text(), word.start(), word.end()));
        return i;
    }

    private int collationFor(Leaf word, List<Node> nodes, int i, List<Done> done) throws UnsupportedConstructException {
        if (i + 2 < nodes.size() && isKeyword(nodes.get(i + 1), "FOR") && nodes.get(i + 2) instanceof Group group) {
            done.add(new Done(word, opaque(word.start(), group.end(), operand(group.content())), word.start(), group.end()));
            return i + 2;
        }
        throw UnsupportedConstructException.unreadable("COLLATION");
    }

    private void filter(Group condition, List<Done> done) throws UnsupportedConstructException {
        if (condition.content().isEmpty() || !isKeyword(condition.content().getFirst(), "WHERE")) {
            throw UnsupportedConstructException.unreadable("FILTER");
        }
        int from = isWithinGroup(done) ? done.size() - 3 : done.size();
        List<Done> call = done.subList(primaryStart(done.subList(0, from)), done.size());
        int start = call.getFirst().start();
        String where = sequence(condition.content().subList(1, condition.content().size()));
        String text = NormalizedQuery.FILTER + "(" + join(call) + ", " + where + ")";
        call.clear();
        done.add(new Done(condition, text, start, condition.end()));
    }

    private static boolean isWithinGroup(List<Done> done) {
        return done.size() > 3 && isKeyword(done.get(done.size() - 3).node(), "WITHIN");
    }
}
