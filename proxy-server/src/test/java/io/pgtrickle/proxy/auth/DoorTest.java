// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.auth;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.pgtrickle.proxy.config.AuthLookup;
import io.pgtrickle.proxy.config.AuthType;
import io.pgtrickle.proxy.config.DatabaseEntry;
import io.pgtrickle.proxy.config.Databases;
import io.pgtrickle.proxy.config.HbaRules;
import io.pgtrickle.proxy.config.HostPort;
import io.pgtrickle.proxy.config.ProxyConfig;
import io.pgtrickle.proxy.config.ProxyConfig.Authentication;
import io.pgtrickle.proxy.config.UserList;
import io.pgtrickle.wire.auth.AuthenticationException;
import io.pgtrickle.wire.auth.AuthenticationRequest;
import io.pgtrickle.wire.auth.Md5Password;
import io.pgtrickle.wire.auth.SaslInitialResponse;
import io.pgtrickle.wire.auth.ScramClient;
import io.pgtrickle.wire.auth.ScramSecret;
import io.pgtrickle.wire.auth.ScramServer;
import io.pgtrickle.wire.auth.StoredSecret;
import io.pgtrickle.wire.backend.Report;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Passwords in clear, certificates, auth_query and a configuration that is replaced; servers are played by the test. */
class DoorTest {

    private static final HostPort SERVER = new HostPort("db.example", 5433);
    private static final ScramSecret CAROLS = ScramSecret.of("carols", "sixteen bytes of".getBytes(UTF_8), 4096);
    private static final ScramSecret CAROLS_NEW = ScramSecret.of("carols new one", "another 16 bytes".getBytes(UTF_8), 4096);
    private static final UserList USERS = new UserList(Map.of(
            "alice", new StoredSecret.Plain("alices"),
            "bob", StoredSecret.parse(Md5Password.hash("bob", "bobs")),
            "carol", new StoredSecret.Scram(CAROLS),
            "dave", new StoredSecret.None()));
    private static final AuthStep.Refused WRONG_FOR_EVE = new AuthStep.Refused(AuthFailure.wrongPassword("eve"));

    /** Answers with what it knows, and notes where and what it was asked. */
    private static final class FakeServer implements ServerQueries {

        private final Map<String, List<List<Optional<String>>>> answers = new HashMap<>();
        private final List<String> asked = new ArrayList<>();
        private Optional<ServerLogin> login = Optional.empty();

        @Override
        public CompletableFuture<List<List<Optional<String>>>> ask(
                Route route, java.util.function.Supplier<ServerLogin> as, String query, String parameter) {
            asked.add(route.user() + "@" + route.database() + ": " + query + " <- " + parameter);
            login = Optional.of(as.get());
            return CompletableFuture.completedFuture(answers.getOrDefault(parameter, List.of()));
        }

        FakeServer knows(String user, String secret) {
            answers.put(user, List.of(List.of(Optional.of(user), Optional.of(secret))));
            return this;
        }
    }

    // Passwords in clear.

    @ParameterizedTest
    @CsvSource({"alice, alices", "bob, bobs", "carol, carols"})
    void aPasswordInClearFitsEveryKindOfSecretAndServesForTheServer(String user, String password) throws Exception {
        AuthStep.Accepted accepted = accepted(clear(door(AuthType.PLAIN), user, password));
        assertThat(cleartextAnswer(accepted.login().get())).isEqualTo(password);
    }

    @ParameterizedTest
    @ValueSource(strings = {"alice", "bob", "carol", "dave", "eve"})
    void aWrongPasswordInClearIsRefusedForAllAlike(String user) throws Exception {
        for (String password : List.of("wrong", "", Md5Password.hash("bob", "bobs"), CAROLS.text())) {
            assertThat(clear(door(AuthType.PLAIN), user, password)).isEqualTo(new AuthStep.Refused(AuthFailure.wrongPassword(user)));
        }
    }

