// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.rules;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** How Java files look in every module. */
class SourceFilesTest {

    private record Source(Path path, String text) {}

    private static List<Source> sources = List.of();

    @BeforeAll
    static void read() throws IOException {
        Path root = Path.of("..").toRealPath();
        try (Stream<Path> modules = Files.list(root)) {
            sources = modules.map(module -> module.resolve("src"))
                    .filter(Files::isDirectory)
                    .flatMap(SourceFilesTest::javaFiles)
                    .toList();
        }
        assertThat(sources).hasSizeGreaterThan(50);
    }

    @Test
    void the_first_line_names_the_licence() {
        assertThat(those(source -> !source.text().startsWith("// SPDX-License-Identifier: Apache-2.0\n"))).isEmpty();
    }

    @Test
    void no_line_ends_in_blanks_and_no_file_without_a_line_break() {
        assertThat(those(source -> source.text().contains(" \n") || source.text().contains("\t\n"))).isEmpty();
        assertThat(those(source -> source.text().contains("\r"))).isEmpty();
        assertThat(those(source -> !source.text().endsWith("\n") || source.text().endsWith("\n\n"))).isEmpty();
    }

    @Test
    void indentation_is_blanks() {
        assertThat(those(source -> source.text().contains("\n\t"))).isEmpty();
    }

    @Test
    void every_package_of_the_product_says_what_lives_there() {
        assertThat(those(source -> source.path().toString().contains("/src/main/")
                        && !Files.exists(source.path().resolveSibling("package-info.java"))))
                .isEmpty();
    }

    private static List<Path> those(Predicate<Source> condition) {
        return sources.stream().filter(condition).map(Source::path).toList();
    }

    private static Stream<Source> javaFiles(Path directory) {
        try (Stream<Path> all = Files.walk(directory)) {
            return all.filter(path -> path.toString().endsWith(".java")).map(SourceFilesTest::source).toList().stream();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Source source(Path path) {
        try {
            return new Source(path, Files.readString(path));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
