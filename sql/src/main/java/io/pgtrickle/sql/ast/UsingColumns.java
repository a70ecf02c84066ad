// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.sql.ast;

import io.pgtrickle.sql.ast.FromItem.InnerJoin;
import io.pgtrickle.sql.ast.FromItem.Leaf;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/** Says USING as equalities. Which relation has the column only the catalog knows, hence not the parser's job. */
public final class UsingColumns {

    private UsingColumns() {}

    /** @param columnsOf the names of a leaf's columns, column aliases applied */
    public static List<Expr> equalities(InnerJoin join, Function<Leaf, List<String>> columnsOf) {
        return join.using().stream()
                .<Expr>map(name -> new Expr.Equality(
                        column(join.left(), name, columnsOf), column(join.right(), name, columnsOf)))
                .toList();
    }

    /** Of several leaves with the name, the first: the others were merged into it by an inner USING. */
    private static Expr.Column column(FromItem side, String name, Function<Leaf, List<String>> columnsOf) {
        Leaf leaf = side.leaves().stream()
                .filter(candidate -> columnsOf.apply(candidate).contains(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no relation has the USING column " + name));
        return new Expr.Column(Optional.of(leaf.alias()), name);
    }
}
