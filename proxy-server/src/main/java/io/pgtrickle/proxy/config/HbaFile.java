// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.config;

import io.pgtrickle.proxy.config.HbaRule.ClientCert;
import io.pgtrickle.proxy.config.HbaRule.Names;
import io.pgtrickle.proxy.config.HbaRule.Transport;
import io.pgtrickle.proxy.config.HbaTokens.Line;
import io.pgtrickle.proxy.config.HbaTokens.Token;
import io.pgtrickle.sql.text.Suggestions;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Reads auth_hba_file: the part of pg_hba.conf's format that PgBouncer has. A line that cannot be understood is an error and not passed
 * over, for the lines behind it would let in whom it was to keep out.
 */
final class HbaFile {

    private static final int MAX_DEPTH = 10;
    private static final Set<String> INCLUDES = Set.of("include", "include_if_exists", "include_dir");
    private static final Set<String> FOREIGN = Set.of("ldap", "pam", "radius", "gss", "sspi", "ident", "bsd", "oauth", "krb5");
    private static final List<String> METHODS = Arrays.stream(HbaMethod.values()).map(HbaMethod::text).toList();
    private static final List<String> TRANSPORTS =
            Arrays.stream(Transport.values()).map(transport -> transport.name().toLowerCase(Locale.ROOT)).toList();

    private final Path file;
    private final Map<String, IdentMap> maps;
    private final List<String> problems = new ArrayList<>();

    private HbaFile(Path file, Map<String, IdentMap> maps) {
        this.file = file;
        this.maps = maps;
    }

    /** @throws ConfigException with every line that is wrong */
    static HbaRules read(Path file, Map<String, IdentMap> maps) {
        var reader = new HbaFile(file, maps);
        var rules = new ArrayList<HbaRule>();
        for (Line line : lines(file, "auth_hba_file")) {
            try {
                rules.add(reader.rule(line));
            } catch (IllegalArgumentException e) {
                reader.problems.add(file + ":" + line.number() + ": " + e.getMessage());
            }
        }
        if (!reader.problems.isEmpty()) {
            throw new ConfigException(reader.problems);
        }
        return new HbaRules(rules);
    }

    static List<Line> lines(Path file, String what) {
        try {
            return HbaTokens.read(Files.readString(file, StandardCharsets.UTF_8), file.toString());
        } catch (IOException e) {
            throw new ConfigException("cannot read " + what + " " + file + ": " + IniFile.reason(e));
        }
    }

    /** The fields of a line, from left to right. */
    private static final class Fields {

        private final List<List<Token>> fields;
        private int next;

        Fields(List<List<Token>> fields) {
            this.fields = fields;
        }

        boolean atEnd() {
            return next == fields.size();
        }

        List<Token> list(String what) {
            if (atEnd()) {
                throw new IllegalArgumentException("the line ends before " + what);
            }
            return fields.get(next++);
        }

        Token single(String what) {
            List<Token> field = list(what);
            if (field.size() > 1) {
                throw new IllegalArgumentException(what + " cannot be a list");
            }
            return field.getFirst();
        }
    }

    private HbaRule rule(Line line) {
        var fields = new Fields(line.fields());
        Transport transport = transport(fields.single("the connection type").text());
        Names databases = databases(fields.list("the databases"));
        Names users = users(fields.list("the users"));
        Optional<HbaNetwork> network = transport == Transport.LOCAL ? Optional.empty() : network(fields);
        HbaMethod method = method(fields.single("the authentication method").text());
        if (method == HbaMethod.PEER) {
            if (transport != Transport.LOCAL) {
                throw new IllegalArgumentException("method peer is for connection type local");
            }
        }
        if (method == HbaMethod.CERT && transport != Transport.HOSTSSL) {
            throw new IllegalArgumentException("method cert is for connection type hostssl");
        }
        ClientCert clientCert = ClientCert.NONE;
        Optional<IdentMap> map = Optional.empty();
        while (!fields.atEnd()) {
            String option = fields.single("an option").text();
            int equals = option.indexOf('=');
            String name = equals < 0 ? option : option.substring(0, equals);
            String value = equals < 0 ? "" : option.substring(equals + 1);
            switch (name) {
                case "map" -> map = Optional.of(map(method, value));
                case "clientcert" -> clientCert = clientCert(transport, value);
                default -> throw new IllegalArgumentException("unknown option \"" + name + "\"" + suggestion(name, List.of("map", "clientcert")));
            }
        }
        return new HbaRule(transport, databases, users, network, method, clientCert, map);
    }

    private static Transport transport(String text) {
        if (INCLUDES.contains(text)) {
            throw new IllegalArgumentException(text + " is not supported; put the lines here");
        }
        int index = TRANSPORTS.indexOf(text);
        if (index < 0) {
            throw new IllegalArgumentException("unknown connection type \"" + text + "\"" + suggestion(text, TRANSPORTS));
        }
        return Transport.values()[index];
    }

