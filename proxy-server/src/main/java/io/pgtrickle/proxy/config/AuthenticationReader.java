// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.config;

import io.pgtrickle.proxy.config.ProxyConfig.Authentication;
import io.pgtrickle.wire.auth.StoredSecret;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** The part of a configuration file that says who may come in, and the files it names. */
final class AuthenticationReader {

    private static final String PARAMETER = "$1";

    private final Path file;
    private final SettingValues values;
    private final Map<String, DatabaseEntry> databases;
    private final List<String> warnings;
    private final List<String> problems;
    private final AuthType type;
    private final AuthLookup lookup;

    /** @param databases the entries of [databases], {@code *} among them */
    AuthenticationReader(Path file, SettingValues values, Map<String, DatabaseEntry> databases, List<String> warnings, List<String> problems) {
        this.file = file;
        this.values = values;
        this.databases = databases;
        this.warnings = warnings;
        this.problems = problems;
        this.type = values.get(ProxySettings.AUTH_TYPE);
        this.lookup = new AuthLookup(
                named(ProxySettings.AUTH_USER),
                named(ProxySettings.AUTH_QUERY).filter(query -> !query.equals(AuthLookup.DEFAULT_QUERY)),
                named(ProxySettings.AUTH_DBNAME));
    }

    private Optional<String> named(Setting<String> setting) {
        return Optional.of(values.get(setting)).filter(value -> !value.isEmpty());
    }

    Authentication read() {
        UserList users = users();
        HbaRules hba = hba();
        boolean scram = type == AuthType.SCRAM_SHA_256 || hba.asksFor(HbaMethod.SCRAM_SHA_256);
        if (scram) {
            warnAboutHashes(users);
        }
        boolean inClear = type == AuthType.PLAIN || hba.asksFor(HbaMethod.PASSWORD);
        if (inClear && !values.get(TlsKeys.CLIENT_MODE).isRequired()) {
            warnings.add(file + ": " + (type == AuthType.PLAIN ? "auth_type = plain" : "auth_hba_file") + " has clients send their passwords as they are,"
                    + " which everybody on the way can read if the connection is not encrypted; scram-sha-256 does without");
        }
        checkTls(hba);
        checkForcedUsers();
        checkLookups();
        return new Authentication(type, users, values.get(ProxySettings.SCRAM_ITERATIONS), hba, lookup);
    }

    private void checkTls(HbaRules hba) {
        TlsMode clients = values.get(TlsKeys.CLIENT_MODE);
        if (type == AuthType.CERT && !clients.verifiesCertificate()) {
            problems.add(file + ": auth_type = cert needs client_tls_sslmode = verify-full");
        }
        if (hba.asksFor(HbaMethod.CERT) && (clients == TlsMode.DISABLE || values.get(TlsKeys.CLIENT_CA).isEmpty())) {
            warnings.add(file + ": auth_hba_file asks for client certificates, which clients can show only with client_tls_sslmode and client_tls_ca_file");
        }
        if (type == AuthType.PASSTHROUGH && clients != TlsMode.DISABLE && values.get(TlsKeys.SERVER_MODE) != TlsMode.DISABLE) {
            warnings.add(file + ": with auth_type = passthrough and TLS on both sides, clients with channel binding can log in by SCRAM only if"
                    + " client_tls_cert_file is the server's certificate, too");
        }
    }

    private boolean looksUsersUp() {
        return lookup.user().isPresent() || databases.values().stream().anyMatch(entry -> entry.lookup().user().isPresent());
    }