    @Test
    void aPasswordInClearMustBeOneString() {
        for (byte[] body : List.of(new byte[0], new byte[] {'a'}, new byte[] {'a', 0, 'b', 0})) {
            ClientAuthentication exchange = exchange(door(AuthType.PLAIN), visitor("alice"));
            exchange.start();
            assertThat(exchange.next(body)).isInstanceOfSatisfying(AuthStep.Refused.class, refused -> assertThat(refused.failure().sqlState()).isEqualTo("08P01"));
        }
    }

    // Certificates.

    @Test
    void aCertificateMustNameTheUserAndTheUserMustBeKnown() {
        var door = door(AuthType.CERT);
        assertThat(accepted(start(door, tls("alice", Optional.of("alice")))).route().user()).isEqualTo("alice");
        assertThat(refusal(door, tls("alice", Optional.of("bob")))).isEqualTo(new AuthFailure("28000", "certificate authentication failed for user \"alice\""));
        assertThat(refusal(door, tls("eve", Optional.of("eve")))).isEqualTo(new AuthFailure("28000", "certificate authentication failed for user \"eve\""));
        assertThat(refusal(door, tls("alice", Optional.empty()))).isEqualTo(new AuthFailure("28000", "connection requires a valid client certificate"));
        assertThat(refusal(door, visitor("alice"))).isEqualTo(new AuthFailure("28000", "connection requires a valid client certificate"));
    }

    @Test
    void channelBindingIsOfferedWhereThereIsSomethingToBindTo() throws Exception {
        var tls = new Visitor("carol", "shop", false, Optional.empty(), Optional.of(new TlsPeer(Optional.empty(), Optional.of(new byte[32]))));
        assertThat(request(start(door(AuthType.SCRAM_SHA_256), tls))).isEqualTo(new AuthenticationRequest.Sasl(List.of("SCRAM-SHA-256-PLUS", "SCRAM-SHA-256")));
        assertThat(request(start(door(AuthType.SCRAM_SHA_256), visitor("carol")))).isEqualTo(new AuthenticationRequest.Sasl(List.of("SCRAM-SHA-256")));
    }

    // auth_query.

    @Test
    void whoIsNotListedIsLookedUpAtEveryLogin() throws Exception {
        var server = new FakeServer().knows("frank", ScramSecret.of("franks", "salt".getBytes(UTF_8), 4096).text());
        var door = door(AuthType.SCRAM_SHA_256, new AuthLookup(Optional.of("carol"), Optional.of("ask $1"), Optional.empty()), server);
        assertThat(accepted(scram(door, "frank", "franks")).route().user()).isEqualTo("frank");
        assertThat(scram(door, "frank", "wrong")).isEqualTo(new AuthStep.Refused(AuthFailure.wrongPassword("frank")));
        assertThat(scram(door, "eve", "wrong")).isEqualTo(WRONG_FOR_EVE);
        assertThat(accepted(scram(door, "carol", "carols")).route().user()).isEqualTo("carol");
        assertThat(server.asked).containsExactly("carol@shop: ask $1 <- frank", "carol@shop: ask $1 <- frank", "carol@shop: ask $1 <- eve");
    }

    @Test
    void theDatabaseSaysHowAndWhereUsersAreLookedUp() throws Exception {
        var shop = new DatabaseEntry(Optional.empty(), Optional.empty(), Optional.empty(), new StoredSecret.None(),
                new AuthLookup(Optional.of("asker"), Optional.of("own $1"), Optional.of("auth")));
        var auth = new DatabaseEntry(Optional.empty(), Optional.of("auth_2"), Optional.of("forced"), new StoredSecret.Plain("forced"));
        var server = new FakeServer();
        var databases = new Databases(SERVER, Map.of("shop", shop, "auth", auth), Optional.empty());
        var door = door(AuthType.MD5, new AuthLookup(Optional.of("alice"), Optional.empty(), Optional.empty()), server, databases);
        scram(door, "eve", "wrong");
        assertThat(server.asked).containsExactly("asker@auth_2: own $1 <- eve");
        assertThat(start(door, new Visitor("eve", "absent", false, Optional.empty(), Optional.empty()))).as("nowhere to ask").isInstanceOf(AuthStep.Send.class);
    }

