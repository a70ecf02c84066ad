// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.sql.jsqlparser;

import io.pgtrickle.sql.ast.Expr;
import io.pgtrickle.sql.ast.Expr.Piece;
import java.util.ArrayList;
import java.util.List;

/** Collects text and subexpressions; adjacent texts become one, so that equal expressions have equal pieces. */
final class CompositeBuilder {

    private final List<Piece> pieces = new ArrayList<>();
    private final StringBuilder text = new StringBuilder();

    static Expr text(String text) {
        return new CompositeBuilder().add(text).build();
    }

    CompositeBuilder add(String more) {
        text.append(more);
        return this;
    }

    CompositeBuilder add(Expr expression) {
        flush();
        pieces.add(new Piece.Sub(expression));
        return this;
    }

    CompositeBuilder addAll(List<Expr> expressions) {
        for (int i = 0; i < expressions.size(); i++) {
            add(i == 0 ? "" : ", ").add(expressions.get(i));
        }
        return this;
    }

    Expr build() {
        flush();
        return new Expr.Composite(pieces);
    }

    private void flush() {
        if (!text.isEmpty()) {
            pieces.add(new Piece.Text(text.toString()));
            text.setLength(0);
        }
    }
}
