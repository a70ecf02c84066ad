// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.netty.channel.epoll.Epoll;
import io.pgtrickle.proxy.config.ConfigFile;
import io.pgtrickle.suite.TestPostgres;
import java.io.IOException;
import java.net.BindException;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What listeners are told, and what a machine without Linux's own sockets says. */
class ListenersIT {

    @TempDir
    private static Path directory;

    private static NetLab lab(String... settings) throws IOException {
        return new NetLab(directory, "* =", "", settings);
    }

    @Test
    void processes_share_a_port_if_they_say_so() throws Exception {
        assumeThat(Epoll.isAvailable()).isTrue();
        try (NetLab first = lab("so_reuseport = 1"); NetLab second = lab("so_reuseport = 1", "listen_port = " + first.port())) {
            assertThat(second.port()).isEqualTo(first.port());
            assertThatThrownBy(() -> lab("listen_port = " + first.port())).isInstanceOf(BindException.class).hasMessageContaining("in use");
        }
    }

    /** Seconds until the system asks whether the other side is there, of established connections between these ports (-1 for any); 0 for never. */
    private static List<Long> keepAlive(int local, int remote) throws IOException {
        var found = new ArrayList<Long>();
        var lines = new ArrayList<>(Files.readAllLines(Path.of("/proc/net/tcp")));
        lines.addAll(Files.readAllLines(Path.of("/proc/net/tcp6"))); // where IPv4 connections of such sockets are, too
        for (String line : lines) {
            String[] fields = line.strip().split("\\s+");
            if (fields[3].equals("01") && is(local, fields[1]) && is(remote, fields[2])) {
                String[] timer = fields[5].split(":");
                found.add(timer[0].equals("02") ? Long.parseLong(timer[1], 16) / 100 : 0);
            }
        }
        return found;
    }

    private static boolean is(int port, String address) {
        return port < 0 || Integer.parseInt(address.substring(address.lastIndexOf(':') + 1), 16) == port;
    }

    @Test
    void clients_and_servers_are_asked_whether_they_are_there() throws Exception {
        assumeThat(Files.exists(Path.of("/proc/net/tcp6"))).isTrue();
        int server = TestPostgres.shared().port();
        try (NetLab lab = lab("tcp_keepidle = 1000"); Connection client = lab.connect("postgres", "postgres")) {
            assertThat(NetLab.query(client, "SELECT 1")).containsExactly("1");
            // Not while something is on its way: then another timer is shown.
            NetLab.until(() -> keepAlive(lab.port(), -1).stream().anyMatch(seconds -> seconds > 900 && seconds <= 1000));
            NetLab.until(() -> keepAlive(-1, server).stream().anyMatch(seconds -> seconds > 900 && seconds <= 1000));
        }
        try (NetLab lab = lab("tcp_keepidle = 1000", "tcp_keepalive = 0"); Connection client = lab.connect("postgres", "postgres")) {
            assertThat(NetLab.query(client, "SELECT 1")).containsExactly("1");
            assertThat(keepAlive(lab.port(), -1)).containsOnly(0L);
        }
    }

    /** Whether a client that says nothing meets client_login_timeout at once. */
    private static boolean isNoticed(NetLab lab) throws IOException {
        try (var socket = new Socket("127.0.0.1", lab.port())) {
            socket.setSoTimeout(1500);
            return socket.getInputStream().read() >= 0;
        } catch (SocketTimeoutException e) {
            return false;
        }
    }

    @Test
    void the_system_keeps_silent_connections_to_itself_if_it_may() throws Exception {
        assumeThat(Epoll.isAvailable()).isTrue();
        try (NetLab lab = lab("client_login_timeout = 0.2", "tcp_defer_accept = 0")) {
            assertThat(isNoticed(lab)).isTrue();
        }
        try (NetLab lab = lab("client_login_timeout = 0.2", "tcp_defer_accept = 30")) {
            assertThat(isNoticed(lab)).isFalse();
        }
    }

    @Test
    void what_needs_linux_is_named_where_there_is_none() throws Exception {
        String[] demands = {"unix_socket_dir = " + directory, "so_reuseport = 1", "tcp_user_timeout = 1000"};
        if (!Epoll.isAvailable()) {
            assertThatThrownBy(() -> lab(demands)).isInstanceOf(IOException.class).hasMessageContaining("unix_socket_dir needs Linux");
        }
        Path file = Files.writeString(directory.resolve("demanding.ini"), "[pgbouncer]\nauth_type = passthrough\n" + String.join("\n", demands));
        assertThat(Transport.missing(ConfigFile.load(file).config().network(), false)).hasSize(3).first().asString().contains("unix_socket_dir needs Linux");
        assertThat(Transport.missing(ConfigFile.load(file).config().network(), true)).isEmpty();
    }
}