    @Test
    void authUsersOwnPasswordIsTheListsAndASecretDoesNotServe() throws Exception {
        var server = new FakeServer();
        scram(door(AuthType.SCRAM_SHA_256, lookup("alice"), server), "eve", "wrong");
        assertThat(cleartextAnswer(server.login.orElseThrow())).isEqualTo("alices");
        scram(door(AuthType.SCRAM_SHA_256, lookup("carol"), server), "eve", "wrong");
        var refused = (LoginStep.Refused) server.login.orElseThrow().next(new AuthenticationRequest.Sasl(List.of("SCRAM-SHA-256")).body());
        assertThat(refused.failure().message()).contains("\"carol\"").contains("only a SCRAM secret is known");
        assertThat(refused.failure().hint()).isEqualTo("Put auth_user's password in clear into auth_file.");
    }

    @Test
    void noPasswordFitsAUserWithoutSecretNorOneThatTheQueryDoesNotName() throws Exception {
        var server = new FakeServer();
        server.answers.put("expired", List.of(List.of(Optional.of("expired"), Optional.empty())));
        server.answers.put("nameless", List.of(List.of(Optional.empty(), Optional.of("secret"))));
        server.answers.put("other", List.of(List.of(Optional.of("another"), Optional.of("secret"))));
        for (AuthType type : List.of(AuthType.SCRAM_SHA_256, AuthType.MD5)) {
            var door = door(type, lookup("alice"), server);
            for (String user : List.of("expired", "nameless", "other")) {
                assertThat(scram(door, user, "secret")).isEqualTo(new AuthStep.Refused(AuthFailure.wrongPassword(user)));
            }
        }
        assertThat(start(door(AuthType.TRUST, lookup("alice"), server), visitor("nameless")))
                .isEqualTo(new AuthStep.Refused(AuthFailure.unknownUser("nameless")));
        assertThat(accepted(start(door(AuthType.TRUST, lookup("alice"), server), visitor("expired"))).route().user()).isEqualTo("expired");
    }

    @Test
    void anAnswerThatIsNoneAndAServerThatFailsAreNotTheClientsFault() {
        var server = new FakeServer();
        server.answers.put("wide", List.of(List.of(Optional.of("wide"), Optional.of("a"), Optional.of("b"))));
        server.answers.put("many", List.of(List.of(Optional.of("many"), Optional.of("a")), List.of(Optional.of("many"), Optional.of("b"))));
        var door = door(AuthType.SCRAM_SHA_256, lookup("alice"), server);
        assertThat(failure(start(door, visitor("wide"))).message()).isEqualTo("auth_query failed: the user's password cannot be checked now");
        assertThat(failure(start(door, visitor("many"))).sqlState()).isEqualTo("0A000");
        ServerQueries failing = (route, login, query, user) ->
                CompletableFuture.failedFuture(new QueryFailure(Report.fatal("42501", "permission denied for table pg_authid")));
        AuthFailure denied = failure(start(door(AuthType.SCRAM_SHA_256, lookup("alice"), failing), visitor("eve")));
        assertThat(denied.sqlState()).isEqualTo("42501");
        assertThat(denied.message()).doesNotContain("pg_authid");
        ServerQueries nowhere = (route, login, query, user) ->
                CompletableFuture.failedFuture(new QueryFailure(Report.fatal("3D000", "database \"shop_prod\" does not exist")));
        assertThat(failure(start(door(AuthType.SCRAM_SHA_256, lookup("alice"), nowhere), visitor("eve")))).isEqualTo(AuthFailure.unknownDatabase("shop"));
    }

