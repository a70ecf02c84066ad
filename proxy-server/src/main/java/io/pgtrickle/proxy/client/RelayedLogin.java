// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.client;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.netty.buffer.ByteBuf;
import io.pgtrickle.proxy.auth.TlsPeer;
import io.pgtrickle.proxy.backend.ServerConnection;
import io.pgtrickle.proxy.tls.PeerCertificates;
import io.pgtrickle.wire.auth.AuthenticationException;
import io.pgtrickle.wire.auth.AuthenticationRequest;
import io.pgtrickle.wire.auth.AuthenticationRequest.Sasl;
import io.pgtrickle.wire.auth.SaslInitialResponse;
import io.pgtrickle.wire.auth.ScramServer;
import io.pgtrickle.wire.backend.BackendMessage.AuthenticationData;
import io.pgtrickle.wire.backend.Report;
import io.pgtrickle.wire.codec.ProtocolViolationException;
import io.pgtrickle.wire.frontend.FrontendMessage.PasswordMessage;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * The server's authentication exchange with a client, relayed. Channel binding is the one thing that cannot be: the client would bind to
 * our certificate and the server expects its own, so the offer of it is withheld unless the two are the same.
 */
final class RelayedLogin {

    private final ClientSession session;
    private final ClientEncryption encryption;
    private boolean withheld;

    RelayedLogin(ClientSession session, ClientEncryption encryption) {
        this.session = session;
        this.encryption = encryption;
    }

    void authentication(ByteBuf frame, ServerConnection server) {
        if (request(AuthenticationData.read(frame.duplicate()).body()) instanceof Sasl(List<String> mechanisms)
                && mechanisms.contains(ScramServer.MECHANISM_PLUS)
                && !bothEndAtTheSameCertificate(server)) {
            withheld = true;
            session.send(new AuthenticationData(new Sasl(mechanisms.stream().filter(name -> !name.equals(ScramServer.MECHANISM_PLUS)).toList()).body()));
        } else {
            session.forward(frame.retainedDuplicate());
        }
    }

    private static AuthenticationRequest request(byte[] body) {
        try {
            return AuthenticationRequest.parse(body);
        } catch (AuthenticationException e) {
            throw new ProtocolViolationException(String.valueOf(e.getMessage()));
        }
    }

    private boolean bothEndAtTheSameCertificate(ServerConnection server) {
        Optional<byte[]> ours = encryption.peer().flatMap(TlsPeer::endPoint);
        Optional<byte[]> theirs = PeerCertificates.serverEndPoint(server.channel());
        return ours.isPresent() && theirs.isPresent() && Arrays.equals(ours.get(), theirs.get());
    }

    void answer(ByteBuf frame, ServerConnection server) {
        if (withheld && believesInADowngrade(frame)) {
            session.fatal(Report.fatal("28000", "SCRAM authentication cannot be relayed between two TLS connections")
                    .with(Report.DETAIL, "The client can bind the exchange to its TLS connection and the server offers that, but they are connected to the proxy and not to each other.")
                    .with(Report.HINT, "Let the proxy authenticate clients (auth_type = scram-sha-256), give it the server's certificate and key,"
                            + " set server_tls_sslmode = disable, or connect with channel_binding=disable."));
            return;
        }
        withheld = false;
        server.write(frame.retainedDuplicate());
        server.flush();
    }

    /** The flag y of a client that has channel binding but was not offered it; the server, which offered it, would end the exchange. */
    private static boolean believesInADowngrade(ByteBuf frame) {
        try {
            byte[] first = SaslInitialResponse.parse(PasswordMessage.read(frame.duplicate()).data()).data();
            return new String(first, US_ASCII).startsWith("y,");
        } catch (AuthenticationException notAnInitialResponse) {
            return false;
        }
    }
}
