// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.netty.channel.epoll.Epoll;
import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import io.pgtrickle.proxy.net.NetLab.Ended;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Clients on the Unix socket, and whose it is. */
class UnixSocketIT {

    private static final String OS_USER = System.getProperty("user.name");

    @TempDir
    private static Path directory;

    private Path sockets;

    @BeforeAll
    static void onLinux() {
        assumeThat(Epoll.isAvailable()).as("epoll").isTrue();
    }

    @BeforeEach
    void place() throws IOException {
        sockets = Files.createTempDirectory(directory, "s");
    }

    private NetLab lab(String... settings) throws IOException {
        return new NetLab(directory, "* =", "", "unix_socket_dir = " + sockets + "\n" + String.join("\n", settings));
    }

    private Path socket(NetLab lab) {
        return sockets.resolve(".s.PGSQL." + lab.port());
    }

    @Test
    void psql_finds_it_by_the_directory_and_the_port() throws Exception {
        try (NetLab lab = lab()) {
            assertThat(NetLab.psql(sockets.toString(), lab.port(), "postgres", "postgres", "SELECT session_user")).isEqualTo(new Ended(0, "postgres"));
            assertThat(NetLab.psql(sockets.toString(), lab.port(), "boss", "pgbouncer", "SHOW CLIENTS").output())
                    .contains("C|boss|pgbouncer|none|active|unix|" + lab.port() + "|unix|" + lab.port());
        }
    }

    @Test
    void it_may_be_the_only_way() throws Exception {
        try (NetLab lab = lab("listen_addr =", "listen_port = 6999")) {
            assertThat(lab.address.getHostString()).isEqualTo(sockets.toString());
            assertThat(NetLab.psql(sockets.toString(), 6999, "postgres", "postgres", "SELECT 1")).isEqualTo(new Ended(0, "1"));
        }
    }