    private static HbaMethod method(String text) {
        if (text.equals("plain")) {
            return HbaMethod.PASSWORD;
        }
        if (FOREIGN.contains(text)) {
            throw new IllegalArgumentException("method " + text + " is not supported; there are " + String.join(", ", METHODS));
        }
        int index = METHODS.indexOf(text);
        if (index < 0) {
            throw new IllegalArgumentException("unknown authentication method \"" + text + "\"" + suggestion(text, METHODS));
        }
        return HbaMethod.values()[index];
    }

    private IdentMap map(HbaMethod method, String name) {
        if (method != HbaMethod.CERT && method != HbaMethod.PEER) {
            throw new IllegalArgumentException("option map is for methods cert and peer");
        }
        IdentMap map = maps.get(name);
        if (map == null) {
            throw new IllegalArgumentException("auth_ident_file has no map \"" + name + "\"" + suggestion(name, List.copyOf(maps.keySet())));
        }
        return map;
    }

    private static ClientCert clientCert(Transport transport, String value) {
        if (transport != Transport.HOSTSSL) {
            throw new IllegalArgumentException("option clientcert is for connection type hostssl");
        }
        return switch (value) {
            case "verify-ca" -> ClientCert.VERIFY_CA;
            case "verify-full" -> ClientCert.VERIFY_FULL;
            default -> throw new IllegalArgumentException("clientcert=" + value + ": must be verify-ca or verify-full");
        };
    }

    // Names.

    private Names databases(List<Token> tokens) {
        boolean all = false;
        boolean same = false;
        boolean replication = false;
        var names = new HashSet<String>();
        for (Token token : expanded(tokens, file, 0)) {
            if (token.is("samerole") || token.is("samegroup")) {
                throw new IllegalArgumentException(token.text() + " is not supported: the proxy does not know who is a member of what; list the databases");
            }
            all |= token.is("all");
            same |= token.is("sameuser");
            replication |= token.is("replication");
            if (!token.is("all") && !token.is("sameuser") && !token.is("replication")) {
                names.add(plain(token));
            }
        }
        return new Names(all, same, replication, names);
    }

    private Names users(List<Token> tokens) {
        boolean all = false;
        var names = new HashSet<String>();
        for (Token token : expanded(tokens, file, 0)) {
            if (!token.quoted() && token.text().startsWith("+")) {
                throw new IllegalArgumentException(token.text() + " is not supported: the proxy does not know who is a member of what; list the users");
            }
            all |= token.is("all");
            if (!token.is("all")) {
                names.add(plain(token));
            }
        }
        return new Names(all, false, false, names);
    }

    private static String plain(Token token) {
        if (!token.quoted() && token.text().startsWith("/")) {
            throw new IllegalArgumentException(token.text() + ": regular expressions are not supported; list the names");
        }
        return token.text();
    }

    /** With the names of every @file in its place; its path is relative to the file that names it. */
    private static List<Token> expanded(List<Token> tokens, Path from, int depth) {
        if (depth > MAX_DEPTH) {
            throw new IllegalArgumentException("files with @ name each other more than " + MAX_DEPTH + " deep");
        }
        var expanded = new ArrayList<Token>();
        for (Token token : tokens) {
            if (token.quoted() || !token.text().startsWith("@") || token.text().length() == 1) {
                expanded.add(token);
                continue;
            }
            Path named = from.resolveSibling(token.text().substring(1));
            try {
                lines(named, token.text()).forEach(line -> line.fields().forEach(field -> expanded.addAll(expanded(field, named, depth + 1))));
            } catch (ConfigException e) {
                throw new IllegalArgumentException(e.getMessage(), e);
            }
        }
        return expanded;
    }

    // Addresses.

    private static Optional<HbaNetwork> network(Fields fields) {
        Token token = fields.single("the address");
        String text = token.text();
        if (token.is("all")) {
            return Optional.empty();
        }
        if (token.is("samehost") || token.is("samenet")) {
            throw new IllegalArgumentException(text + " is not supported; name the addresses");
        }
        int slash = text.indexOf('/');
        InetAddress address = address(slash < 0 ? text : text.substring(0, slash));
        if (slash >= 0) {
            return Optional.of(HbaNetwork.ofBits(address, bits(text.substring(slash + 1))));
        }
        InetAddress mask = address(fields.single("the mask of " + text).text());
        if (mask.getAddress().length != address.getAddress().length) {
            throw new IllegalArgumentException("address " + text + " and its mask are of different families");
        }
        return Optional.of(new HbaNetwork(address, mask.getAddress()));
    }

    private static int bits(String text) {
        try {
            return Integer.parseInt(text);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("\"" + text + "\" is not a number of bits", e);
        }
    }

    private static InetAddress address(String text) {
        try {
            return InetAddress.ofLiteral(text);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "\"" + text + "\" is not an IP address; host names are not supported here, name addresses or all", e);
        }
    }

    private static String suggestion(String name, List<String> known) {
        return Suggestions.nearest(name, known).map(near -> ", did you mean \"" + near + "\"?").orElse("");
    }
}
