// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.tls;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.Unpooled;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import io.pgtrickle.proxy.conversation.RawClient;
import io.pgtrickle.proxy.tls.TlsLab.Proxy;
import io.pgtrickle.wire.auth.SaslInitialResponse;
import io.pgtrickle.wire.frontend.FrontendMessage.PasswordMessage;
import io.pgtrickle.wire.frontend.StartupPacket;
import io.pgtrickle.wire.frontend.StartupPacket.SslRequest;
import io.pgtrickle.wire.frontend.StartupPacket.StartupMessage;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;

/** Clients that come to TLS byte for byte. */
final class RawTls {

    private RawTls() {}

    static byte[] bytes(StartupPacket... packets) {
        var out = Unpooled.buffer();
        for (StartupPacket packet : packets) {
            packet.write(out);
        }
        return Arrays.copyOf(out.array(), out.readableBytes());
    }

    static StartupMessage startup(String user) {
        return new StartupMessage(3, 0, new LinkedHashMap<>(Map.of("user", user, "database", "postgres")), StandardCharsets.UTF_8);
    }

    static void startup(RawClient client, String user) {
        client.send(startup(user));
    }

    /** A socket whose TLS handshake is done; {@code alpn} empty for none. */
    static SSLSocket handshake(Socket socket, String version, String... alpn) throws Exception {
        var context = SSLContext.getInstance("TLS");
        context.init(null, InsecureTrustManagerFactory.INSTANCE.getTrustManagers(), null);
        var tls = (SSLSocket) context.getSocketFactory().createSocket(socket, "localhost", socket.getPort(), true);
        tls.setEnabledProtocols(new String[] {version});
        SSLParameters parameters = tls.getSSLParameters();
        parameters.setApplicationProtocols(alpn);
        tls.setSSLParameters(parameters);
        tls.setSoTimeout(20_000);
        tls.startHandshake();
        return tls;
    }

    static Socket socket(Proxy proxy) throws IOException {
        return new Socket(proxy.address().getAddress(), proxy.port());
    }

    static RawClient overTls(Proxy proxy, boolean direct, String version) throws Exception {
        Socket socket = socket(proxy);
        if (!direct) {
            socket.getOutputStream().write(bytes(new SslRequest()));
            assertThat(socket.getInputStream().read()).isEqualTo('S');
        }
        return new RawClient(handshake(socket, version, direct ? new String[] {"postgresql"} : new String[0]));
    }

    /** A SASLInitialResponse for SCRAM-SHA-256 without channel binding. */
    static PasswordMessage firstMessage(String message) {
        return new PasswordMessage(new SaslInitialResponse("SCRAM-SHA-256", message.getBytes(StandardCharsets.UTF_8)).body());
    }
}
