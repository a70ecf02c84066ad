// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.config;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * How libpq finds what a connection was not told (PostgreSQL manual 32.15 to 32.17): first the service that PGSERVICE names, then PG…
 * variables, then defaults. pgjdbc does none of this except reading the password file, which therefore is left to it.
 */
public final class LibpqRules {

    /** One connection parameter: libpq's name, its variable, and pgjdbc's property. */
    private record Parameter(String name, String variable, String property) {}

    private static final List<Parameter> HANDED_ON = List.of(
            new Parameter("sslmode", "PGSSLMODE", "sslmode"),
            new Parameter("sslcert", "PGSSLCERT", "sslcert"),
            new Parameter("sslkey", "PGSSLKEY", "sslkey"),
            new Parameter("sslrootcert", "PGSSLROOTCERT", "sslrootcert"),
            new Parameter("channel_binding", "PGCHANNELBINDING", "channelBinding"),
            new Parameter("gssencmode", "PGGSSENCMODE", "gssEncMode"),
            new Parameter("connect_timeout", "PGCONNECT_TIMEOUT", "connectTimeout"),
            new Parameter("application_name", "PGAPPNAME", "ApplicationName"),
            new Parameter("options", "PGOPTIONS", "options"));

    private static final Set<String> OWN = Set.of("host", "hostaddr", "port", "user", "password", "dbname");

    private static final Set<PosixFilePermission> TOO_OPEN = Set.of(
            PosixFilePermission.GROUP_READ, PosixFilePermission.GROUP_WRITE, PosixFilePermission.GROUP_EXECUTE,
            PosixFilePermission.OTHERS_READ, PosixFilePermission.OTHERS_WRITE, PosixFilePermission.OTHERS_EXECUTE);

    private final Map<String, String> environment;
    private final Path home;
    private final String systemUser;
    private final Map<String, String> service;

    /** @throws ConfigException if PGSERVICE names a service that is not defined */
    LibpqRules(Map<String, String> environment, Path home, String systemUser) {
        this.environment = environment;
        this.home = home;
        this.systemUser = systemUser;
        this.service = variable("PGSERVICE").map(name -> ServiceFile.find(name, serviceFiles())).orElseGet(Map::of);
    }

    /** By the variables and files of this process. */
    public static LibpqRules ofThisProcess() {
        return new LibpqRules(System.getenv(), Path.of(System.getProperty("user.home")), System.getProperty("user.name"));
    }

    /** The server that is meant when none is named; localhost:5432 in the end. */
    public HostPort server() {
        String host = value("hostaddr", "PGHOSTADDR").or(() -> value("host", "PGHOST")).orElse("localhost");
        if (host.startsWith("/") || host.startsWith("@") || host.contains(",")) {
            throw new ConfigException("the server \"" + host + "\" of PGHOST or the service file is not one TCP host; unix sockets and lists are not supported yet");
        }
        String port = value("port", "PGPORT").orElse("5432");
        try {
            return new HostPort(host, ValueType.integer(1, 65535).parser().apply(port));
        } catch (IllegalArgumentException e) {
            throw new ConfigException("invalid port number \"" + port + "\" in PGPORT or the service file");
        }
    }

    /** @param user the user that was named, if any */
    public EngineLogin login(Optional<String> user) {
        var warnings = new ArrayList<String>();
        var properties = new LinkedHashMap<String, String>();
        HANDED_ON.forEach(parameter -> value(parameter.name(), parameter.variable())
                .ifPresent(value -> properties.put(parameter.property(), value)));
        service.keySet().stream()
                .filter(key -> !OWN.contains(key) && HANDED_ON.stream().noneMatch(parameter -> parameter.name().equals(key)))
                .forEach(key -> warnings.add("service file: " + key + " is not supported, ignored"));
        Optional<String> password = value("password", "PGPASSWORD").or(() -> withoutPasswordFile(warnings));
        return new EngineLogin(user.or(() -> value("user", "PGUSER")).orElse(systemUser), password, properties, warnings);
    }

    /** libpq does not trust a password file that others can read; pgjdbc would, unless it is given a password, so it gets an empty one. */
    private Optional<String> withoutPasswordFile(List<String> warnings) {
        Path file = variable("PGPASSFILE").map(Path::of).orElse(home.resolve(".pgpass"));
        try {
            if (!Files.exists(file) || Files.getPosixFilePermissions(file).stream().noneMatch(TOO_OPEN::contains)) {
                return Optional.empty();
            }
        } catch (IOException | UnsupportedOperationException e) {
            return Optional.empty();
        }
        warnings.add("password file \"" + file + "\" has group or world access; permissions should be u=rw (0600) or less; it is ignored");
        return Optional.of("");
    }

    private List<Path> serviceFiles() {
        var files = new ArrayList<Path>();
        files.add(variable("PGSERVICEFILE").map(Path::of).orElse(home.resolve(".pg_service.conf")));
        variable("PGSYSCONFDIR").ifPresent(directory -> files.add(Path.of(directory, "pg_service.conf")));
        return files;
    }

    private Optional<String> value(String name, String variable) {
        return Optional.ofNullable(service.get(name)).or(() -> variable(variable));
    }

    /** An empty variable counts as absent, as it does for libpq's own parameters. */
    private Optional<String> variable(String name) {
        return Optional.ofNullable(environment.get(name)).filter(value -> !value.isEmpty());
    }
}
