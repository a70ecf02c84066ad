// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.auth;

import io.pgtrickle.wire.auth.AuthenticationException;
import io.pgtrickle.wire.auth.AuthenticationRequest;
import io.pgtrickle.wire.auth.Md5Password;
import io.pgtrickle.wire.auth.ScramClient;
import io.pgtrickle.wire.auth.ScramKeys;
import io.pgtrickle.wire.auth.ScramServer;
import io.pgtrickle.wire.auth.StoredSecret;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Answers whatever the server asks for, as far as the secret allows: a password in clear serves for all, a hash only for its own kind. */
final class PasswordLogin implements ServerLogin {

    private final String user;
    private final StoredSecret secret;
    private final Optional<ScramKeys> keys;
    private @Nullable ScramClient scram;
    private boolean serverProved;

    /** @param keys of the client's own exchange with us; with them a SCRAM secret serves for a server that has the same secret */
    PasswordLogin(String user, StoredSecret secret, Optional<ScramKeys> keys) {
        this.user = user;
        this.secret = secret;
        this.keys = keys;
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
            case StoredSecret.Md5 _, StoredSecret.Scram _, StoredSecret.None _ -> refused("it asks for a password in clear, and " + known());
        };
    }

    private LoginStep md5(byte[] salt) {
        return switch (secret) {
            case StoredSecret.Plain(var password) -> new LoginStep.Send(terminated(Md5Password.answer(Md5Password.hash(user, password), salt)));
            case StoredSecret.Md5(var hash) -> new LoginStep.Send(terminated(Md5Password.answer(hash, salt)));
            case StoredSecret.Scram _, StoredSecret.None _ -> refused("it asks for an MD5 password, and " + known());
        };
    }

    private LoginStep sasl(List<String> mechanisms) {
        if (!mechanisms.contains(ScramServer.MECHANISM)) {
            return refused("it offers none of the SASL mechanisms that are supported: " + String.join(", ", mechanisms));
        }
        Optional<ScramClient> client = switch (secret) {
            case StoredSecret.Plain(var password) -> Optional.of(ScramClient.withPassword(password));
            case StoredSecret.Scram(var stored) -> keys.map(found -> ScramClient.withKeys(found, stored));
            case StoredSecret.Md5 _, StoredSecret.None _ -> Optional.empty();
        };
        if (client.isEmpty()) {
            return refused("it asks for SCRAM, and " + known());
        }
        scram = client.get();
        return new LoginStep.Send(client.get().first().body());
    }

    private LoginStep saslContinue(byte[] data) throws AuthenticationException {
        ScramClient client = scram;
        if (client == null) {
            return refused("it goes on with a SASL exchange that was not begun");
        }
        client.serverFirst(data);
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
            case StoredSecret.None _ -> "no password is known";
            case StoredSecret.Md5 _ -> "only an MD5 hash is known";
            case StoredSecret.Scram _ -> "only a SCRAM secret is known, which serves when the client itself has logged in with it";
            case StoredSecret.Plain _ -> "the password does not serve";
        };
    }

    private LoginStep.Refused refused(AuthenticationException e) {
        return new LoginStep.Refused(new AuthFailure(e.sqlState(), "cannot log in to the server as \"" + user + "\": " + e.getMessage()));
    }

    private LoginStep.Refused refused(String reason) {
        return refused(AuthenticationException.refused(reason));
    }

    private static byte[] terminated(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return Arrays.copyOf(bytes, bytes.length + 1);
    }
}