    private UserList users() {
        Optional<String> name = named(ProxySettings.AUTH_FILE);
        if (name.isEmpty()) {
            if (type.needsUsers() && !looksUsersUp()) {
                problems.add(file + ": auth_type = " + type.text() + " needs auth_file, the list of users, or auth_user, who asks the server for them;"
                        + " auth_type = passthrough leaves authentication to the server");
            }
            return UserList.EMPTY;
        }
        try {
            return UserList.parse(Files.readString(Path.of(name.get()), StandardCharsets.UTF_8), name.get());
        } catch (IOException e) {
            String problem = "cannot read auth_file " + name.get() + ": " + IniFile.reason(e);
            if (looksUsersUp()) {
                warnings.add(problem + "; all users are looked up with auth_query");
            } else {
                problems.add(problem);
            }
        } catch (ConfigException e) {
            problems.addAll(e.problems());
        }
        return UserList.EMPTY;
    }

    private HbaRules hba() {
        Optional<String> name = named(ProxySettings.AUTH_HBA_FILE);
        Optional<String> maps = named(ProxySettings.AUTH_IDENT_FILE);
        if (type != AuthType.HBA) {
            name.or(() -> maps).ifPresent(_ ->
                    warnings.add(file + ": auth_hba_file and auth_ident_file are read with auth_type = hba only, and it is " + type.text()));
            return HbaRules.NONE;
        }
        if (name.isEmpty()) {
            problems.add(file + ": auth_type = hba needs auth_hba_file");
            return HbaRules.NONE;
        }
        try {
            Map<String, IdentMap> known = maps.map(path -> IdentFile.read(Path.of(path))).orElseGet(Map::of);
            return HbaFile.read(Path.of(name.get()), known);
        } catch (ConfigException e) {
            problems.addAll(e.problems());
            return HbaRules.NONE;
        }
    }

    /** SCRAM cannot be checked against an MD5 hash. */
    private void warnAboutHashes(UserList users) {
        String hashed = users.secrets().entrySet().stream()
                .filter(user -> user.getValue() instanceof StoredSecret.Md5)
                .map(Map.Entry::getKey)
                .sorted()
                .collect(Collectors.joining(", "));
        if (!hashed.isEmpty()) {
            warnings.add(values.get(ProxySettings.AUTH_FILE)
                    + ": only an MD5 hash is known of these users, so they cannot log in with scram-sha-256: " + hashed);
        }
    }

    /** Who may say who becomes which user on the server: a forced user and the server's own authentication of the client exclude each other. */
    private void checkForcedUsers() {
        databases.forEach((name, entry) -> {
            boolean forced = entry.user().isPresent();
            if (type == AuthType.PASSTHROUGH && (forced || !(entry.password() instanceof StoredSecret.None))) {
                problems.add(file + ": database " + name + " sets user or password, but with auth_type = passthrough clients log in as themselves");
            }
            if (type == AuthType.PASSTHROUGH && entry.hosts().target() != TargetSession.ANY) {
                problems.add(file + ": database " + name + " sets target_session_attrs, but with auth_type = passthrough the client is the first"
                        + " to hear what a server is like");
            }
            if (type == AuthType.ANY && !forced) {
                problems.add(file + ": database " + name + " sets no user, but with auth_type = any nobody has a name of their own");
            }
        });
        if (type == AuthType.ANY && databases.isEmpty()) {
            problems.add(file + ": auth_type = any needs [databases] whose entries set user");
        }
    }

    private void checkLookups() {
        check(lookup, "");
        databases.forEach((name, entry) -> check(entry.lookup(), "database " + name + ": "));
        if (!type.needsUsers() && looksUsersUp()) {
            warnings.add(file + ": auth_user has no effect with auth_type = " + type.text());
        }
    }

    private void check(AuthLookup checked, String whose) {
        checked.query().filter(query -> !query.contains(PARAMETER)).ifPresent(_ ->
                problems.add(file + ": " + whose + "auth_query must contain " + PARAMETER + ", where the user's name goes"));
        checked.database().filter(name -> !databases.isEmpty() && !databases.containsKey(name) && !databases.containsKey("*")).ifPresent(name ->
                problems.add(file + ": " + whose + "auth_dbname = " + name + " is not in [databases]"));
    }
}
