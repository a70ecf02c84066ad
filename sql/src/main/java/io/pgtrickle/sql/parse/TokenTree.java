// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.sql.parse;

import io.pgtrickle.sql.lexer.SqlLexer;
import io.pgtrickle.sql.lexer.Token;
import io.pgtrickle.sql.lexer.TokenKind;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/**
 * Canonical text as words and brackets. The deparser prints key words in capitals and every name that is not plain lower
 * case in quotes, so a bare word in capitals is always a key word.
 */
final class TokenTree {

    sealed interface Node {
        int start();

        int end();
    }

    record Leaf(TokenKind kind, String text, int start, int end) implements Node {
        boolean isKeyword() {
            return kind == TokenKind.IDENTIFIER && Character.isUpperCase(text.charAt(0));
        }

        boolean isName() {
            return kind == TokenKind.QUOTED_IDENTIFIER || kind == TokenKind.IDENTIFIER && !isKeyword();
        }
    }

    /** A pair of brackets and what is between them. */
    record Group(char open, List<Node> content, int start, int end) implements Node {}

    /** Of brackets and CASEs in each other; what recurses over a query fits into any thread's stack then. */
    private static final int MAX_DEPTH = 200;

    private final String source;
    private final Iterator<Token> tokens;
    private int groupEnd;
    private int depth;

    private TokenTree(String source) {
        this.source = source;
        this.tokens = SqlLexer.significantTokens(source, true).iterator();
    }

    static List<Node> of(String source) throws UnsupportedConstructException {
        return new TokenTree(source).sequence('\0');
    }

    private List<Node> sequence(char close) throws UnsupportedConstructException {
        List<Node> nodes = new ArrayList<>();
        while (tokens.hasNext()) {
            Token token = tokens.next();
            String text = token.text(source);
            if (token.kind().isError()) {
                throw UnsupportedConstructException.unreadable(text);
            }
            descend(text);
            switch (text) {
                case "(", "[" -> {
                    List<Node> content = sequence(text.equals("(") ? ')' : ']');
                    nodes.add(new Group(text.charAt(0), content, token.start(), groupEnd));
                }
                case ")", "]" -> {
                    if (text.charAt(0) != close) {
                        throw UnsupportedConstructException.unreadable(text);
                    }
                    groupEnd = token.end();
                    return nodes;
                }
                default -> nodes.add(new Leaf(token.kind(), text, token.start(), token.end()));
            }
        }
        if (close != '\0') {
            throw UnsupportedConstructException.unreadable("end of query");
        }
        return nodes;
    }

    private void descend(String text) throws UnsupportedConstructException {
        depth += switch (text) {
            case "(", "[", "CASE" -> 1;
            case ")", "]", "END" -> -1;
            default -> 0;
        };
        if (depth > MAX_DEPTH) {
            throw new UnsupportedConstructException("nesting deeper than " + MAX_DEPTH + " levels");
        }
    }

    static boolean isKeyword(Node node, String word) {
        return node instanceof Leaf leaf && leaf.isKeyword() && leaf.text().equals(word);
    }

    static boolean isSymbol(Node node, String symbol) {
        return node instanceof Leaf leaf && leaf.kind() == TokenKind.SYMBOL && leaf.text().equals(symbol);
    }

    static boolean isQuery(Group group) {
        return !group.content().isEmpty()
                && (isKeyword(group.content().getFirst(), "SELECT")
                        || isKeyword(group.content().getFirst(), "WITH")
                        || isKeyword(group.content().getFirst(), "VALUES")
                        || group.content().getFirst() instanceof Group first && first.open() == '(' && isSetOperation(group));
    }

    /** {@code ( SELECT …) UNION …}. */
    private static boolean isSetOperation(Group group) {
        return group.content().size() > 1
                && group.content().get(1) instanceof Leaf leaf
                && leaf.isKeyword()
                && List.of("UNION", "INTERSECT", "EXCEPT").contains(leaf.text());
    }

    /** The parts between commas; none for an empty list. */
    static List<List<Node>> elements(List<Node> nodes) {
        List<List<Node>> elements = new ArrayList<>();
        int from = 0;
        for (int i = 0; i <= nodes.size(); i++) {
            if (i == nodes.size() ? i > 0 : isSymbol(nodes.get(i), ",")) {
                elements.add(nodes.subList(from, i));
                from = i + 1;
            }
        }
        return elements;
    }
}
