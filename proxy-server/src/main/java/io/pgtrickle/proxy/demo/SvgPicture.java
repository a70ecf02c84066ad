// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.demo;

import java.io.IOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import javax.xml.stream.XMLOutputFactory;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamWriter;

/** Draws a frame of the live view as SVG, the way it stood on a terminal. */
final class SvgPicture {

    private static final String NAMESPACE = "http://www.w3.org/2000/svg";
    private static final double CHARACTER_WIDTH = 8.4;
    private static final int FONT_SIZE = 14;
    private static final int LINE_HEIGHT = 20;
    private static final int MARGIN = 20;

    private SvgPicture() {}

    static void write(Path file, List<StyledLine> frame) throws IOException {
        Path directory = file.toAbsolutePath().getParent();
        if (directory != null) {
            Files.createDirectories(directory);
        }
        try (Writer writer = Files.newBufferedWriter(file)) {
            XMLStreamWriter xml = XMLOutputFactory.newDefaultFactory().createXMLStreamWriter(writer);
            draw(xml, frame);
            xml.close();
        } catch (XMLStreamException e) {
            throw new IOException("Cannot draw " + file, e);
        }
    }

    private static void draw(XMLStreamWriter xml, List<StyledLine> frame) throws XMLStreamException {
        int columns = frame.stream().mapToInt(StyledLine::length).max().orElse(0);
        long width = Math.round(columns * CHARACTER_WIDTH) + 2 * MARGIN;
        int height = frame.size() * LINE_HEIGHT + 2 * MARGIN;
        xml.writeStartElement("svg");
        xml.writeDefaultNamespace(NAMESPACE);
        xml.writeAttribute("viewBox", "0 0 " + width + " " + height);
        xml.writeAttribute("width", Long.toString(width));
        xml.writeAttribute("font-family", "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace");
        xml.writeAttribute("font-size", Integer.toString(FONT_SIZE));
        xml.writeEmptyElement("rect");
        xml.writeAttribute("width", "100%");
        xml.writeAttribute("height", "100%");
        xml.writeAttribute("rx", "8");
        xml.writeAttribute("fill", "#0d1117");
        for (int i = 0; i < frame.size(); i++) {
            line(xml, frame.get(i), MARGIN + FONT_SIZE + i * LINE_HEIGHT);
        }
        xml.writeEndElement();
    }

    /** Every piece is placed and stretched to its columns, so that the table stands whatever font there is. */
    private static void line(XMLStreamWriter xml, StyledLine line, int y) throws XMLStreamException {
        int column = 0;
        for (StyledLine.Piece piece : line.pieces()) {
            String text = piece.text().strip();
            if (!text.isEmpty()) {
                int blanks = piece.text().indexOf(text);
                xml.writeStartElement("text");
                xml.writeAttribute("x", pixels(MARGIN + (column + blanks) * CHARACTER_WIDTH));
                xml.writeAttribute("y", Integer.toString(y));
                xml.writeAttribute("textLength", pixels(text.length() * CHARACTER_WIDTH));
                xml.writeAttribute("lengthAdjust", "spacingAndGlyphs");
                xml.writeAttribute("fill", piece.tone().color);
                if (piece.tone() == Tone.HEADING) {
                    xml.writeAttribute("font-weight", "bold");
                }
                xml.writeCharacters(text);
                xml.writeEndElement();
            }
            column += piece.text().length();
        }
    }

    private static String pixels(double value) {
        return String.format(Locale.ROOT, "%.1f", value);
    }
}
