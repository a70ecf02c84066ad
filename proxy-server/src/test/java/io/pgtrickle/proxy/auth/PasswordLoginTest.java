// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.auth;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.pgtrickle.wire.auth.AuthenticationRequest;
import io.pgtrickle.wire.auth.AuthenticationRequest.CleartextPassword;
import io.pgtrickle.wire.auth.AuthenticationRequest.Ok;
import io.pgtrickle.wire.auth.AuthenticationRequest.Sasl;
import io.pgtrickle.wire.auth.AuthenticationRequest.SaslContinue;
import io.pgtrickle.wire.auth.AuthenticationRequest.SaslFinal;
import io.pgtrickle.wire.auth.AuthenticationRequest.Unsupported;
import io.pgtrickle.wire.auth.Md5Password;
import io.pgtrickle.wire.auth.SaslInitialResponse;
import io.pgtrickle.wire.auth.ScramSecret;
import io.pgtrickle.wire.auth.ScramServer;
import io.pgtrickle.wire.auth.StoredSecret;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class PasswordLoginTest {

    private static final byte[] SALT = {1, 2, 3, 4};
    private static final ScramSecret SECRET = ScramSecret.of("pencil", "salt".getBytes(UTF_8), 4096);
    private static final StoredSecret PLAIN = new StoredSecret.Plain("pencil");
    private static final StoredSecret MD5 = StoredSecret.parse(Md5Password.hash("alice", "pencil"));
    private static final StoredSecret SCRAM = new StoredSecret.Scram(SECRET);
    private static final StoredSecret NONE = new StoredSecret.None();

    @Test
    void aServerThatTrustsUsIsTakenAtItsWord() {
        assertThat(login(NONE).next(new Ok().body())).isEqualTo(new LoginStep.LoggedIn());
    }

    @Test
    void aPasswordInClearAnswersEveryRequest() throws Exception {
        assertThat(sent(login(PLAIN).next(new CleartextPassword().body()))).isEqualTo("pencil\0");
        String md5 = Md5Password.answer(Md5Password.hash("alice", "pencil"), SALT) + "\0";
        assertThat(sent(login(PLAIN).next(md5Request()))).isEqualTo(md5);
        assertThat(sent(login(MD5).next(md5Request()))).isEqualTo(md5);
    }

    @Test
    void aHashAnswersItsOwnKindOnly() {
        assertThat(reason(login(MD5).next(new CleartextPassword().body()))).contains("password in clear").contains("only an MD5 hash");
        assertThat(reason(login(SCRAM).next(md5Request()))).contains("MD5 password").contains("only a SCRAM secret");
        assertThat(reason(login(MD5).next(scramRequest()))).contains("SCRAM").contains("only an MD5 hash");
        assertThat(reason(login(SCRAM).next(scramRequest()))).contains("only a SCRAM secret");
        assertThat(reason(login(NONE).next(new CleartextPassword().body()))).contains("no password is known");
    }

    @Test
    void whatToDoAboutItDependsOnWhatIsAskedAndKnown() {
        assertThat(hint(login(SCRAM), scramRequest())).startsWith("Let clients log in with SCRAM-SHA-256");
        assertThat(hint(login(SCRAM), md5Request())).isEqualTo("Put this user's password in clear into auth_file.");
        assertThat(hint(login(MD5), scramRequest())).isEqualTo("Put this user's password in clear into auth_file.");
        assertThat(hint(new PasswordLogin("alice", SCRAM, Optional.empty(), PasswordLogin.Whose.FORCED), scramRequest())).contains("[databases]");
        assertThat(hint(new PasswordLogin("alice", NONE, Optional.empty(), PasswordLogin.Whose.LOOKUP), scramRequest())).contains("auth_user's password");
        assertThat(hint(login(NONE), new Unsupported(7).body())).isEmpty();
    }

    private static String hint(ServerLogin login, byte[] request) {
        return ((LoginStep.Refused) login.next(request)).failure().hint();
    }

    @Test
    void scramIsBoundToTheServersCertificateWhereItIsOffered() throws Exception {
        byte[] both = new Sasl(List.of(ScramServer.MECHANISM_PLUS, ScramServer.MECHANISM)).body();
        ServerLogin tls = login(PLAIN);
        tls.bindTo(Optional.of(SALT));
        assertThat(SaslInitialResponse.parse(((LoginStep.Send) tls.next(both)).body()).mechanism()).isEqualTo(ScramServer.MECHANISM_PLUS);
        ServerLogin plain = login(PLAIN);
        plain.bindTo(Optional.empty());
        assertThat(SaslInitialResponse.parse(((LoginStep.Send) plain.next(both)).body()).mechanism()).isEqualTo(ScramServer.MECHANISM);
    }

    @Test
    void scramIsFinishedOnlyWhenTheServerHasProvedItself() throws Exception {
        ServerLogin login = login(PLAIN);
        ScramServer.Success success = scramUpToTheProof(login);
        assertThat(login.next(new SaslFinal(success.serverFinal()).body())).isEqualTo(new LoginStep.Await());
        assertThat(login.next(new Ok().body())).isEqualTo(new LoginStep.LoggedIn());
    }

    @Test
    void aServerThatSkipsItsProofIsRefused() throws Exception {
        ServerLogin login = login(PLAIN);
        scramUpToTheProof(login);
        assertThat(reason(login.next(new Ok().body()))).contains("without proving");
    }

    @Test
    void aServerWithAWrongProofIsRefused() throws Exception {
        ServerLogin login = login(PLAIN);
        scramUpToTheProof(login);
        byte[] wrong = "v=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=".getBytes(UTF_8);
        assertThat(reason(login.next(new SaslFinal(wrong).body()))).contains("signature is wrong");
    }

    @Test
    void saslMessagesOutOfTurnAreRefused() {
        assertThat(reason(login(PLAIN).next(new SaslContinue(new byte[0]).body()))).contains("not begun");
        assertThat(reason(login(PLAIN).next(new SaslFinal(new byte[0]).body()))).contains("not begun");
    }

    @Test
    void whatWeCannotSpeakIsNamed() {
        assertThat(reason(login(PLAIN).next(new Unsupported(7).body()))).contains("method 7");
        assertThat(reason(login(PLAIN).next(new Sasl(List.of("OAUTHBEARER")).body()))).contains("OAUTHBEARER");
        assertThat(reason(login(PLAIN).next(new byte[] {0}))).contains("too short");
    }

    private static ScramServer.Success scramUpToTheProof(ServerLogin login) throws Exception {
        var server = new ScramServer(SECRET, Optional.empty());
        byte[] first = ((LoginStep.Send) login.next(scramRequest())).body();
        byte[] challenge = server.first(SaslInitialResponse.parse(first));
        var compute = (LoginStep.Compute) login.next(new SaslContinue(challenge).body());
        return server.finish(((LoginStep.Send) compute.work().get()).body()).orElseThrow();
    }

    private static ServerLogin login(StoredSecret secret) {
        return new PasswordLogin("alice", secret, Optional.empty(), PasswordLogin.Whose.CLIENT);
    }

    private static byte[] md5Request() {
        return new AuthenticationRequest.Md5Password(SALT).body();
    }

    private static byte[] scramRequest() {
        return new Sasl(List.of("SCRAM-SHA-256-PLUS", "SCRAM-SHA-256")).body();
    }

    private static String sent(LoginStep step) {
        return new String(((LoginStep.Send) step).body(), UTF_8);
    }

    private static String reason(LoginStep step) {
        assertThat(step).isInstanceOf(LoginStep.Refused.class);
        AuthFailure failure = ((LoginStep.Refused) step).failure();
        assertThat(failure.message()).startsWith("cannot log in to the server as \"alice\": ").doesNotContain("pencil");
        return failure.message();
    }
}
