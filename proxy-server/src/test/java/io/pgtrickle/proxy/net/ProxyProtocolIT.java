// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.net;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.pgtrickle.wire.frontend.StartupPacket.StartupMessage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Clients that a load balancer announces. */
class ProxyProtocolIT {

    private static final String HBA = """
            host all postgres 203.0.113.0/24   trust
            host all postgres 2001:db8::/32    trust
            host all boss     127.0.0.1/32     trust
            host all all      all              reject
            """;

    private static final byte[] V1 = "PROXY TCP4 203.0.113.7 198.51.100.1 5555 6432\r\n".getBytes(ISO_8859_1);
    private static final String V2 = "0d0a0d0a000d0a515549540a";

    @TempDir
    private static Path directory;

    private static NetLab lab(String own) throws IOException {
        Path hba = Files.writeString(directory.resolve("hba"), HBA);
        return new NetLab(directory, "* =", "proxy_protocol_listen = 127.0.0.1:0\n" + own, "auth_type = hba", "auth_hba_file = " + hba);
    }

    private static byte[] startup() {
        var parameters = new LinkedHashMap<String, String>();
        parameters.put("user", "postgres");
        parameters.put("database", "postgres");
        ByteBuf packet = Unpooled.buffer();
        new StartupMessage(3, 0, parameters, StandardCharsets.UTF_8).write(packet);
        return ByteBufUtil.getBytes(packet);
    }

    /** What the proxy answers until it is ready or closes. */
    private static String answer(Socket socket, byte[]... sent) throws IOException {
        socket.setSoTimeout(20_000);
        var answer = new ByteArrayOutputStream();
        byte[] ready = {'Z', 0, 0, 0, 5, 'I'};
        try {
            for (byte[] part : sent) {
                socket.getOutputStream().write(part);
                socket.getOutputStream().flush();
            }
            for (int next = socket.getInputStream().read(); next >= 0; next = socket.getInputStream().read()) {
                answer.write(next);
                if (answer.toString(ISO_8859_1).endsWith(new String(ready, ISO_8859_1))) {
                    return "ready";
                }
            }
        } catch (SocketException reset) {
            // closed with what we sent unread
        }
        return answer.toString(ISO_8859_1);
    }

    private static Socket proxied(NetLab lab) throws IOException {
        return new Socket("127.0.0.1", lab.proxy.proxiedAddresses().getFirst().getPort());
    }

    @Test
    void the_announced_address_counts() throws Exception {
        try (NetLab lab = lab(""); Socket socket = proxied(lab)) {
            assertThat(answer(socket, V1, startup())).isEqualTo("ready");
            assertThat(lab.show("CLIENTS", "user", "addr", "port", "local_addr", "local_port")).contains("postgres 203.0.113.7 5555 198.51.100.1 6432");
        }
    }

    @Test
    void also_in_version_2_and_in_pieces() throws Exception {
        byte[] header = HexFormat.of().parseHex(V2 + "21" + "21" + "0024" + "20010db8000000000000000000000001" + "20010db8000000000000000000000002" + "15b31920");
        byte[] first = java.util.Arrays.copyOf(header, 20);
        byte[] second = java.util.Arrays.copyOfRange(header, 20, header.length);
        try (NetLab lab = lab(""); Socket socket = proxied(lab)) {
            assertThat(answer(socket, first, second, startup())).isEqualTo("ready");
            assertThat(lab.show("CLIENTS", "user", "addr", "port")).contains("postgres 2001:db8:0:0:0:0:0:1 5555");
        }
    }

    @Test
    void who_is_announced_from_elsewhere_is_refused_as_from_there() throws Exception {
        try (NetLab lab = lab(""); Socket socket = proxied(lab)) {
            assertThat(answer(socket, "PROXY TCP4 192.0.2.1 198.51.100.1 5555 6432\r\n".getBytes(ISO_8859_1), startup()))
                    .contains("pg_hba.conf rejects connection for host \"192.0.2.1\"");
        }
    }

    @Test
    void a_check_of_health_speaks_for_itself() throws Exception {
        try (NetLab lab = lab(""); Socket socket = proxied(lab)) {
            assertThat(answer(socket, HexFormat.of().parseHex(V2 + "20" + "00" + "0000"), startup()))
                    .contains("pg_hba.conf rejects connection for host \"127.0.0.1\"");
        }
    }

    @Test
    void nobody_is_believed_elsewhere() throws Exception {
        try (NetLab lab = lab(""); Socket socket = new Socket("127.0.0.1", lab.port())) {
            assertThat(answer(socket, V1, startup())).doesNotContain("ready");
        }
    }

    @Test
    void without_a_header_there_is_no_connection() throws Exception {
        try (NetLab lab = lab("")) {
            try (Socket socket = proxied(lab)) {
                assertThat(answer(socket, startup())).isEmpty();
            }
            try (Socket socket = proxied(lab)) {
                assertThat(answer(socket, "PROXY NONSENSE\r\n".getBytes(ISO_8859_1), startup())).isEmpty();
            }
        }
    }

    @Test
    void only_balancers_that_are_named_are_believed() throws Exception {
        try (NetLab lab = lab("proxy_protocol_from = 192.0.2.0/24, 192.0.3.0/24"); Socket socket = proxied(lab)) {
            assertThat(answer(socket, V1, startup())).isEmpty();
        }
        try (NetLab lab = lab("proxy_protocol_from = 192.0.2.0/24, 127.0.0.1"); Socket socket = proxied(lab)) {
            assertThat(answer(socket, V1, startup())).isEqualTo("ready");
        }
    }
}