    @Test
    void underMd5UnknownUsersAreAskedLikeThoseTheServerKnows() throws Exception {
        var server = new FakeServer().knows("frank", Md5Password.hash("frank", "franks"));
        var door = door(AuthType.MD5, lookup("alice"), server);
        assertThat(request(start(door, visitor("eve")))).isInstanceOf(AuthenticationRequest.Sasl.class);
        assertThat(request(start(door, visitor("frank")))).isInstanceOf(AuthenticationRequest.Md5Password.class);
        assertThat(request(start(door, visitor("eve")))).isInstanceOf(AuthenticationRequest.Md5Password.class);
        server.knows("frank", ScramSecret.of("franks", "salt".getBytes(UTF_8), 7000).text());
        start(door, visitor("frank"));
        assertThat(challenge(door, "eve")).endsWith(",i=7000");
    }

    @Test
    void aPasswordInClearFromTheServerHasTheSameSaltEveryTime() throws Exception {
        var server = new FakeServer().knows("frank", "franks");
        var door = door(AuthType.SCRAM_SHA_256, lookup("alice"), server);
        assertThat(challenge(door, "frank")).isEqualTo(challenge(door, "frank"));
        AuthStep.Accepted accepted = accepted(scram(door, "frank", "franks"));
        assertThat(cleartextAnswer(accepted.login().get())).isEqualTo("franks");
    }

    // Keys of SCRAM exchanges.

    @Test
    void theKeysOfAUsersLoginServeForClientsThatCameInOtherwise() throws Exception {
        HbaRules none = HbaRules.NONE;
        var authenticator = new ConfiguredAuthenticator(config(new Authentication(AuthType.TRUST, USERS, 4096, none, AuthLookup.UNSET)));
        AuthStep.Accepted trusted = accepted(start(authenticator, visitor("carol")));
        assertThat(((LoginStep.Refused) begun(trusted)).failure().message()).contains("only a SCRAM secret is known");
        assertThat(((LoginStep.Refused) begun(trusted)).failure().hint()).contains("SCRAM-SHA-256");

        authenticator.reload(config(new Authentication(AuthType.SCRAM_SHA_256, USERS, 4096)));
        AuthStep.Accepted proved = accepted(scram(authenticator, "carol", "carols"));
        assertThat(logsIn(proved.login().get(), CAROLS)).isTrue();
        assertThat(logsIn(trusted.login().get(), CAROLS)).as("after another client's proof").isTrue();

        UserList changed = new UserList(Map.of("carol", new StoredSecret.Scram(CAROLS_NEW)));
        authenticator.reload(config(new Authentication(AuthType.SCRAM_SHA_256, changed, 4096)));
        assertThat(begun(trusted)).as("the secret has changed").isInstanceOf(LoginStep.Refused.class);
        accepted(scram(authenticator, "carol", "carols new one"));
        assertThat(logsIn(proved.login().get(), CAROLS_NEW)).as("the keys of the newest login").isTrue();
    }

    @Test
    void whoMakesOneDatabasesQuerySayWhatHeLikesDoesNotComeByTheKeysOfOthers() throws Exception {
        ScramSecret forged = ScramSecret.of("mine", "a forger's bytes".getBytes(UTF_8), 4096);
        ServerQueries servers = (route, login, query, user) -> CompletableFuture.completedFuture(
                List.of(List.of(Optional.of(user), Optional.of((route.database().equals("forgers") ? forged : CAROLS).text()))));
        var door = door(AuthType.SCRAM_SHA_256, lookup("alice"), servers);
        ServerLogin forger = accepted(scram(door, new Visitor("victim", "forgers", false, Optional.empty(), Optional.empty()), "mine")).login().get();
        AuthStep.Accepted forgers = accepted(scram(door, new Visitor("victim", "forgers", false, Optional.empty(), Optional.empty()), "mine"));
        assertThat(logsIn(accepted(scram(door, "victim", "carols")).login().get(), CAROLS)).isTrue();
        for (ServerLogin login : List.of(forger, forgers.login().get())) {
            assertThat(challenged(login, CAROLS)).isInstanceOf(LoginStep.Refused.class);
        }
    }

    @Test
    void aServerWithAnotherSecretIsSaidToHaveOne() throws Exception {
        ServerLogin login = accepted(scram(door(AuthType.SCRAM_SHA_256), "carol", "carols")).login().get();
        AuthFailure failure = ((LoginStep.Refused) challenged(login, CAROLS_NEW)).failure();
        assertThat(failure.message()).contains("the server has another SCRAM secret for this user (salt or iterations differ)");
        assertThat(failure.hint()).contains("Copy the secret from the server's pg_authid into auth_file");
    }

