// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.sql.parse;

import io.pgtrickle.sql.parse.TokenTree.Group;
import io.pgtrickle.sql.parse.TokenTree.Leaf;
import io.pgtrickle.sql.parse.TokenTree.Node;
import java.util.ArrayList;
import java.util.List;

/** Refuses, by name, clauses that key words alone give away, so that no parser has to read them. */
final class UnsupportedClauses {

    /** The words, with {@code (} for an opening bracket, and what a user calls the construct. */
    private record Clause(List<String> words, String construct) {}

    private static final List<Clause> CLAUSES = List.of(
            clause("LEFT JOIN", "LEFT JOIN"),
            clause("RIGHT JOIN", "RIGHT JOIN"),
            clause("FULL JOIN", "FULL JOIN"),
            clause("LATERAL XMLTABLE", "XMLTABLE"),
            clause("LATERAL JSON_TABLE", "JSON_TABLE"),
            clause("LATERAL", "LATERAL"),
            clause("EXISTS (", "EXISTS (subquery)"),
            clause("IN ( SELECT", "IN (subquery)"),
            clause("IN ( WITH", "IN (subquery)"),
            clause("IN ( VALUES", "IN (VALUES …)"),
            clause("ANY ( SELECT", "ANY (subquery)"),
            // after an operator, unlike UNION ALL ( SELECT
            clause(" ALL ( SELECT", "ALL (subquery)"),
            clause("ARRAY ( SELECT", "ARRAY(subquery)"),
            clause("WITH RECURSIVE", "WITH RECURSIVE"),
            clause("INTERSECT", "INTERSECT"),
            clause("EXCEPT", "EXCEPT"),
            clause("DISTINCT ON", "DISTINCT ON"),
            clause("GROUPING SETS", "GROUPING SETS"),
            clause("ROLLUP", "ROLLUP"),
            clause("CUBE", "CUBE"),
            clause("GROUP BY DISTINCT", "GROUP BY DISTINCT"),
            clause("GROUP BY ( )", "GROUP BY ()"),
            clause("GROUPING", "GROUPING()"),
            clause("LIMIT", "LIMIT"),
            clause("OFFSET", "OFFSET"),
            clause("FETCH FIRST", "FETCH FIRST"),
            clause("FOR UPDATE", "FOR UPDATE"),
            clause("FOR NO KEY UPDATE", "FOR NO KEY UPDATE"),
            clause("FOR SHARE", "FOR SHARE"),
            clause("FOR KEY SHARE", "FOR KEY SHARE"),
            clause("TABLESAMPLE", "TABLESAMPLE"),
            clause("XMLTABLE", "XMLTABLE"),
            clause("JSON_TABLE", "JSON_TABLE"),
            clause("ROWS FROM", "ROWS FROM"),
            clause("WITH ORDINALITY", "WITH ORDINALITY"),
            clause("IS DOCUMENT", "IS DOCUMENT"),
            clause("SELECT FROM", "a select list without columns"),
            clause("MERGE_ACTION", "MERGE_ACTION()"),
            clause("VALUES", "VALUES"));

    private UnsupportedClauses() {}

    static void refuse(List<Node> tree) throws UnsupportedConstructException {
        List<String> words = new ArrayList<>();
        flatten(tree, words);
        for (int i = 0; i < words.size(); i++) {
            for (Clause clause : CLAUSES) {
                int end = i + clause.words().size();
                if (end <= words.size() && words.subList(i, end).equals(clause.words())) {
                    throw new UnsupportedConstructException(clause.construct());
                }
            }
            refuseFamily(words.get(i));
            refuseUsing(words.subList(i, words.size()));
        }
    }

    private static void refuseFamily(String word) throws UnsupportedConstructException {
        if (word.equals("JSON_ARRAYAGG") || word.equals("JSON_OBJECTAGG")) {
            throw new UnsupportedConstructException("aggregate " + word + "()");
        }
        if (word.startsWith("XML")) {
            throw new UnsupportedConstructException("XML expression " + word + "()");
        }
    }

    /** {@code ORDER BY x USING <} and {@code JOIN … USING (x) AS alias}. */
    private static void refuseUsing(List<String> words) throws UnsupportedConstructException {
        if (words.size() < 2 || !words.getFirst().equals("USING")) {
            return;
        }
        if (!words.get(1).equals("(")) {
            throw new UnsupportedConstructException("ORDER BY … USING operator");
        }
        int next = words.indexOf(")") + 1;
        if (next < words.size() && words.get(next).equals("AS")) {
            throw new UnsupportedConstructException("JOIN … USING with an alias");
        }
    }

    /** Key words and brackets; everything else is an empty word. */
    private static void flatten(List<Node> nodes, List<String> words) {
        for (Node node : nodes) {
            switch (node) {
                case Leaf leaf -> words.add(leaf.isKeyword() ? leaf.text() : "");
                case Group group -> {
                    words.add(String.valueOf(group.open()));
                    flatten(group.content(), words);
                    words.add(group.open() == '(' ? ")" : "]");
                }
            }
        }
    }

    private static Clause clause(String words, String construct) {
        return new Clause(List.of(words.split(" ")), construct);
    }
}
