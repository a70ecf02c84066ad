// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.demo;

import org.jline.utils.AttributedStyle;

/** How a piece of text of the live view looks, on a terminal and in a picture. */
enum Tone {
    PLAIN(AttributedStyle.DEFAULT, "#c9d1d9"),
    HEADING(AttributedStyle.BOLD, "#ffffff"),
    DIM(AttributedStyle.DEFAULT.faint(), "#8b949e"),
    GOOD(AttributedStyle.DEFAULT.foreground(AttributedStyle.GREEN), "#3fb950"),
    BAD(AttributedStyle.BOLD.foreground(AttributedStyle.RED), "#f85149"),
    ACCENT(AttributedStyle.DEFAULT.foreground(AttributedStyle.CYAN), "#58a6ff");

    final AttributedStyle terminal;
    final String color;

    Tone(AttributedStyle terminal, String color) {
        this.terminal = terminal;
        this.color = color;
    }
}
