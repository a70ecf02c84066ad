// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.netty.channel.epoll.Epoll;
import io.pgtrickle.proxy.embedded.EmbeddedPostgres;
import io.pgtrickle.proxy.embedded.EmbeddedPostgresOptions;
import io.pgtrickle.suite.TestPostgres;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Servers by lists of hosts, by names that change, and by Unix socket: the tests' PostgreSQL as primary, and a standby. */
class HostsIT {

    private static final String WHERE = "SELECT inet_server_port()";

    @TempDir
    private static Path directory;

    private static EmbeddedPostgres standby;
    private static int primaryPort;
    private static int standbyPort;
    private static int deadPort;

    @BeforeAll
    static void start() throws Exception {
        directory.toFile().setExecutable(true, false);
        standby = server("s", true);
        primaryPort = TestPostgres.shared().port();
        standbyPort = standby.port();
        try (var socket = new java.net.ServerSocket(0)) {
            deadPort = socket.getLocalPort();
        }
    }

    @AfterAll
    static void stop() {
        standby.close();
    }

    /** One that listens everywhere and on a Unix socket in its directory. */
    private static EmbeddedPostgres server(String name, boolean isStandby) throws Exception {
        Path own = Files.createDirectory(directory.resolve(name));
        own.toFile().setExecutable(true, false);
        own.toFile().setWritable(true, false);
        var options = EmbeddedPostgresOptions.volatileData(own);
        try (EmbeddedPostgres first = EmbeddedPostgres.start(options, System.err::println);
                Connection superuser = NetLab.connect(first.port(), "postgres", "postgres");
                Statement statement = superuser.createStatement()) {
            statement.execute("ALTER SYSTEM SET listen_addresses = '*'");
            statement.execute("ALTER SYSTEM SET unix_socket_directories = '" + own + "'");
        }
        if (isStandby) {
            Files.createFile(own.resolve("data").resolve("standby.signal"));
        }
        return EmbeddedPostgres.start(options, System.err::println);
    }

    private static NetLab lab(String entry, String... settings) throws IOException {
        return new NetLab(directory, "d = dbname=postgres " + entry, "", settings);
    }

    /** The ports of the servers that clients get who are there at the same time. */
    private static List<Integer> ports(NetLab lab, int clients) throws SQLException {
        var connections = new ArrayList<Connection>();
        var ports = new ArrayList<Integer>();
        try {
            for (int i = 0; i < clients; i++) {
                connections.add(lab.connect("d", "postgres"));
                ports.add(Integer.parseInt(NetLab.query(connections.getLast(), WHERE).getFirst()));
            }
        } finally {
            for (Connection connection : connections) {
                connection.close();
            }
        }
        return ports;
    }

    private static String both(int one, int other) {
        return "host=127.0.0.1,127.0.0.1 port=" + one + "," + other;
    }

    @Test
    void hosts_take_turns() throws Exception {
        try (NetLab lab = lab(both(primaryPort, standbyPort))) {
            assertThat(ports(lab, 4)).containsExactly(primaryPort, standbyPort, primaryPort, standbyPort);
            assertThat(lab.show("DATABASES", "name", "host", "load_balance_hosts")).contains("d 127.0.0.1,127.0.0.1 round-robin");
        }
    }

    @Test
    void or_the_first_serves_as_long_as_it_can() throws Exception {
        try (NetLab lab = lab(both(standbyPort, primaryPort) + " load_balance_hosts=disable")) {
            assertThat(ports(lab, 3)).containsOnly(standbyPort);
        }
        try (NetLab lab = lab(both(deadPort, primaryPort) + " load_balance_hosts=disable")) {
            assertThat(ports(lab, 3)).containsOnly(primaryPort);
        }
    }

    @Test
    void a_host_that_is_down_costs_no_pause() throws Exception {
        try (NetLab lab = lab(both(deadPort, primaryPort), "server_login_retry = 600")) {
            assertThat(ports(lab, 4)).containsOnly(primaryPort);
        }
    }

    @Test
    void the_right_server_is_found_wherever_it_stands() throws Exception {
        for (String order : List.of(both(primaryPort, standbyPort), both(standbyPort, primaryPort))) {
            for (String wanted : List.of("read-write", "primary")) {
                try (NetLab lab = lab(order + " target_session_attrs=" + wanted)) {
                    assertThat(ports(lab, 3)).as(wanted).containsOnly(primaryPort);
                }
            }
            for (String wanted : List.of("read-only", "standby", "prefer-standby")) {
                try (NetLab lab = lab(order + " target_session_attrs=" + wanted)) {
                    assertThat(ports(lab, 3)).as(wanted).containsOnly(standbyPort);
                }
            }
        }
    }

    @Test
    void where_there_is_no_standby_another_may_do() throws Exception {
        try (NetLab lab = lab(both(deadPort, primaryPort) + " target_session_attrs=prefer-standby")) {
            assertThat(ports(lab, 2)).containsOnly(primaryPort);
        }
    }

