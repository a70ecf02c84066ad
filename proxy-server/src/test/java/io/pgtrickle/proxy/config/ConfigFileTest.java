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
import java.util.Map;
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
        assertThat(config.limits()).isEqualTo(new ProxyConfig.Limits(250, 200, Duration.ofMillis(2500), Duration.ZERO));
        assertThat(config.logging()).isEqualTo(new ProxyConfig.Logging(false, true, true, 1));
        assertThat(config.databases().find("shop")).contains(new DatabaseEntry(Optional.of(new HostPort("10.0.0.7", 5433)),
                Optional.of("shop_prod"), Optional.of("app"), new StoredSecret.Plain("it's = secret")));
        assertThat(config.databases().find("odd name").flatMap(DatabaseEntry::server)).contains(new HostPort("db", 5432));
        assertThat(config.databases().find("whatever").flatMap(DatabaseEntry::server)).contains(new HostPort("fallback", 5432));
    }

    @Test
    void hostsAreLists() throws IOException {
        DatabaseEntry entry = load("[pgbouncer]\nauth_type = any\n[databases]\nx = user=u host='a, /run/pg, ::1' port=1,2,3"
                + " load_balance_hosts=disable target_session_attrs=primary\n").config().databases().find("x").orElseThrow();
        assertThat(entry.server()).contains(new HostPort("a", 1));
        assertThat(entry.hosts()).isEqualTo(
                new HostChoice(List.of(new HostPort("/run/pg", 2), new HostPort("::1", 3)), false, TargetSession.PRIMARY));
    }

    @Test
    void whatTheProxyCannotKnowCannotBeDemanded() {
        assertProblem("[databases]\nx = host=a,b target_session_attrs=primary\n[pgbouncer]\nauth_type = passthrough\n", "database x sets target_session_attrs");
    }

    @Test
    void whatIsNotGivenHasItsDefault() throws IOException {
        ProxyConfig config = load("[pgbouncer]\nauth_type = passthrough\n").config();
        ProxyConfig withoutFile = ProxyConfig.passThrough(new HostPort("localhost", 5432));
        assertThat(config).usingRecursiveComparison().ignoringFields("network.unix", "pooling", "logging", "limits.maxClientConnections", "admin.settings").isEqualTo(withoutFile);
        assertThat(config.pooling().pooling("d", "u")).isEqualTo(withoutFile.pooling().pooling("d", "u"));
        assertThat(config.logging()).isEqualTo(new ProxyConfig.Logging(true, true, true, 0));
        assertThat(withoutFile.logging()).isEqualTo(new ProxyConfig.Logging(false, false, true, 0));
        assertThat(config.listen()).isEqualTo(new ProxyConfig.Listen(List.of("localhost"), 6432));
        assertThat(config.limits()).isEqualTo(new ProxyConfig.Limits(100, 200, Duration.ofSeconds(60), Duration.ofSeconds(15)));
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
        "auth_ldap_options = ldapurl=x | no LDAP authentication",
        "syslog = 1 | standard error"})
    void whatIsNotSupportedYetIsWarnedAbout(String line, String consequence) throws IOException {
        assertThat(load("[pgbouncer]\nauth_type = passthrough\n" + line + "\n").warnings())
                .singleElement().asString().startsWith(directory + "/pgtrickle.ini:3: " + line).contains("not supported yet, ignored").contains(consequence);
    }

    @Test
    void connectionsThatClientsLogInToThemselvesAreNotShared() throws IOException {
        assertThat(load("[pgbouncer]\nauth_type = passthrough\npool_mode = transaction\n").warnings())
                .singleElement().asString().contains("auth_type = passthrough").contains("connection of its own");
        assertThat(load("[pgbouncer]\nauth_type = passthrough\n").warnings()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "[pgbouncer] client_tls_sslmode = on | must be one of disable, allow, prefer, require, verify-ca, verify-full",
        "[pgbouncer] server_tls_protocols = tlsv1.2, sslv3 | \"sslv3\" is none of tlsv1.0, tlsv1.1, tlsv1.2, tlsv1.3, secure, all, legacy",
        "[pgbouncer] client_tls_protocols = tlsv1.2:!all | names no version of TLS",
        "[pgbouncer] client_tls_dheparams = 2048 | must be one of",
        "[pgbouncer] auth_type = cert | auth_type = cert needs client_tls_sslmode = verify-full",
        "[peers] 0 = host=a | must be 1 to 16383",
        "[peers] 1 = port=2 | host is missing",
        "[peers] 1 = host=a prot=2 | unknown setting \"prot\", did you mean \"port\"?",
        "[pgbouncer] user = nobody | the user that started it",
        "[pgbouncer] auth_type = gss | must be one of passthrough, trust, any, plain, md5, scram-sha-256, cert, hba",
        "[pgbouncer] auth_type = ldap | pgtrickle.ini:1: auth_type = ldap: LDAP and PAM are not supported; with auth_type = passthrough",
        "[pgbouncer] auth_type = PAM | LDAP and PAM are not supported",
        "[databases] x = host=a,b port=1,2,3 | there are 3 ports for 2 hosts",
        "[databases] x = host=a,,b | a name is missing",
        "[databases] x = load_balance_hosts=random | must be one of round-robin, disable",
        "[databases] x = target_session_attrs=writable | must be one of any, read-write, read-only, primary, standby, prefer-standby",
        "[pgbouncer] unix_socket_mode = 888 | must be an octal number up to 0777",
        "[databases] x = host=a port=0 | must be 1 to 65535",
        "[databases] pgbouncer = host=a | is reserved"})
    void whatMustNotBeIgnoredIsAnError(String text, String message) {
        assertProblem(text, message);
    }

    @Test
    void passwordsAreNotShownInMessages() {
        assertThatThrownBy(() -> load("[databases]\nx = password=topsecret host=a,,b\ny = password='topsecret\n"))
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
        assertProblem("[pgbouncer]\nauth_type = passthrough\nlisten_addr =\nunix_socket_dir =\n", "listen_addr names no address");
        assertThat(load("[databases]\nx = user=app\n[pgbouncer]\nauth_type = any\n").warnings()).isEmpty();
    }

    @Test
    void usersCanBeLookedUpInsteadOfListed() throws IOException {
        String lookup = "[pgbouncer]\nauth_user = asker\n";
        assertThat(load(lookup).config().authentication().lookup())
                .isEqualTo(new AuthLookup(Optional.of("asker"), Optional.empty(), Optional.empty()));
        assertThat(load(lookup + "auth_file = /nowhere/users\n").warnings()).singleElement().asString()
                .contains("cannot read auth_file /nowhere/users").contains("looked up");
        Map<String, DatabaseEntry> entries = load("[databases]\nx = auth_user=other auth_query='SELECT a, b FROM f($1)' auth_dbname=y\ny =\n" + lookup)
                .config().databases().named();
        assertThat(entries.get("x")).extracting(DatabaseEntry::lookup)
                .isEqualTo(new AuthLookup(Optional.of("other"), Optional.of("SELECT a, b FROM f($1)"), Optional.of("y")));
        assertProblem("[databases]\nx =\n" + lookup + "auth_dbname = y\n", "auth_dbname = y is not in [databases]");
        assertProblem(lookup + "auth_query = SELECT 1\n", "auth_query must contain $1");
        assertProblem("[databases]\nx = auth_query='SELECT 1'\n" + lookup, "database x: auth_query must contain $1");
        assertThat(load(lookup + "auth_type = passthrough\n").warnings()).singleElement().asString().contains("auth_user has no effect");
    }

    @Test
    void theHbaFileIsReadWhenItIsAskedFor() throws IOException {
        write("userlist.txt", "");
        Path hba = write("hba.conf", "hostssl all all all cert map=m\nhost all all all scram-sha-256\n");
        Path ident = write("ident.conf", "m cn app\n");
        String start = "[pgbouncer]\nauth_file = " + directory + "/userlist.txt\nauth_type = ";
        String files = "\nauth_hba_file = " + hba + "\nauth_ident_file = " + ident + "\n";
        assertThat(load(start + "hba" + files).config().authentication().hba().rules()).hasSize(2);
        assertThat(load(start + "md5" + files).warnings()).singleElement().asString().contains("auth_type = hba only");
        assertProblem(start + "hba\n", "auth_type = hba needs auth_hba_file");
        assertProblem(start + "hba\nauth_hba_file = /nowhere/hba\n", "cannot read auth_hba_file /nowhere/hba: no such file");
        write("hba.conf", "host all all all scarm-sha-256\n");
        assertProblem(start + "hba" + files, "hba.conf:1: unknown authentication method \"scarm-sha-256\", did you mean \"scram-sha-256\"?");
    }

    @Test
    void passwordsInClearAreWarnedAbout() throws IOException {
        write("userlist.txt", "");
        assertThat(load("[pgbouncer]\nauth_type = plain\nauth_file = " + directory + "/userlist.txt\n").warnings())
                .singleElement().asString().contains("auth_type = plain has clients send their passwords as they are");
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
        assertThat(load(settings + "scram-sha-256\n").warnings()).singleElement().asString().endsWith("with scram-sha-256: bob");
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
                "listen_addr=localhost", "listen_port=6432", "auth_type=md5", "auth_file=",
                "auth_user=", "auth_query=" + AuthLookup.DEFAULT_QUERY, "auth_dbname=", "auth_hba_file=", "auth_ident_file=",
                "scram_iterations=4096", "max_client_conn=100",
                "client_login_timeout=60", "server_connect_timeout=15", "server_login_retry=15", "pool_mode=session", "default_pool_size=20",
                "min_pool_size=0", "reserve_pool_size=0", "reserve_pool_timeout=5", "max_db_connections=0", "max_user_connections=0",
                "max_db_client_connections=0", "max_user_client_connections=0",
                "query_wait_timeout=120", "query_wait_notify=5", "server_lifetime=3600", "server_idle_timeout=600", "server_check_delay=30",
                "server_check_query=", "server_round_robin=0", "server_reset_query=DISCARD ALL", "server_reset_query_always=0",
                "max_prepared_statements=200", "query_timeout=0", "transaction_timeout=0", "idle_transaction_timeout=0", "client_idle_timeout=0",
                "login_notify_message=", "disable_pqexec=0", "application_name_add_host=0", "pidfile=", "logfile=",
                "log_connections=1", "log_disconnections=1", "log_pooler_errors=1",
                "verbose=0", "admin_users=", "stats_users=", "stats_period=60",
                "unix_socket_dir=/tmp", "unix_socket_mode=0777", "unix_socket_group=", "so_reuseport=0", "listen_backlog=1024", "tcp_defer_accept=45",
                "tcp_keepalive=1", "tcp_keepidle=0", "tcp_keepintvl=0", "tcp_keepcnt=0", "tcp_user_timeout=0", "tcp_socket_buffer=0",
                "dns_max_ttl=15", "dns_nxdomain_ttl=15", "peer_id=0",
                "client_tls_sslmode=disable", "client_tls_key_file=", "client_tls_cert_file=", "client_tls_ca_file=", "client_tls_protocols=secure",
                "client_tls_ciphers=default", "client_tls13_ciphers=", "client_tls_ecdhcurve=auto", "client_tls_dheparams=auto",
                "server_tls_sslmode=prefer", "server_tls_key_file=", "server_tls_cert_file=", "server_tls_ca_file=", "server_tls_protocols=secure",
                "server_tls_ciphers=default", "server_tls13_ciphers=");
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