    @Test
    void its_file_has_the_mode_that_is_asked_for_and_a_lock_file_and_both_go_with_the_proxy() throws Exception {
        Path socket;
        Path lock;
        try (NetLab lab = lab("unix_socket_mode = 0710")) {
            socket = socket(lab);
            lock = sockets.resolve(socket.getFileName() + ".lock");
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(socket))).isEqualTo("rwx--x---");
            assertThat(Files.readAllLines(lock).getFirst()).isEqualTo(String.valueOf(ProcessHandle.current().pid()));
            assertThat(sockets).isDirectoryNotContaining(file -> file.getFileName().toString().startsWith(".pgt"));
        }
        assertThat(sockets).isEmptyDirectory();
    }

    @Test
    void its_group_is_the_one_that_is_asked_for() throws Exception {
        assumeThat(OS_USER).isEqualTo("root");
        try (NetLab lab = lab("unix_socket_group = daemon")) {
            assertThat(Files.getAttribute(socket(lab), "posix:group")).hasToString("daemon");
        }
        assertThatThrownBy(() -> lab("unix_socket_group = no-such-group")).isInstanceOf(IOException.class).hasMessageContaining("no-such-group");
        assertThat(sockets).isEmptyDirectory();
    }

    @Test
    void what_a_crash_has_left_is_replaced() throws Exception {
        int port = freePort();
        Path socket = sockets.resolve(".s.PGSQL." + port);
        ServerSocketChannel.open(StandardProtocolFamily.UNIX).bind(UnixDomainSocketAddress.of(socket)).close();
        Process gone = new ProcessBuilder("true").start();
        gone.waitFor();
        Files.writeString(sockets.resolve(".s.PGSQL." + port + ".lock"), gone.pid() + "\n/somewhere\n");
        try (NetLab lab = lab("listen_port = " + port)) {
            assertThat(NetLab.psql(sockets.toString(), lab.port(), "postgres", "postgres", "SELECT 1")).isEqualTo(new Ended(0, "1"));
        }
    }

    @Test
    void what_somebody_else_has_is_left_alone() throws Exception {
        int port = freePort();
        Path socket = sockets.resolve(".s.PGSQL." + port);
        Path lock = sockets.resolve(".s.PGSQL." + port + ".lock");
        Process other = new ProcessBuilder("sleep", "60").start();
        try {
            Files.writeString(lock, other.pid() + "\n/somewhere\n");
            assertThatThrownBy(() -> lab("listen_port = " + port)).isInstanceOf(IOException.class).hasMessageContaining("process " + other.pid());
            assertThat(lock).exists();
        } finally {
            other.destroy();
        }
        Files.delete(lock);
        try (var listening = ServerSocketChannel.open(StandardProtocolFamily.UNIX).bind(UnixDomainSocketAddress.of(socket))) {
            assertThatThrownBy(() -> lab("listen_port = " + port)).isInstanceOf(IOException.class).hasMessageContaining("somebody listens on " + socket);
            assertThat(listening.isOpen()).isTrue();
        }
        Files.delete(socket);
        Files.writeString(socket, "a file");
        assertThatThrownBy(() -> lab("listen_port = " + port)).isInstanceOf(IOException.class).hasMessageContaining("is no socket");
        assertThat(socket).hasContent("a file");
    }

    @Test
    void a_socket_without_a_file() throws Exception {
        String name = "@pgtrickle-test-" + ProcessHandle.current().pid();
        try (NetLab lab = lab("unix_socket_dir = " + name)) {
            assertThat(NetLab.psql(name, lab.port(), "postgres", "postgres", "SELECT 1")).isEqualTo(new Ended(0, "1"));
        }
    }

    @Test
    void the_system_says_who_a_peer_is() throws Exception {
        Path maps = Files.writeString(directory.resolve("maps"), "people " + OS_USER + " postgres\n");
        Path hba = Files.writeString(directory.resolve("hba"), """
                local all postgres peer map=people
                local all other    peer
                local all boss     trust
                host  all all all  reject
                """);
        try (NetLab lab = lab("auth_type = hba", "auth_hba_file = " + hba, "auth_ident_file = " + maps)) {
            assertThat(NetLab.psql(sockets.toString(), lab.port(), "postgres", "postgres", "SELECT session_user")).isEqualTo(new Ended(0, "postgres"));
            assertThat(NetLab.psql(sockets.toString(), lab.port(), "other", "postgres", "SELECT 1").output())
                    .endsWith("FATAL:  Peer authentication failed for user \"other\"");
            assertThat(NetLab.psql("127.0.0.1", lab.port(), "postgres", "postgres", "SELECT 1").output()).contains("pg_hba.conf rejects connection");
        }
    }

    @Test
    void whoever_runs_the_proxy_needs_no_password_on_the_console() throws Exception {
        try (NetLab lab = lab("auth_type = md5")) {
            assertThat(NetLab.psql(sockets.toString(), lab.port(), "pgbouncer", "pgbouncer", "RELOAD").status()).isZero();
            assertThat(NetLab.psql("127.0.0.1", lab.port(), "pgbouncer", "pgbouncer", "RELOAD").status()).as("by TCP").isNotZero();
            assertThat(NetLab.psql(sockets.toString(), lab.port(), "boss", "pgbouncer", "RELOAD").status()).as("another name").isNotZero();
        }
    }

    @Test
    void encryption_is_neither_offered_nor_demanded() throws Exception {
        X509Bundle self = new CertificateBuilder().ecp256().subject("CN=proxy").setIsCertificateAuthority(true).buildSelfSigned();
        Path certificate = Files.writeString(directory.resolve("proxy.crt"), self.getCertificatePEM());
        Path key = Files.createFile(directory.resolve("proxy.key"), PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        Files.writeString(key, self.getPrivateKeyPEM());
        try (NetLab lab = lab("client_tls_sslmode = require", "client_tls_cert_file = " + certificate, "client_tls_key_file = " + key)) {
            assertThat(NetLab.psql(sockets.toString(), lab.port(), "postgres", "postgres", "SELECT 1")).isEqualTo(new Ended(0, "1"));
        }
    }

    private static int freePort() throws IOException {
        try (var socket = new java.net.ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    @Test
    void the_default_directory_is_no_reason_not_to_start() throws Exception {
        Path users = Files.writeString(directory.resolve("u"), "\"postgres\" \"\"\n");
        Path file = Files.writeString(directory.resolve("default.ini"), "[pgbouncer]\nauth_type = trust\nauth_file = " + users + "\n");
        var network = io.pgtrickle.proxy.config.ConfigFile.load(file).config().network();
        assertThat(network.unix().directory()).isEqualTo("/tmp");
        assertThat(network.unix().demanded()).isFalse();
        assertThat(Transport.missing(network, false)).isEqualTo(List.of());
    }
}
