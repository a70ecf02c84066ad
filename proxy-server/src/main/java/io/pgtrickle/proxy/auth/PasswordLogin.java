// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.auth;

import io.pgtrickle.wire.auth.AuthenticationException;
import io.pgtrickle.wire.auth.AuthenticationRequest;
import io.pgtrickle.wire.auth.Md5Password;
import io.pgtrickle.wire.auth.ScramClient;
import io.pgtrickle.wire.auth.ScramServer;
import io.pgtrickle.wire.auth.StoredSecret;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Answers whatever the server asks for, as far as the secret allows: a password in clear serves for all, a hash only for its own kind. */
final class PasswordLogin implements ServerLogin {

    private static final String OTHER_SECRET = "Copy the secret from the server's pg_authid into auth_file, or use auth_query;"
            + " if the password was changed, clients have to log in again.";

    private final String user;
    private final StoredSecret secret;
    private final Optional<Proof.Keys> keys;
    private final Whose whose;
    private @Nullable ScramClient scram;
    private boolean serverProved;
    private Optional<byte[]> endPoint = Optional.empty();

    /** As whom we log in, which is why a SCRAM secret may not serve. */
    enum Whose {
        /** As the client itself. */
        CLIENT("neither auth_file nor auth_query has one",
                "Put this user's password in clear into auth_file.",
                "Let clients log in with SCRAM-SHA-256 (auth_type scram-sha-256 or md5), or put this user's password in clear into auth_file."),
        /** As the user that the database's entry names. */
        FORCED("[databases] names this user without a password, and auth_file does not have it",
                "Put this user's password in clear into [databases] or auth_file."),
        /** As auth_user. */
        LOOKUP("auth_file does not have this auth_user", "Put auth_user's password in clear into auth_file.");

        private final String unknown;
        private final String inClear;
        private final String forScram;

        Whose(String unknown, String inClear) {
            this(unknown, inClear, inClear);
        }

        /**
         * @param unknown where it has been looked for
         * @param inClear what to do when only the password itself will do
         * @param forScram what to do when there is a SCRAM secret and no key that goes with it
         */
        Whose(String unknown, String inClear, String forScram) {
            this.unknown = unknown;
            this.inClear = inClear;
            this.forScram = forScram;
        }
    }

    /** @param keys that a client's exchange with us has left; with them a SCRAM secret serves for a server that has the same secret */
    PasswordLogin(String user, StoredSecret secret, Optional<Proof.Keys> keys, Whose whose) {
        this.user = user;
        this.secret = secret;
        this.keys = keys;
        this.whose = whose;
    }

    @Override
    public void bindTo(Optional<byte[]> certificate) {
        endPoint = certificate;
    }

    @Override
    public LoginStep next(byte[] body) {
        try {
            return switch (AuthenticationRequest.parse(body)) {
                case AuthenticationRequest.Ok _ -> ok();
                case AuthenticationRequest.CleartextPassword _ -> cleartext();
                case AuthenticationRequest.Md5Password(var salt) -> md5(salt);
                case AuthenticationRequest.Sasl(var mechanisms) -> sasl(mechanisms);
                case AuthenticationRequest.SaslContinue(var data) -> saslContinue(data);
                case AuthenticationRequest.SaslFinal(var data) -> saslFinal(data);
                case AuthenticationRequest.Unsupported(var code) -> refused("it asks for authentication method " + code + ", which is not supported");
            };
        } catch (AuthenticationException e) {
            return refused(e);
        }
    }

    /** A server that began SCRAM must also end it: its signature is the only proof that it is the server it pretends to be. */
    private LoginStep ok() {
        return scram == null || serverProved ? new LoginStep.LoggedIn() : refused("it ended the SCRAM exchange without proving that it knows the password");
    }

    private LoginStep cleartext() {
        return switch (secret) {
            case StoredSecret.Plain(var password) -> new LoginStep.Send(terminated(password));
            case StoredSecret.Md5 _, StoredSecret.Scram _, StoredSecret.None _ -> unable("it asks for a password in clear", whose.inClear);
        };
    }

    private LoginStep md5(byte[] salt) {
        return switch (secret) {
            case StoredSecret.Plain(var password) -> new LoginStep.Send(terminated(Md5Password.answer(Md5Password.hash(user, password), salt)));
            case StoredSecret.Md5(var hash) -> new LoginStep.Send(terminated(Md5Password.answer(hash, salt)));
            case StoredSecret.Scram _, StoredSecret.None _ -> unable("it asks for an MD5 password", whose.inClear);
        };
    }

    private LoginStep sasl(List<String> mechanisms) {
        if (!ScramClient.isOffered(mechanisms, endPoint)) {
            return refused("it offers none of the SASL mechanisms that are supported: " + String.join(", ", mechanisms));
        }
        Optional<ScramClient> client = switch (secret) {
            case StoredSecret.Plain(var password) -> Optional.of(ScramClient.withPassword(password, mechanisms, endPoint));
            case StoredSecret.Scram _ -> keys.map(found -> ScramClient.withKeys(found.keys(), found.secret(), mechanisms, endPoint));
            case StoredSecret.Md5 _, StoredSecret.None _ -> Optional.empty();
        };
        if (client.isEmpty()) {
            return unable("it asks for SCRAM", secret instanceof StoredSecret.Scram ? whose.forScram : whose.inClear);
        }
        scram = client.get();
        return new LoginStep.Send(client.get().first().body());
    }

    private LoginStep saslContinue(byte[] data) throws AuthenticationException {
        ScramClient client = scram;
        if (client == null) {
            return refused("it goes on with a SASL exchange that was not begun");
        }
        try {
            client.serverFirst(data);
        } catch (AuthenticationException e) {
            return refused(e, secret instanceof StoredSecret.Scram ? OTHER_SECRET : "");
        }
        return new LoginStep.Compute(() -> {
            try {
                return new LoginStep.Send(client.answer());
            } catch (AuthenticationException e) {
                return refused(e);
            }
        });
    }

    private LoginStep saslFinal(byte[] data) throws AuthenticationException {
        ScramClient client = scram;
        if (client == null) {
            return refused("it ends a SASL exchange that was not begun");
        }
        client.verify(data);
        serverProved = true;
        return new LoginStep.Await();
    }

    private String known() {
        return switch (secret) {
            case StoredSecret.None _ -> "no password is known: " + whose.unknown;
            case StoredSecret.Md5 _ -> "only an MD5 hash is known";
            case StoredSecret.Scram _ -> "only a SCRAM secret is known, which serves only for SCRAM and after a client has logged in with it";
            case StoredSecret.Plain _ -> "the password does not serve";
        };
    }

    private LoginStep.Refused refused(AuthenticationException e) {
        return refused(e, "");
    }

    private LoginStep.Refused refused(AuthenticationException e, String hint) {
        return new LoginStep.Refused(new AuthFailure(e.sqlState(), "cannot log in to the server as \"" + user + "\": " + e.getMessage(), hint));
    }

    private LoginStep.Refused refused(String reason) {
        return refused(AuthenticationException.refused(reason), "");
    }

    /** What is known does not serve for what the server asks. */
    private LoginStep.Refused unable(String asked, String remedy) {
        return refused(AuthenticationException.refused(asked + ", and " + known()), remedy);
    }

    private static byte[] terminated(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return Arrays.copyOf(bytes, bytes.length + 1);
    }
}