    @Test
    void theSecretOfAForcedUserNeedsItsOwnPassword() throws Exception {
        var forced = new DatabaseEntry(Optional.empty(), Optional.empty(), Optional.of("carol"), new StoredSecret.None());
        var door = door(AuthType.SCRAM_SHA_256, AuthLookup.UNSET, new FakeServer(), new Databases(SERVER, Map.of("shop", forced), Optional.empty()));
        var refused = (LoginStep.Refused) begun(accepted(scram(door, "alice", "alices")));
        assertThat(refused.failure().hint()).isEqualTo("Put this user's password in clear into [databases] or auth_file.");
        assertThat(logsIn(accepted(scram(door, "carol", "carols")).login().get(), CAROLS)).as("the client is the forced user").isTrue();
    }

    // Replacing the configuration.

    @Test
    void aReloadChangesUsersAndKeepsTheSaltsOfUnknownOnes() throws Exception {
        var authenticator = new ConfiguredAuthenticator(config(new Authentication(AuthType.SCRAM_SHA_256, USERS, 4096)));
        String before = challenge(authenticator, "eve");
        String alice = challenge(authenticator, "alice");
        authenticator.reload(config(new Authentication(AuthType.SCRAM_SHA_256, new UserList(Map.of(
                "alice", new StoredSecret.Plain("alices new one"), "carol", new StoredSecret.Scram(CAROLS))), 4096)));
        assertThat(challenge(authenticator, "eve")).isEqualTo(before);
        assertThat(challenge(authenticator, "alice")).isEqualTo(alice);
        assertThat(accepted(scram(authenticator, "alice", "alices new one")).route().user()).isEqualTo("alice");
        assertThat(scram(authenticator, "alice", "alices")).isEqualTo(new AuthStep.Refused(AuthFailure.wrongPassword("alice")));
    }

    // The test's client and server.

    private static Authenticator door(AuthType type) {
        return door(type, AuthLookup.UNSET, new FakeServer());
    }

    private static Authenticator door(AuthType type, AuthLookup lookup, ServerQueries server) {
        return door(type, lookup, server, Databases.of(SERVER));
    }

    private static Authenticator door(AuthType type, AuthLookup lookup, ServerQueries server, Databases databases) {
        var door = new ConfiguredAuthenticator(config(new Authentication(type, USERS, 4096, HbaRules.NONE, lookup)).withDatabases(databases));
        door.open(server);
        return door;
    }

    private static ProxyConfig config(Authentication authentication) {
        ProxyConfig defaults = ProxyConfig.passThrough(SERVER);
        return new ProxyConfig(
                defaults.listen(), authentication, defaults.databases(), defaults.pooling(), defaults.limits(), defaults.logging(), defaults.tls(), defaults.engine());
    }

    private static AuthLookup lookup(String user) {
        return new AuthLookup(Optional.of(user), Optional.empty(), Optional.empty());
    }

    private static Visitor visitor(String user) {
        return new Visitor(user, "shop", false, Optional.of(InetAddress.getLoopbackAddress()), Optional.empty());
    }

    private static Visitor tls(String user, Optional<String> name) {
        return new Visitor(user, "shop", false, Optional.of(InetAddress.getLoopbackAddress()), Optional.of(new TlsPeer(name, Optional.empty())));
    }

    private static ClientAuthentication exchange(Authenticator door, Visitor visitor) {
        return ((Admission.Authenticate) door.admit(visitor)).exchange();
    }

    private static AuthStep start(Authenticator door, Visitor visitor) {
        return computed(exchange(door, visitor).start());
    }

    private static AuthStep computed(AuthStep step) {
        return step instanceof AuthStep.Compute(var work) ? computed(work.get()) : step;
    }

