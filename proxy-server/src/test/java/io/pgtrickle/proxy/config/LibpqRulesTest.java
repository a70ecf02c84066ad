// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LibpqRulesTest {

    private static final String SERVICES = """
            # comment
            [other]
            user=other
            not a setting of ours

            [shop]
            host=db.example
            port=5433
            user=keeper
            password= with blank
            user=second
            sslmode=verify-full
            keepalives=1

            [shop]
            user=third
            """;

    @TempDir
    private Path home;

    @Test
    void withoutAnythingTheDefaultsHold() {
        LibpqRules rules = rules(Map.of());
        assertThat(rules.server()).isEqualTo(new HostPort("localhost", 5432));
        EngineLogin login = rules.login(Optional.empty());
        assertThat(login).isEqualTo(new EngineLogin("system", Optional.empty(), Map.of(), java.util.List.of()));
    }

    @Test
    void theEnvironmentIsAsked() {
        LibpqRules rules = rules(Map.of("PGHOST", "db", "PGPORT", "5433", "PGUSER", "keeper", "PGPASSWORD", "secret", "PGSSLMODE", "require"));
        assertThat(rules.server()).isEqualTo(new HostPort("db", 5433));
        EngineLogin login = rules.login(Optional.empty());
        assertThat(login.user()).isEqualTo("keeper");
        assertThat(login.password()).contains("secret");
        assertThat(login.properties()).containsExactly(Map.entry("sslmode", "require"));
        assertThat(login.toString()).doesNotContain("secret");
    }

    @Test
    void aNamedUserComesFirstAndEmptyVariablesAreAbsent() {
        assertThat(rules(Map.of("PGUSER", "keeper")).login(Optional.of("named")).user()).isEqualTo("named");
        assertThat(rules(Map.of("PGUSER", "", "PGHOST", "")).login(Optional.empty()).user()).isEqualTo("system");
    }

    @Test
    void theServiceComesBeforeTheEnvironment() throws IOException {
        Files.writeString(home.resolve(".pg_service.conf"), SERVICES);
        LibpqRules rules = rules(Map.of("PGSERVICE", "shop", "PGHOST", "elsewhere", "PGUSER", "other", "PGPASSWORD", "other", "PGAPPNAME", "app"));
        assertThat(rules.server()).isEqualTo(new HostPort("db.example", 5433));
        EngineLogin login = rules.login(Optional.empty());
        assertThat(login.user()).isEqualTo("keeper");
        assertThat(login.password()).contains(" with blank");
        assertThat(login.properties()).containsOnly(Map.entry("sslmode", "verify-full"), Map.entry("ApplicationName", "app"));
        assertThat(login.warnings()).containsExactly("service file: keepalives is not supported, ignored");
    }

    @Test
    void theServiceFileIsFoundWhereTheVariablesSay() throws IOException {
        Path system = Files.createDirectory(home.resolve("etc"));
        Files.writeString(system.resolve("pg_service.conf"), SERVICES);
        assertThat(rules(Map.of("PGSERVICE", "shop", "PGSYSCONFDIR", system.toString())).server().host()).isEqualTo("db.example");
        Path own = Files.writeString(home.resolve("own.conf"), "[shop]\nhost=own\n");
        var both = Map.of("PGSERVICE", "shop", "PGSYSCONFDIR", system.toString(), "PGSERVICEFILE", own.toString());
        assertThat(rules(both).server().host()).isEqualTo("own");
    }

    @Test
    void aServiceThatCannotBeReadIsAnError() throws IOException {
        assertThatThrownBy(() -> rules(Map.of("PGSERVICE", "shop"))).isInstanceOf(ConfigException.class)
                .hasMessage("definition of service \"shop\" not found");
        Files.writeString(home.resolve(".pg_service.conf"), SERVICES);
        assertThatThrownBy(() -> rules(Map.of("PGSERVICE", "other"))).isInstanceOf(ConfigException.class).hasMessageEndingWith(".pg_service.conf\", line 4");
    }

    @ParameterizedTest
    @CsvSource({"PGHOST, /tmp", "PGHOST, 'a,b'", "PGPORT, 0", "PGPORT, x"})
    void aServerThatCannotBeDialledIsAnError(String variable, String value) {
        assertThatThrownBy(() -> rules(Map.of(variable, value)).server()).isInstanceOf(ConfigException.class).hasMessageContaining(value);
    }

    @Test
    void aPasswordFileThatOthersCanReadIsIgnored() throws IOException {
        Path file = Files.writeString(home.resolve(".pgpass"), "*:*:*:*:secret\n");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r-----"));
        EngineLogin login = rules(Map.of()).login(Optional.empty());
        assertThat(login.password()).contains("");
        assertThat(login.warnings()).singleElement().asString().contains("has group or world access");

        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
        assertThat(rules(Map.of()).login(Optional.empty()).password()).isEmpty();
    }

    @Test
    void theFileThatPgpassfileNamesIsTheOneThatIsChecked() throws IOException {
        Path file = Files.writeString(home.resolve("passwords"), "");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw----r--"));
        var environment = new HashMap<>(Map.of("PGPASSFILE", file.toString()));
        assertThat(rules(environment).login(Optional.empty()).warnings()).hasSize(1);
        environment.put("PGPASSWORD", "secret");
        assertThat(rules(environment).login(Optional.empty()).warnings()).isEmpty();
    }

    private LibpqRules rules(Map<String, String> environment) {
        return new LibpqRules(environment, home, "system");
    }
}
