// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pgtrickle.wire.auth.StoredSecret;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ConfigFileTest {

    @TempDir
    private Path directory;

    @Test
    void aTypicalPgbouncerIniIsReadUnchanged() throws IOException {
        write("userlist.txt", "\"alice\" \"secret\"\n");
        ConfigFile.Loaded loaded = load("""
                ;; comment
                # comment, too
                [databases]
                shop = host=10.0.0.7 port=5433 dbname=shop_prod user=app password='it''s = secret'
                "odd name" = host=db
                * = host=fallback

                [users]
                alice = pool_mode=session

                [pgbouncer]
                listen_addr = 127.0.0.1, ::1
                listen_port=6543
                auth_type = SCRAM-SHA-256
                auth_file = %s/userlist.txt
                max_client_conn = 250
                client_login_timeout = 2.5
                server_connect_timeout = 0
                log_connections = 0
                verbose = 1
                pool_mode = session
                server_reset_query = DISCARD ALL ; not a comment
                ignore_startup_parameters = extra_float_digits
                """.formatted(directory));
        ProxyConfig config = loaded.config();
        assertThat(loaded.warnings()).isEmpty();
        assertThat(config.listen()).isEqualTo(new ProxyConfig.Listen(List.of("127.0.0.1", "::1"), 6543));
        assertThat(config.authentication().type()).isEqualTo(AuthType.SCRAM_SHA_256);
        assertThat(config.authentication().users().find("alice")).contains(new StoredSecret.Plain("secret"));
        assertThat(config.limits()).isEqualTo(new ProxyConfig.Limits(250, Duration.ofMillis(2500), Duration.ZERO));
        assertThat(config.logging()).isEqualTo(new ProxyConfig.Logging(false, true, true, 1));
        assertThat(config.databases().find("shop")).contains(new DatabaseEntry(Optional.of(new HostPort("10.0.0.7", 5433)),
                Optional.of("shop_prod"), Optional.of("app"), new StoredSecret.Plain("it's = secret")));
        assertThat(config.databases().find("odd name").flatMap(DatabaseEntry::server)).contains(new HostPort("db", 5432));
        assertThat(config.databases().find("whatever").flatMap(DatabaseEntry::server)).contains(new HostPort("fallback", 5432));
    }

    @Test
    void whatIsNotGivenHasItsDefault() throws IOException {
        ProxyConfig config = load("[pgbouncer]\nauth_type = passthrough\n").config();
        ProxyConfig withoutFile = ProxyConfig.passThrough(new HostPort("localhost", 5432));
        assertThat(config).usingRecursiveComparison().ignoringFields("logging", "limits.maxClientConnections").isEqualTo(withoutFile);
        assertThat(config.logging()).isEqualTo(new ProxyConfig.Logging(true, true, true, 0));
        assertThat(withoutFile.logging()).isEqualTo(new ProxyConfig.Logging(false, false, true, 0));
        assertThat(config.listen()).isEqualTo(new ProxyConfig.Listen(List.of("localhost"), 6432));
        assertThat(config.limits()).isEqualTo(new ProxyConfig.Limits(100, Duration.ofSeconds(60), Duration.ofSeconds(15)));
        assertThat(withoutFile.limits().maxClientConnections()).isEqualTo(Integer.MAX_VALUE);
    }

    @Test
    void commandLineOptionsChangeWhereDatabasesWithoutAHostAre() throws IOException {
        ProxyConfig config = load("[databases]\nhere =\nthere = host=other\n[pgbouncer]\nauth_type = passthrough\n").config()
                .withServer(new HostPort("server", 7777))
                .withListen(new HostPort("0.0.0.0", 1));
        assertThat(config.databases().serverOf(config.databases().find("here").orElseThrow())).isEqualTo(new HostPort("server", 7777));
        assertThat(config.databases().serverOf(config.databases().find("there").orElseThrow())).isEqualTo(new HostPort("other", 5432));
        assertThat(config.databases().find("elsewhere")).isEmpty();
        assertThat(config.listen()).isEqualTo(new ProxyConfig.Listen(List.of("0.0.0.0"), 1));
    }

    @Test
    void allDatabasesMustBeOnOneServer() throws IOException {
        ProxyConfig config = load("[databases]\na = host=h\nb = host=h dbname=c\n[pgbouncer]\nauth_type = passthrough\n").config();
        assertThat(config.databases().onlyServer()).isEqualTo(new HostPort("h", 5432));
        ProxyConfig several = load("[databases]\na = host=h\nb = host=h port=5433\nc =\n[pgbouncer]\nauth_type = passthrough\n").config();
        assertThatThrownBy(() -> several.databases().onlyServer()).isInstanceOf(ConfigException.class)
                .hasMessageContaining("h:5432, h:5433, localhost:5432");
        assertThat(ProxyConfig.passThrough(new HostPort("s", 1)).databases().onlyServer()).isEqualTo(new HostPort("s", 1));
    }

    @Test
    void allProblemsAreReportedAtOnceWithTheirLines() {
        assertThatThrownBy(() -> load("""
                [pgbouncer]
                auth_type = passthrough
                lisen_port = 6432
                listen_port = 70000
                [database]
                x = host=y
                [databases]
                a = host=b prot=1
                [users]
                u = polmode=session
                """)).isInstanceOfSatisfying(ConfigException.class, e -> assertThat(e.problems()).containsExactly(
                        directory + "/pgtrickle.ini:3: unknown setting \"lisen_port\", did you mean \"listen_port\"?",
                        directory + "/pgtrickle.ini:4: listen_port = 70000: must be 0 to 65535",
                        directory + "/pgtrickle.ini:5: unknown section \"database\", did you mean \"databases\"?",
                        directory + "/pgtrickle.ini:8: unknown setting \"prot\", did you mean \"port\"?",
                        directory + "/pgtrickle.ini:10: unknown setting \"polmode\", did you mean \"pool_mode\"?"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"novalue", "= value", "[unclosed", "\"unclosed = x", "two words = x"})
    void aLineThatIsNoSettingIsAnErrorWithItsLine(String line) {
        assertProblem("[pgbouncer]\n\n" + line + "\n", "pgtrickle.ini:3: ");
    }

    @Test
    void anUnknownSectionIsAnErrorThoughItIsEmpty() {
        assertProblem("[pgbouncer]\nauth_type = passthrough\n[nope]\n", "unknown section \"nope\"");
    }

    @Test
    void aValueBeforeTheFirstSectionIsAnError() {
        assertProblem("listen_port = 1\n", "pgtrickle.ini:1: a value before the first [section]");
    }

    @ParameterizedTest
    @ValueSource(strings = {"host", "host=", "host=a port=", "=x", "host='x", "host='' port=1"})
    void aBrokenConnectionStringIsAnErrorWithItsLine(String text) {
        assertProblem("[databases]\nx = " + text + "\n", "pgtrickle.ini:2: syntax error in connection string: ");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "pool_mode = transaction | session pooling",
        "default_pool_size = 5 | session pooling",
        "query_timeout = 10 | no such time limit",
        "client_tls_sslmode = prefer | clients are served without TLS",
        "auth_query = SELECT 1 | only users in auth_file",
        "logfile = /var/log/x | standard error"})
    void whatIsNotSupportedYetIsWarnedAbout(String line, String consequence) throws IOException {
        assertThat(load("[pgbouncer]\nauth_type = passthrough\n" + line + "\n").warnings())
                .singleElement().asString().startsWith(directory + "/pgtrickle.ini:3: " + line).contains("not supported yet, ignored").contains(consequence);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "[pgbouncer] client_tls_sslmode = require | served without TLS",
        "[pgbouncer] server_tls_sslmode = verify-full | spoken to without TLS",
        "[pgbouncer] disable_pqexec = 1 | simple queries are accepted",
        "[pgbouncer] user = nobody | the user that started it",
        "[pgbouncer] auth_type = hba | must be one of passthrough, trust, any, md5, scram-sha-256",
        "[databases] x = connect_query='SET ROLE reader' | nothing is run",
        "[databases] x = timezone=UTC | the server's default",
        "[databases] x = host=/tmp | unix sockets are not supported yet",
        "[databases] x = host=a,b | lists of hosts are not supported yet",
        "[databases] x = host=a port=0 | must be 1 to 65535",
        "[databases] pgbouncer = host=a | is reserved"})
    void whatMustNotBeIgnoredIsAnError(String text, String message) {
        assertProblem(text, message);
    }

    @Test
    void passwordsAreNotShownInMessages() {
        assertThatThrownBy(() -> load("[databases]\nx = password=topsecret host=/tmp\ny = password='topsecret\n"))
                .isInstanceOf(ConfigException.class)
                .hasMessageNotContaining("topsecret");
    }

    @Test
    void whoAuthenticatesAndWhoLogsInMustFitTogether() throws IOException {
        write("userlist.txt", "");
        assertProblem("[pgbouncer]\n", "auth_type = md5 needs auth_file");
        assertProblem("[pgbouncer]\nauth_type = trust\n", "auth_type = trust needs auth_file");
        assertProblem("[databases]\nx = user=app\n[pgbouncer]\nauth_type = passthrough\n", "clients log in as themselves");
        assertProblem("[databases]\nx = host=h\n[pgbouncer]\nauth_type = any\n", "nobody has a name of their own");
        assertProblem("[pgbouncer]\nauth_type = any\n", "needs [databases]");
        assertProblem("[pgbouncer]\nauth_type = passthrough\nlisten_addr =\n", "listen_addr names no address");
        assertThat(load("[databases]\nx = user=app\n[pgbouncer]\nauth_type = any\n").warnings()).isEmpty();
    }

    @Test
    void filesThatCannotBeReadAreNamed() throws IOException {
        assertThatThrownBy(() -> ConfigFile.load(directory.resolve("absent.ini"))).isInstanceOf(ConfigException.class).hasMessageContaining("absent.ini: no such file");
        assertProblem("[pgbouncer]\nauth_file = /nowhere/users\n", "cannot read auth_file /nowhere/users: no such file");
        write("userlist.txt", "\"alice\" \"secret\"\n\"bob\" secret\n");
        assertProblem("[pgbouncer]\nauth_file = " + directory + "/userlist.txt\n", "userlist.txt:2: expected \"user\" \"secret\"");
    }

    @Test
    void usersThatCannotLogInAreNamed() throws IOException {
        write("userlist.txt", "\"bob\" \"md58dd4f2b1ad6b9d54f1e5e9b4e2a3c1f0\"\n\"alice\" \"secret\"\n");
        String settings = "[pgbouncer]\nauth_file = " + directory + "/userlist.txt\nauth_type = ";
        assertThat(load(settings + "scram-sha-256\n").warnings()).singleElement().asString().endsWith("auth_type = scram-sha-256: bob");
        assertThat(load(settings + "md5\n").warnings()).isEmpty();
    }

    @Test
    void includedFilesAreReadInPlace() throws IOException {
        write("more.ini", "[databases]\nx = host=included\n");
        assertThat(load("%include " + directory + "/more.ini\n[pgbouncer]\nauth_type = passthrough\n").config().databases().find("x")).isPresent();
        write("loop.ini", "%include " + directory + "/loop.ini\n");
        assertProblem("%include " + directory + "/loop.ini\n", "include each other");
        assertProblem("%include " + directory + "/absent.ini\n", "absent.ini: no such file");
    }

    @Test
    void theSectionOfTheEngineNamesItsUser() throws IOException {
        assertThat(load("[pgtrickle]\nuser = keeper\n[pgbouncer]\nauth_type=passthrough\n").config().engine().user()).contains("keeper");
        assertProblem("[pgtrickle]\nusr = keeper\n", "unknown setting \"usr\", did you mean \"user\"?");
        assertProblem("[pgtrickle]\npoll_interval_ms = 5\n", "ALTER DATABASE name SET pg_trickle.poll_interval_ms = 5");
    }

    @Test
    void noSettingIsBothSupportedAndNot() {
        List<String> supported = ProxySettings.ALL.stream().<String>map(Setting::name).toList();
        List<String> unsupported = UnsupportedSettings.GLOBAL.stream().map(UnsupportedSetting::name).toList();
        assertThat(supported).doesNotHaveDuplicates().doesNotContainAnyElementsOf(unsupported);
        assertThat(unsupported).doesNotHaveDuplicates().isSorted();
    }

    @Test
    void noNameOrDefaultChangesByAccident() {
        assertThat(ProxySettings.ALL).<String>map(setting -> setting.name() + "=" + setting.defaultText()).containsExactly(
                "listen_addr=localhost", "listen_port=6432", "auth_type=md5", "auth_file=", "scram_iterations=4096", "max_client_conn=100",
                "client_login_timeout=60", "server_connect_timeout=15", "log_connections=1", "log_disconnections=1", "log_pooler_errors=1",
                "verbose=0");
    }

    private void assertProblem(String text, String message) {
        assertThatThrownBy(() -> load(text)).isInstanceOf(ConfigException.class).hasMessageContaining(message);
    }

    private ConfigFile.Loaded load(String text) throws IOException {
        return ConfigFile.load(write("pgtrickle.ini", text));
    }

    private Path write(String name, String text) throws IOException {
        return Files.writeString(directory.resolve(name), text);
    }
}
