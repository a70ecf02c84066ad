// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.wire.auth;

import java.util.Base64;

/** The client's two SCRAM messages, read strictly (RFC 5802, section 7); text is Latin-1 so that every byte stays what it was. */
final class ScramMessages {

    private static final int PROOF_BYTES = 32;

    private ScramMessages() {}

    /**
     * {@code gs2-header, n=user, r=nonce [, extensions]}.
     *
     * @param flag the channel binding flag, n, y or p (or what the client sent instead)
     * @param bindingType what follows "p=", else empty
     * @param bare the message without its GS2 header
     */
    record ClientFirst(char flag, String bindingType, String gs2Header, String bare, String nonce) {}

    /** {@code c=binding, r=nonce [, extensions], p=proof}. */
    record ClientFinal(byte[] channelBinding, String nonce, byte[] proof, String withoutProof) {}

    /** {@code n|y|p=type , [a=authzid] , n=user , r=nonce [, extensions]}; the user name is not looked at, the startup packet has named it. */
    static ClientFirst clientFirst(String message) throws AuthenticationException {
        var in = new Cursor(message);
        char flag = in.next();
        String bindingType = flag == 'p' ? in.afterEquals() : "";
        in.expect(',');
        if (in.peek() == 'a') {
            throw AuthenticationException.notSupported("client uses authorization identity, but it is not supported");
        }
        in.expect(',');
        int bare = in.position;
        if (in.peek() == 'm') {
            throw AuthenticationException.notSupported("client requires an unsupported SCRAM extension");
        }
        in.attribute('n');
        in.expect(',');
        String nonce = in.attribute('r');
        if (nonce.isEmpty() || !nonce.chars().allMatch(c -> c > 0x20 && c < 0x7f)) {
            throw malformed("non-printable characters in SCRAM nonce");
        }
        in.skipExtensions();
        return new ClientFirst(flag, bindingType, message.substring(0, bare), message.substring(bare), nonce);
    }

    static ClientFinal clientFinal(String message) throws AuthenticationException {
        var in = new Cursor(message);
        String binding = in.attribute('c');
        in.expect(',');
        String nonce = in.attribute('r');
        int end = in.position;
        in.expect(',');
        while (in.peek() != 'p') {
            in.anyAttribute();
            end = in.position;
            in.expect(',');
        }
        byte[] proof = decoded(in.attribute('p'));
        if (proof.length != PROOF_BYTES || !in.atEnd()) {
            throw malformed("malformed proof in client-final-message");
        }
        return new ClientFinal(decoded(binding), nonce, proof, message.substring(0, end));
    }

    private static byte[] decoded(String base64) throws AuthenticationException {
        try {
            return Base64.getDecoder().decode(base64);
        } catch (IllegalArgumentException e) {
            throw malformed("an attribute is not Base64");
        }
    }

    private static AuthenticationException malformed(String detail) {
        return AuthenticationException.protocolViolation("malformed SCRAM message: " + detail);
    }

    /** Reads attributes from left to right; a value ends at the next comma. */
    private static final class Cursor {

        private final String text;
        private int position;

        Cursor(String text) {
            this.text = text;
        }

        boolean atEnd() {
            return position == text.length();
        }

        char peek() throws AuthenticationException {
            if (atEnd()) {
                throw malformed("unexpected end of message");
            }
            return text.charAt(position);
        }

        char next() throws AuthenticationException {
            char c = peek();
            position++;
            return c;
        }

        void expect(char expected) throws AuthenticationException {
            if (next() != expected) {
                throw malformed("'" + expected + "' expected");
            }
        }

        String attribute(char name) throws AuthenticationException {
            expect(name);
            return afterEquals();
        }

        void anyAttribute() throws AuthenticationException {
            if (!Character.isLetter(next())) {
                throw malformed("attribute name expected");
            }
            afterEquals();
        }

        String afterEquals() throws AuthenticationException {
            expect('=');
            int comma = text.indexOf(',', position);
            String value = text.substring(position, comma < 0 ? text.length() : comma);
            position += value.length();
            return value;
        }

        void skipExtensions() throws AuthenticationException {
            while (!atEnd()) {
                expect(',');
                anyAttribute();
            }
        }
    }
}
