// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.demo;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgtrickle.proxy.probe.Bags;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FrameTest {

    private static final long SECOND = 1_000_000_000L;
    private static final ShopView SALES = ShopView.ALL.get(2);
    private static final Traffic.Count TRAFFIC = new Traffic.Count(1234, 56, 7, 4321, 0);

    private final Board board = new Board();

    @Test
    void a_line_shows_the_last_refresh_beside_the_full_one_and_how_often_the_table_equalled_its_query() {
        board.rows(SALES, 299_878);
        board.fullRefresh(SALES, 900);
        board.fullRefresh(SALES, 1000);
        board.fullRefresh(SALES, 5000);
        board.status(status(0, 100));
        board.status(status(2 * SECOND, 500));
        board.checked(SALES, new Bags.Comparison(299_878, List.of()));

        assertThat(line("sales")).matches("sales +join of 4 tables +299,878 +0\\.5 s +200 +4\\.0 ms +1,000 ms +250 +✓ 1");
    }

    @Test
    void a_failed_self_check_stays_on_the_screen_with_what_differed() {
        board.checked(SALES, new Bags.Comparison(1, List.of("too much: (1,x)")));
        board.checked(SALES, new Bags.Comparison(1, List.of()));

        assertThat(line("sales")).endsWith("✗ 1 of 2");
        assertThat(line("sales:")).isEqualTo("sales: too much: (1,x)");
    }

    @Test
    void every_stream_table_has_its_line_before_anything_is_known() {
        assertThat(ShopView.ALL).extracting(view -> line(view.name())).doesNotContain("");
    }

    @Test
    void the_picture_holds_every_word_of_the_frame(@TempDir Path directory) throws IOException {
        board.checked(SALES, new Bags.Comparison(1, List.of("missing: (1,\"<&>\")")));
        Path file = directory.resolve("docs/view.svg");

        SvgPicture.write(file, frame());

        assertThat(Files.readString(file)).startsWith("<svg xmlns=").contains(">sales<", ">join of 4 tables<", "&lt;&amp;").endsWith("</svg>");
    }

    private String line(String beginning) {
        return frame().stream()
                .map(line -> line.pieces().stream().map(StyledLine.Piece::text).collect(Collectors.joining()))
                .filter(line -> line.startsWith(beginning))
                .findFirst()
                .orElse("");
    }

    private List<StyledLine> frame() {
        return new Frame("psql").draw(Duration.ofSeconds(75), board.lines(), TRAFFIC);
    }

    private static TableStatus status(long at, long changes) {
        return new TableStatus("sales", at, "ACTIVE", 0, "", 500, changes, "DIFFERENTIAL", 4);
    }
}
