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
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/**
 * Folds what a parser may misread into calls (see {@link NormalizedQuery}). Possible because the deparser brackets every
 * operation: between two brackets there is at most one operator, and what stands left and right of it are its operands.
 */
public final class DeparseNormalizer {

    /** Operators every parser reads alike. {@code *} is also count's star. */
    private static final Set<String> PLAIN_OPERATORS = Set.of("+", "-", "*", "/", "%", "=", "<>", "<", ">", "<=", ">=", "||");

    /** Functions with arguments in words, and these words. */
    private static final Map<String, Set<String>> WORDY_FUNCTIONS = Map.of(
            "EXTRACT", Set.of("FROM"),
            "SUBSTRING", Set.of("FROM", "FOR", "SIMILAR", "ESCAPE"),
            "POSITION", Set.of("IN"),
            "OVERLAY", Set.of("PLACING", "FROM", "FOR"),
            "TRIM", Set.of("BOTH", "LEADING", "TRAILING", "FROM"),
            "NORMALIZE", Set.of("NFC", "NFD", "NFKC", "NFKD"));

    /** Functions that are key words; some take a precision in brackets. */
    private static final Set<String> VALUE_FUNCTIONS = Set.of(
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

    /** Nodes in a row, none of them an operator the parser must not see. */
    private String sequence(List<Node> nodes) throws UnsupportedConstructException {
        List<Done> done = new ArrayList<>();
        for (int i = 0; i < nodes.size(); i++) {
            Node node = nodes.get(i);
            switch (node) {
                case Group group when isSubscript(group, done) -> i = subscripts(nodes, i, done);
                case Group group -> done.add(new Done(group, group(group), group.start(), group.end()));
                case Leaf leaf when leaf.kind() == TokenKind.TYPECAST -> i = cast(nodes, i, done);
                case Leaf leaf when leaf.kind() == TokenKind.OPERATOR && !PLAIN_OPERATORS.contains(leaf.text()) ->
                    throw UnsupportedConstructException.unreadable("operator " + leaf.text());
                case Leaf leaf when leaf.isKeyword() -> i = keyword(leaf, nodes, i, done);
                case Leaf leaf -> done.add(new Done(leaf, quoted(leaf), leaf.start(), leaf.end()));
            }
        }
        return join(done);
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
        boolean plainName = leaf.kind() == TokenKind.IDENTIFIER
                && !leaf.text().equals("true")
                && !leaf.text().equals("false");
        return plainName ? '"' + leaf.text() + '"' : leaf.text();
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

    /** {@code VARIADIC x} or {@code name => x}: the brackets are the call's. */
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
            List<List<Node>> operands = new ArrayList<>();
            operands.add(element.subList(0, i));
            List<Node> right = element.subList(operatorEnd.getAsInt(), element.size());
            boolean quantified = isKeyword(element.get(operatorEnd.getAsInt() - 1), "ANY")
                    || isKeyword(element.get(operatorEnd.getAsInt() - 1), "ALL");
            operands.add(quantified && right.size() == 1 && right.getFirst() instanceof Group array ? array.content() : right);
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

    /** A call that stands for the source from start to end, the operands cut out; empty operands are none. */
    private String opaque(int start, int end, List<List<Node>> operands) throws UnsupportedConstructException {
        List<String> texts = new ArrayList<>();
        List<String> arguments = new ArrayList<>();
        int position = start;
        for (List<Node> operand : operands) {
            if (!operand.isEmpty()) {
                texts.add(source.substring(position, operand.getFirst().start()));
                arguments.add(sequence(operand));
                position = operand.getLast().end();
            }
        }
        texts.add(source.substring(position, end));
        templates.add(texts);
        return NormalizedQuery.OPAQUE + (templates.size() - 1) + "(" + String.join(", ", arguments) + ")";
    }

    // ---- subscripts and casts

    /** {@code a[1]}, not {@code ARRAY[1]} and not the empty brackets of a type. */
    private static boolean isSubscript(Node node, List<Done> done) {
        return node instanceof Group group
                && group.open() == '['
                && !group.content().isEmpty()
                && !done.isEmpty()
                && !isKeyword(done.getLast().node(), "ARRAY");
    }

    /** All subscripts in a row are one call, for {@code (a[1])[2]} is not {@code a[1][2]}. Returns the last one's index. */
    private int subscripts(List<Node> nodes, int i, List<Done> done) throws UnsupportedConstructException {
        List<List<Node>> bounds = new ArrayList<>();
        int last = i - 1;
        while (last + 1 < nodes.size() && isSubscript(nodes.get(last + 1), done)) {
            last++;
            bounds.addAll(bounds(((Group) nodes.get(last)).content()));
        }
        List<Done> array = done.subList(primaryStart(done), done.size());
        int start = array.getFirst().start();
        int end = nodes.get(last).end();
        // The array is rewritten already: its hole is made by hand, in front of those of the bounds.
        String call = opaque(array.getLast().end(), end, bounds);
        List<String> texts = new ArrayList<>(templates.removeLast());
        if (array.stream().anyMatch(part -> part.node() instanceof Group)) {
            texts.set(0, ")" + texts.getFirst());
            texts.addFirst("(");
        } else {
            texts.addFirst("");
        }
        templates.add(texts);
        int open = call.indexOf('(') + 1;
        String text = call.substring(0, open) + join(array) + (texts.size() == 2 ? "" : ", ") + call.substring(open);
        array.clear();
        done.add(new Done(nodes.get(last), text, start, end));
        return last;
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
    private static int primaryStart(List<Done> done) {
        int i = done.size() - 1;
        boolean call = done.get(i).node() instanceof Group group && group.open() == '(' && i > 0 && isName(done.get(i - 1));
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

    /** {@code ::} and the type's name stay as they are, for {@code timestamp with time zone} has no quoted form. */
    private int cast(List<Node> nodes, int colons, List<Done> done) {
        int i = colons + 1;
        while (i < nodes.size() && isPartOfType(nodes.get(i))) {
            i++;
        }
        int start = nodes.get(colons).start();
        int end = nodes.get(i - 1).end();
        done.add(new Done(nodes.get(colons), source.substring(start, end), start, end));
        return i - 1;
    }

    private static boolean isPartOfType(Node node) {
        return switch (node) {
            case Leaf leaf -> leaf.isName() || isSymbol(leaf, ".");
            case Group group -> group.open() == '(' || group.content().isEmpty();
        };
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
        if (word.text().equals("COLLATION")) {
            return collationFor(word, nodes, i, done);
        }
        if (word.text().equals("OVER")) {
            Done call = done.get(primaryStart(done));
            String name = source.substring(call.start(), source.indexOf('(', call.start()));
            throw new UnsupportedConstructException("window function " + name + "()");
        }
        if (word.text().equals("FILTER") && brackets.isPresent()) {
            filter(brackets.get(), done);
            return last;
        }
        if (WORDY_FUNCTIONS.containsKey(word.text()) && brackets.isPresent()) {
            List<List<Node>> operands = wordyOperands(word.text(), brackets.get().content());
            done.add(new Done(word, opaque(word.start(), end, operands), word.start(), end));
            return last;
        }
        done.add(new Done(word, word.text(), word.start(), word.end()));
        return i;
    }

    private int collationFor(Leaf word, List<Node> nodes, int i, List<Done> done) throws UnsupportedConstructException {
        if (i + 2 < nodes.size() && isKeyword(nodes.get(i + 1), "FOR") && nodes.get(i + 2) instanceof Group group) {
            done.add(new Done(word, opaque(word.start(), group.end(), List.of(group.content())), word.start(), group.end()));
            return i + 2;
        }
        throw UnsupportedConstructException.unreadable("COLLATION");
    }

    private void filter(Group condition, List<Done> done) throws UnsupportedConstructException {
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

    /** The parts between the function's own words and commas; EXTRACT's field is such a word, too. */
    private static List<List<Node>> wordyOperands(String function, List<Node> content) {
        Set<String> words = WORDY_FUNCTIONS.getOrDefault(function, Set.of());
        List<List<Node>> operands = new ArrayList<>();
        int from = function.equals("EXTRACT") ? 1 : 0;
        for (int i = from; i <= content.size(); i++) {
            boolean separator = i == content.size()
                    || isSymbol(content.get(i), ",")
                    || content.get(i) instanceof Leaf leaf && leaf.isKeyword() && words.contains(leaf.text());
            if (separator) {
                operands.add(content.subList(from, i));
                from = i + 1;
            }
        }
        return operands;
    }
}
