// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.auth;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.pgtrickle.proxy.config.AuthType;
import io.pgtrickle.proxy.config.DatabaseEntry;
import io.pgtrickle.proxy.config.Databases;
import io.pgtrickle.proxy.config.HostPort;
import io.pgtrickle.proxy.config.ProxyConfig;
import io.pgtrickle.proxy.config.UserList;
import io.pgtrickle.wire.auth.AuthenticationException;
import io.pgtrickle.wire.auth.AuthenticationRequest;
import io.pgtrickle.wire.auth.Md5Password;
import io.pgtrickle.wire.auth.SaslInitialResponse;
import io.pgtrickle.wire.auth.ScramClient;
import io.pgtrickle.wire.auth.ScramSecret;
import io.pgtrickle.wire.auth.ScramServer;
import io.pgtrickle.wire.auth.StoredSecret;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ConfiguredAuthenticatorTest {

    private static final HostPort SERVER = new HostPort("db.example", 5433);
    private static final byte[] SALT = "sixteen bytes of".getBytes(UTF_8);
    private static final ScramSecret CAROLS = ScramSecret.of("carols", SALT, 5000);
    private static final UserList USERS = new UserList(Map.of(
            "alice", new StoredSecret.Plain("alices"),
            "bob", StoredSecret.parse(Md5Password.hash("bob", "bobs")),
            "carol", new StoredSecret.Scram(CAROLS),
            "dave", new StoredSecret.None()));
    private static final Databases ALL = Databases.of(SERVER);

    @Test
    void passThroughRoutesEveryUserAndDatabaseToTheServer() {
        Authenticator door = new ConfiguredAuthenticator(ProxyConfig.passThrough(SERVER));
        assertThat(door.admit(visitor("any", "shop"))).isEqualTo(new Admission.PassThrough(new Route("shop", "db.example", 5433, "shop", "any")));
    }

    @Test
    void passThroughKnowsTheNamedDatabasesOnly() {
        var shop = new DatabaseEntry(Optional.of(new HostPort("other", 5432)), Optional.of("shop_2"), Optional.empty(), new StoredSecret.None());
        var door = door(AuthType.PASSTHROUGH, new Databases(SERVER, Map.of("shop", shop), Optional.empty()));
        assertThat(door.admit(visitor("any", "shop"))).isEqualTo(new Admission.PassThrough(new Route("shop", "other", 5432, "shop_2", "any")));
        assertThat(door.admit(visitor("any", "other"))).isEqualTo(new Admission.Refuse(new AuthFailure("3D000", "database \"other\" does not exist")));
    }

    @Test
    void trustAsksNothingOfUsersInTheListAndRefusesOthers() {
        var door = door(AuthType.TRUST, ALL);
        assertThat(accepted(start(door, "bob", "shop")).route()).isEqualTo(new Route("shop", "db.example", 5433, "shop", "bob"));
        assertThat(start(door, "eve", "shop")).isEqualTo(new AuthStep.Refused(new AuthFailure("28000", "role \"eve\" does not exist")));
    }

    @Test
    void anyTakesEveryNameForTheForcedUser() {
        var forced = new DatabaseEntry(Optional.empty(), Optional.empty(), Optional.of("app"), new StoredSecret.Plain("apps"));
        var door = door(AuthType.ANY, new Databases(SERVER, Map.of(), Optional.of(forced)));
        AuthStep.Accepted accepted = accepted(start(door, "whoever", "shop"));
        assertThat(accepted.route().user()).isEqualTo("app");
        assertThat(cleartextAnswer(accepted.login().get())).isEqualTo("apps");
    }

    @ParameterizedTest
    @CsvSource({"SCRAM_SHA_256, alice, alices", "SCRAM_SHA_256, carol, carols", "MD5, carol, carols"})
    void scramLetsInWhoKnowsThePassword(AuthType type, String user, String password) throws Exception {
        var attempt = new ScramAttempt(door(type, ALL), user, "shop", password);
        AuthStep.Accepted accepted = accepted(attempt.outcome);
        assertThat(accepted.bodies()).hasSize(1);
        attempt.client.verify(saslFinal(accepted.bodies().getFirst()));
        assertThat(accepted.route()).isEqualTo(new Route("shop", "db.example", 5433, "shop", user));
    }

    @ParameterizedTest
    @CsvSource({"MD5, alice, alices", "MD5, bob, bobs"})
    void md5LetsInWhoKnowsThePassword(AuthType type, String user, String password) throws Exception {
        assertThat(accepted(md5(door(type, ALL), user, password)).route().user()).isEqualTo(user);
    }

    @ParameterizedTest
    @ValueSource(strings = {"alice", "bob", "carol", "dave", "eve"})
    void aWrongPasswordAUserWithoutOneAndAnUnknownUserHearTheSame(String user) throws Exception {
        var attempt = new ScramAttempt(door(AuthType.SCRAM_SHA_256, ALL), user, "shop", "wrong");
        assertThat(attempt.outcome).isEqualTo(new AuthStep.Refused(
                new AuthFailure("28P01", "password authentication failed for user \"" + user + "\"")));
    }

    @Test
    void anUnknownUserIsChallengedLikeTheOthersAndAlwaysWithTheSameSalt() throws Exception {
        var door = door(AuthType.SCRAM_SHA_256, new UserList(Map.of("carol", new StoredSecret.Scram(CAROLS))), ALL);
        String first = new ScramAttempt(door, "eve", "shop", "wrong").saltAndIterations;
        String second = new ScramAttempt(door, "eve", "shop", "wrong").saltAndIterations;
        String carol = new ScramAttempt(door, "carol", "shop", "wrong").saltAndIterations;
        assertThat(first).isEqualTo(second).isNotEqualTo(carol).hasSameSizeAs(carol).endsWith(",i=5000");
    }

    @Test
    void underMd5AnUnknownUserIsChallengedWithScramOnlyIfOthersAre() throws Exception {
        assertThat(request(start(door(AuthType.MD5, ALL), "eve", "shop"))).isInstanceOf(AuthenticationRequest.Sasl.class);
        var noScram = door(AuthType.MD5, new UserList(Map.of("alice", new StoredSecret.Plain("alices"))), ALL);
        assertThat(request(start(noScram, "eve", "shop"))).isInstanceOf(AuthenticationRequest.Md5Password.class);
        assertThat(md5(noScram, "eve", "alices")).isEqualTo(new AuthStep.Refused(AuthFailure.wrongPassword("eve")));
    }

    @Test
    void anUnknownDatabaseIsReportedOnlyAfterThePassword() throws Exception {
        var none = new Databases(SERVER, Map.of(), Optional.empty());
        assertThat(new ScramAttempt(door(AuthType.SCRAM_SHA_256, none), "carol", "shop", "wrong").outcome)
                .isEqualTo(new AuthStep.Refused(AuthFailure.wrongPassword("carol")));
        assertThat(new ScramAttempt(door(AuthType.SCRAM_SHA_256, none), "carol", "shop", "carols").outcome)
                .isEqualTo(new AuthStep.Refused(AuthFailure.unknownDatabase("shop")));
    }

    @Test
    void garbageInsteadOfAnAnswerIsAProtocolViolation() {
        ClientAuthentication scram = exchange(door(AuthType.SCRAM_SHA_256, ALL), "carol", "shop");
        scram.start();
        assertThat(scram.next("garbage".getBytes(UTF_8))).isInstanceOfSatisfying(AuthStep.Refused.class,
                refused -> assertThat(refused.failure().sqlState()).isEqualTo("08P01"));
        ClientAuthentication md5 = exchange(door(AuthType.MD5, ALL), "bob", "shop");
        md5.start();
        assertThat(md5.next("unterminated".getBytes(UTF_8))).isInstanceOfSatisfying(AuthStep.Refused.class,
                refused -> assertThat(refused.failure().sqlState()).isEqualTo("08P01"));
    }

    @Test
    void theKeysOfTheClientsExchangeLogInToAServerWithTheSameSecret() throws Exception {
        ServerLogin login = accepted(new ScramAttempt(door(AuthType.SCRAM_SHA_256, ALL), "carol", "shop", "carols").outcome).login().get();
        assertThat(ScramServerConversation.run(login, CAROLS)).isTrue();
    }

    @Test
    void theEntrysPasswordComesBeforeThatOfTheList() {
        var forced = new DatabaseEntry(Optional.empty(), Optional.empty(), Optional.of("alice"), new StoredSecret.Plain("other"));
        var listed = new DatabaseEntry(Optional.empty(), Optional.empty(), Optional.of("alice"), new StoredSecret.None());
        var door = door(AuthType.TRUST, new Databases(SERVER, Map.of("forced", forced, "listed", listed), Optional.empty()));
        assertThat(cleartextAnswer(accepted(start(door, "bob", "forced")).login().get())).isEqualTo("other");
        assertThat(cleartextAnswer(accepted(start(door, "bob", "listed")).login().get())).isEqualTo("alices");
    }

    private static Authenticator door(AuthType type, Databases databases) {
        return door(type, USERS, databases);
    }

    private static Authenticator door(AuthType type, UserList users, Databases databases) {
        ProxyConfig defaults = ProxyConfig.passThrough(SERVER);
        var authentication = new ProxyConfig.Authentication(type, users, 4096);
        return new ConfiguredAuthenticator(
                new ProxyConfig(defaults.listen(), authentication, databases, defaults.pooling(), defaults.limits(), defaults.logging(), defaults.tls(), defaults.engine()));
    }

    private static Visitor visitor(String user, String database) {
        return new Visitor(user, database, false, Optional.of(InetAddress.getLoopbackAddress()), Optional.empty());
    }

    private static ClientAuthentication exchange(Authenticator door, String user, String database) {
        return ((Admission.Authenticate) door.admit(visitor(user, database))).exchange();
    }

    private static AuthStep start(Authenticator door, String user, String database) {
        return exchange(door, user, database).start();
    }

    private static AuthStep.Accepted accepted(AuthStep step) {
        assertThat(step).isInstanceOf(AuthStep.Accepted.class);
        return (AuthStep.Accepted) step;
    }

    private static AuthenticationRequest request(AuthStep step) throws AuthenticationException {
        return AuthenticationRequest.parse(((AuthStep.Send) step).body());
    }

    private static byte[] saslFinal(byte[] body) throws AuthenticationException {
        return ((AuthenticationRequest.SaslFinal) AuthenticationRequest.parse(body)).data();
    }

    private static AuthStep md5(Authenticator door, String user, String password) throws AuthenticationException {
        ClientAuthentication exchange = exchange(door, user, "shop");
        byte[] salt = ((AuthenticationRequest.Md5Password) request(exchange.start())).salt();
        byte[] answer = Md5Password.answer(Md5Password.hash(user, password), salt).getBytes(StandardCharsets.US_ASCII);
        return exchange.next(Arrays.copyOf(answer, answer.length + 1));
    }

    private static String cleartextAnswer(ServerLogin login) {
        byte[] body = ((LoginStep.Send) login.next(new AuthenticationRequest.CleartextPassword().body())).body();
        return new String(body, 0, body.length - 1, UTF_8);
    }

    /** A client with a password that goes through the whole exchange. */
    private static final class ScramAttempt {

        final ScramClient client;
        final String saltAndIterations;
        final AuthStep outcome;

        ScramAttempt(Authenticator door, String user, String database, String password) throws AuthenticationException {
            client = ScramClient.withPassword(password);
            ClientAuthentication exchange = exchange(door, user, database);
            assertThat(request(exchange.start())).isEqualTo(new AuthenticationRequest.Sasl(java.util.List.of("SCRAM-SHA-256")));
            byte[] challenge = ((AuthenticationRequest.SaslContinue) request(exchange.next(client.first().body()))).data();
            String text = new String(challenge, UTF_8);
            saltAndIterations = text.substring(text.indexOf(",s="));
            client.serverFirst(challenge);
            outcome = exchange.next(client.answer());
        }
    }

    /** A server with a secret that our login talks to. */
    private static final class ScramServerConversation {

        static boolean run(ServerLogin login, ScramSecret secret) throws AuthenticationException {
            var server = new ScramServer(secret, Optional.empty());
            var first = (LoginStep.Send) login.next(new AuthenticationRequest.Sasl(server.mechanisms()).body());
            byte[] challenge = server.first(SaslInitialResponse.parse(first.body()));
            var compute = (LoginStep.Compute) login.next(new AuthenticationRequest.SaslContinue(challenge).body());
            var answer = (LoginStep.Send) compute.work().get();
            byte[] proof = server.finish(answer.body()).orElseThrow().serverFinal();
            return login.next(new AuthenticationRequest.SaslFinal(proof).body()) instanceof LoginStep.Await
                    && login.next(new AuthenticationRequest.Ok().body()) instanceof LoginStep.LoggedIn;
        }
    }
}
