// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.demo;

import java.util.ArrayList;
import java.util.List;
import org.jline.utils.AttributedString;
import org.jline.utils.AttributedStringBuilder;

/** One line of the live view. */
record StyledLine(List<Piece> pieces) {

    /** Text of one tone. */
    record Piece(String text, Tone tone) {}

    static final StyledLine EMPTY = new StyledLine(List.of());

    StyledLine {
        pieces = List.copyOf(pieces);
    }

    static StyledLine of(Tone tone, String text) {
        return EMPTY.and(tone, text);
    }

    StyledLine and(Tone tone, String text) {
        List<Piece> more = new ArrayList<>(pieces);
        more.add(new Piece(text, tone));
        return new StyledLine(more);
    }

    StyledLine left(Tone tone, String text, int width) {
        return and(tone, text + " ".repeat(Math.max(0, width - text.length())));
    }

    StyledLine right(Tone tone, String text, int width) {
        return and(tone, " ".repeat(Math.max(0, width - text.length())) + text);
    }

    int length() {
        return pieces.stream().mapToInt(piece -> piece.text().length()).sum();
    }

    AttributedString forTerminal() {
        AttributedStringBuilder line = new AttributedStringBuilder();
        pieces.forEach(piece -> line.styled(piece.tone().terminal, piece.text()));
        return line.toAttributedString();
    }
}
