// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.plan;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The SQL of every golden case, to be reviewed as a diff. {@code -Dpgtrickle.golden=write} writes the files anew; to add a
 * case, write its header lines (see {@link GoldenCase}) and do that.
 */
class GoldenSqlTest {

    private static final Path DIRECTORY = Path.of("src/test/resources/io/pgtrickle/dvm/plan/golden");

    static Stream<String> cases() throws IOException {
        try (Stream<Path> files = Files.list(DIRECTORY)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList().stream();
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void theGeneratedSqlIsTheReviewedOne(String name) {
        Path file = DIRECTORY.resolve(name);
        try {
            String golden = Files.readString(file);
            String rendered = GoldenCase.read(golden).render();
            if ("write".equals(System.getProperty("pgtrickle.golden"))) {
                Files.writeString(file, rendered);
            } else {
                assertThat(rendered).isEqualTo(golden);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