    private static AuthStep.Accepted accepted(AuthStep step) {
        assertThat(step).isInstanceOf(AuthStep.Accepted.class);
        return (AuthStep.Accepted) step;
    }

    private static AuthFailure failure(AuthStep step) {
        return ((AuthStep.Refused) step).failure();
    }

    private static AuthFailure refusal(Authenticator door, Visitor visitor) {
        return switch (door.admit(visitor)) {
            case Admission.Refuse(AuthFailure failure) -> failure;
            case Admission.Authenticate(ClientAuthentication exchange) -> failure(computed(exchange.start()));
            case Admission.PassThrough _ -> throw new AssertionError();
        };
    }

    private static AuthenticationRequest request(AuthStep step) throws AuthenticationException {
        return AuthenticationRequest.parse(((AuthStep.Send) step).body());
    }

    private static AuthStep clear(Authenticator door, String user, String password) throws AuthenticationException {
        ClientAuthentication exchange = exchange(door, visitor(user));
        assertThat(request(computed(exchange.start()))).isEqualTo(new AuthenticationRequest.CleartextPassword());
        byte[] answer = password.getBytes(UTF_8);
        return computed(exchange.next(Arrays.copyOf(answer, answer.length + 1)));
    }

    private static AuthStep scram(Authenticator door, String user, String password) throws AuthenticationException {
        return scram(door, visitor(user), password);
    }

    private static AuthStep scram(Authenticator door, Visitor visitor, String password) throws AuthenticationException {
        ClientAuthentication exchange = exchange(door, visitor);
        AuthStep first = computed(exchange.start());
        if (first instanceof AuthStep.Refused) {
            return first;
        }
        assertThat(request(first)).isInstanceOf(AuthenticationRequest.Sasl.class);
        ScramClient client = ScramClient.withPassword(password);
        client.serverFirst(((AuthenticationRequest.SaslContinue) request(exchange.next(client.first().body()))).data());
        return computed(exchange.next(client.answer()));
    }

    /** Salt and iterations. */
    private static String challenge(Authenticator door, String user) throws AuthenticationException {
        ClientAuthentication exchange = exchange(door, visitor(user));
        computed(exchange.start());
        byte[] challenge = ((AuthenticationRequest.SaslContinue) request(exchange.next(ScramClient.withPassword("x").first().body()))).data();
        String text = new String(challenge, UTF_8);
        return text.substring(text.indexOf(",s="));
    }

    private static String cleartextAnswer(ServerLogin login) {
        byte[] body = ((LoginStep.Send) login.next(new AuthenticationRequest.CleartextPassword().body())).body();
        return new String(body, 0, body.length - 1, UTF_8);
    }

    private static LoginStep begun(AuthStep.Accepted accepted) {
        return accepted.login().get().next(new AuthenticationRequest.Sasl(List.of("SCRAM-SHA-256")).body());
    }

    /** The answer to the challenge of a server with this secret. */
    private static LoginStep challenged(ServerLogin login, ScramSecret secret) throws AuthenticationException {
        var server = new ScramServer(secret, Optional.empty());
        var first = (LoginStep.Send) login.next(new AuthenticationRequest.Sasl(server.mechanisms()).body());
        return login.next(new AuthenticationRequest.SaslContinue(server.first(SaslInitialResponse.parse(first.body()))).body());
    }

    private static boolean logsIn(ServerLogin login, ScramSecret secret) throws AuthenticationException {
        var server = new ScramServer(secret, Optional.empty());
        var first = (LoginStep.Send) login.next(new AuthenticationRequest.Sasl(server.mechanisms()).body());
        byte[] challenge = server.first(SaslInitialResponse.parse(first.body()));
        var compute = (LoginStep.Compute) login.next(new AuthenticationRequest.SaslContinue(challenge).body());
        byte[] proof = server.finish(((LoginStep.Send) compute.work().get()).body()).orElseThrow().serverFinal();
        return login.next(new AuthenticationRequest.SaslFinal(proof).body()) instanceof LoginStep.Await
                && login.next(new AuthenticationRequest.Ok().body()) instanceof LoginStep.LoggedIn;
    }
}