    @Test
    void when_none_will_do_the_client_hears_why() throws Exception {
        try (NetLab lab = lab("host=127.0.0.1 port=" + standbyPort + " target_session_attrs=read-write")) {
            assertThatThrownBy(() -> ports(lab, 1)).hasMessageContaining("no server of this database will do: session is read-only");
        }
        try (NetLab lab = lab("host=127.0.0.1 port=" + primaryPort + " target_session_attrs=standby")) {
            assertThatThrownBy(() -> ports(lab, 1)).hasMessageContaining("server is not in hot standby mode");
        }
    }

    @Test
    void a_standby_that_becomes_the_primary_is_not_used_as_a_standby_any_more() throws Exception {
        EmbeddedPostgres promoted = server("p", true);
        try (NetLab lab = lab(both(promoted.port(), standbyPort) + " load_balance_hosts=disable target_session_attrs=standby", "pool_mode = transaction");
                Connection client = lab.connect("d", "postgres")) {
            assertThat(NetLab.query(client, WHERE)).containsExactly(String.valueOf(promoted.port()));
            try (Connection superuser = NetLab.connect(promoted.port(), "postgres", "postgres")) {
                assertThat(NetLab.query(superuser, "SELECT pg_promote()")).containsExactly("t");
            }
            NetLab.until(() -> NetLab.query(client, WHERE).equals(List.of(String.valueOf(standbyPort))));
        } finally {
            promoted.close();
        }
    }

    private static final String RUNNING = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query = 'SELECT pg_sleep(60)'";

    @Test
    void a_server_on_a_unix_socket_and_a_cancel_request_to_it() throws Exception {
        assumeThat(Epoll.isAvailable()).isTrue();
        try (NetLab lab = lab("host=" + directory.resolve("s") + " port=" + standbyPort);
                Connection client = lab.connect("d", "postgres");
                Statement statement = client.createStatement()) {
            assertThat(NetLab.query(client, "SELECT coalesce(inet_server_addr()::text, 'unix')")).containsExactly("unix");
            assertThat(lab.show("SERVERS", "addr", "port")).contains("unix " + standbyPort);
            var cancelling = CompletableFuture.runAsync(() -> {
                try (Connection other = lab.connect("d", "postgres")) {
                    NetLab.until(() -> NetLab.query(other, RUNNING).contains("1"));
                    statement.cancel();
                } catch (Exception e) {
                    throw new AssertionError(e);
                }
            });
            assertThatThrownBy(() -> statement.execute("SELECT pg_sleep(60)")).hasMessageContaining("canceling statement due to user request");
            cancelling.join();
        }
    }

    @Test
    void a_unix_socket_needs_no_encryption() throws Exception {
        assumeThat(Epoll.isAvailable()).isTrue();
        try (NetLab lab = lab("host=" + directory.resolve("s") + " port=" + standbyPort, "server_tls_sslmode = require")) {
            try (Connection client = lab.connect("d", "postgres")) {
                assertThat(NetLab.query(client, "SELECT 1")).containsExactly("1");
            }
        }
    }

    @Test
    void a_host_that_is_no_directory_of_a_socket_is_named() throws Exception {
        assumeThat(Epoll.isAvailable()).isTrue();
        try (NetLab lab = lab("host=/nowhere")) {
            assertThatThrownBy(() -> ports(lab, 1)).hasMessageContaining("could not connect to the server at /nowhere:5432");
        }
    }

    @Test
    void connections_follow_a_name() throws Exception {
        var address = new AtomicReference<>("127.0.0.1");
        Resolver.Lookup lookup = name -> {
            assertThat(name).isEqualTo("db.test");
            return List.of(InetAddress.ofLiteral(address.get()));
        };
        try (NetLab lab = new NetLab(directory, lookup, "d = dbname=postgres host=db.test port=" + standbyPort, "", "pool_mode = transaction", "dns_max_ttl = 0.1");
                Connection client = lab.connect("d", "postgres");
                Connection other = lab.connect("d", "postgres")) {
            client.setAutoCommit(false);
            assertThat(NetLab.query(client, "SELECT host(inet_server_addr())")).containsExactly("127.0.0.1");
            assertThat(NetLab.query(other, "SELECT host(inet_server_addr())")).containsExactly("127.0.0.1");
            address.set("127.0.0.2");
            NetLab.until(() -> NetLab.query(other, "SELECT host(inet_server_addr())").equals(List.of("127.0.0.2")));
            assertThat(NetLab.query(client, "SELECT host(inet_server_addr())")).as("amid its transaction").containsExactly("127.0.0.1");
            NetLab.until(() -> lab.show("SERVERS", "addr", "close_needed").containsAll(List.of("127.0.0.1 1", "127.0.0.2 0")));
            assertThat(lab.show("DNS_HOSTS", "hostname", "addrs")).containsExactly("db.test 127.0.0.2");
            client.commit();
            assertThat(NetLab.query(client, "SELECT host(inet_server_addr())")).containsExactly("127.0.0.2");
        }
    }

    @Test
    void a_name_that_nobody_knows_is_named() throws Exception {
        Resolver.Lookup lookup = name -> {
            throw new java.net.UnknownHostException(name);
        };
        try (NetLab lab = new NetLab(directory, lookup, "d = dbname=postgres host=db.test", "")) {
            assertThatThrownBy(() -> ports(lab, 1)).hasMessageContaining("could not connect to the server at db.test:5432");
        }
    }
}
