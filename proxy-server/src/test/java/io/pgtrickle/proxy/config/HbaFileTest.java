// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HbaFileTest {

    private static final Map<String, IdentMap> MAPS =
            Map.of("people", new IdentMap("people", List.of(new IdentMap.Entry("Alice Smith", false, "alice"))));

    @TempDir
    private Path directory;

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        // line | type, user@database | whether it fits
        "host all all all | alice@shop 10.1.2.3 | true",
        "host all all all | alice@shop ::1 | true",
        "host all all all | alice@shop local | false",
        "host all all all | alice@shop 10.1.2.3 tls | true",
        "host all all all | alice@shop 10.1.2.3 replication | false",
        "local all all | alice@shop local | true",
        "local all all | alice@shop 10.1.2.3 | false",
        "hostssl all all all | alice@shop 10.1.2.3 tls | true",
        "hostssl all all all | alice@shop 10.1.2.3 | false",
        "hostnossl all all all | alice@shop 10.1.2.3 | true",
        "hostnossl all all all | alice@shop 10.1.2.3 tls | false",
        "hostgssenc all all all | alice@shop 10.1.2.3 tls | false",
        "hostnogssenc all all all | alice@shop 10.1.2.3 | true",
        "host all all 10.1.0.0/16 | alice@shop 10.1.2.3 | true",
        "host all all 10.1.0.0/16 | alice@shop 10.2.2.3 | false",
        "host all all 10.1.2.2/31 | alice@shop 10.1.2.3 | true",
        "host all all 10.1.2.2/31 | alice@shop 10.1.2.4 | false",
        "host all all 10.1.2.9/24 | alice@shop 10.1.2.3 | true",
        "host all all 0.0.0.0/0 | alice@shop 10.1.2.3 | true",
        "host all all 0.0.0.0/0 | alice@shop ::1 | false",
        "host all all ::/0 | alice@shop ::1 | true",
        "host all all ::/0 | alice@shop 10.1.2.3 | false",
        "host all all fe80::/10 | alice@shop fe80::1 | true",
        "host all all ::1/128 | alice@shop ::2 | false",
        "host all all 10.1.0.0 255.255.0.0 | alice@shop 10.1.2.3 | true",
        "host all all 10.1.0.0 255.255.255.0 | alice@shop 10.1.2.3 | false",
        "host all all fe80:: ffc0:: | alice@shop fe80::1 | true",
        "host shop,stock all all | alice@stock 10.1.2.3 | true",
        "host shop, stock all all | alice@stock 10.1.2.3 | true",
        "host shop ,stock all all | alice@stock 10.1.2.3 | true",
        "host shop all all | alice@Shop 10.1.2.3 | false",
        "host sameuser all all | alice@alice 10.1.2.3 | true",
        "host sameuser all all | alice@shop 10.1.2.3 | false",
        "host replication all all | alice@shop 10.1.2.3 replication | true",
        "host replication all all | alice@replication 10.1.2.3 | false",
        "host \"replication\" all all | alice@replication 10.1.2.3 | true",
        "host \"all\" all all | alice@shop 10.1.2.3 | false",
        "host \"a,b #c\" all all | alice@a,b_#c 10.1.2.3 | true",
        "host \"say \"\"hi\"\"\" all all | alice@say_\"hi\" 10.1.2.3 | true",
        "host all bob,alice all | alice@shop 10.1.2.3 | true",
        "host all bob all | alice@shop 10.1.2.3 | false",
        "host all \"all\" all | alice@shop 10.1.2.3 | false",
        "host all sameuser all | alice@alice 10.1.2.3 | false",
        "host @databases @users all | alice@stock 10.1.2.3 | true",
        "host @databases @users all | carol@stock 10.1.2.3 | true",
        "host @databases @users all | dave@stock 10.1.2.3 | false",
        "host @databases @users all | alice@other 10.1.2.3 | false"})
    void aLineFitsWhatItNames(String line, String connection, boolean fits) throws IOException {
        Files.writeString(directory.resolve("databases"), "shop  # the shop\n\nstock\n");
        Files.createDirectories(directory.resolve("more"));
        Files.writeString(directory.resolve("users"), "bob, alice @more/users\n");
        Files.writeString(directory.resolve("more/users"), "@others\n");
        Files.writeString(directory.resolve("more/others"), "carol\n");
        assertThat(read(line + " trust").find(connection(connection)).isPresent()).isEqualTo(fits);
    }

    @Test
    void theFirstLineThatFitsDecides() throws IOException {
        HbaRules rules = read("""
                # comment
                host all  mallory all       reject   # and out
                host shop all     127.0.0.1/32 trust

                host shop all     10.0.0.0/8 \\
                    scram-sha-256
                host all  all     all       md5
                """);
        assertThat(rules.find(connection("mallory@shop 127.0.0.1")).map(HbaRule::method)).contains(HbaMethod.REJECT);
        assertThat(rules.find(connection("alice@shop 127.0.0.1")).map(HbaRule::method)).contains(HbaMethod.TRUST);
        assertThat(rules.find(connection("alice@shop 10.0.0.1")).map(HbaRule::method)).contains(HbaMethod.SCRAM_SHA_256);
        assertThat(rules.find(connection("alice@stock 10.0.0.1")).map(HbaRule::method)).contains(HbaMethod.MD5);
        assertThat(rules.find(connection("alice@stock local"))).isEmpty();
    }

    @Test
    void methodsAndOptions() throws IOException {
        assertThat(only("host all all all plain").method()).isEqualTo(HbaMethod.PASSWORD);
        assertThat(only("host all all all password").method()).isEqualTo(HbaMethod.PASSWORD);
        HbaRule cert = only("hostssl all all all cert map=people");
        assertThat(cert.map().orElseThrow().maps("Alice Smith", "alice")).isTrue();
        assertThat(cert.map().orElseThrow().maps("Alice Smith", "bob")).isFalse();
        assertThat(only("hostssl all all all md5 clientcert=verify-full").clientCert()).isEqualTo(HbaRule.ClientCert.VERIFY_FULL);
        assertThat(only("local all all peer").method()).isEqualTo(HbaMethod.PEER);
        assertThat(only("local all all peer map=people").map()).isPresent();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "hots all all all trust | unknown connection type \"hots\", did you mean \"host\"?",
        "include other.conf | include is not supported",
        "host all all | the line ends before the address",
        "host all all all | the line ends before the authentication method",
        "host all all all trsut | unknown authentication method \"trsut\", did you mean \"trust\"?",
        "host all all all ldap ldapserver=x | method ldap is not supported; there are trust, reject, md5",
        "host all all all any | unknown authentication method \"any\"",
        "host all all all peer | method peer is for connection type local",
        "host all all all cert | method cert is for connection type hostssl",
        "host all all all md5 clientcert=verify-ca | for connection type hostssl",
        "hostssl all all all md5 clientcert=1 | must be verify-ca or verify-full",
        "hostssl all all all cert mapp=people | unknown option \"mapp\", did you mean \"map\"?",
        "hostssl all all all cert map=peopel | no map \"peopel\", did you mean \"people\"?",
        "host all all all md5 map=people | option map is for methods cert and peer",
        "host samerole all all md5 | samerole is not supported",
        "host all +staff all md5 | +staff is not supported",
        "host all /^a all md5 | regular expressions are not supported",
        "host all all samenet md5 | samenet is not supported; name the addresses",
        "host all all db.example md5 | \"db.example\" is not an IP address",
        "host all all .example md5 | \".example\" is not an IP address",
        "host all all 10.0.0.0/33 md5 | a mask of 33 bits",
        "host all all 10.0.0.0/x md5 | \"x\" is not a number of bits",
        "host all all 10.0.0.0 md5 | \"md5\" is not an IP address",
        "host all all 10.0.0.0 ffff:: md5 | of different families",
        "host all all 10.0.0.0/8,11.0.0.0/8 md5 | the address cannot be a list",
        "host @absent all all md5 | cannot read @absent",
        "host @hba.conf all all md5 | more than 10 deep",
        "host \"all all all md5 | a double quote does not close"})
    void aLineThatCannotBeUnderstoodIsAnErrorWithItsPlace(String line, String problem) {
        assertThatThrownBy(() -> read("\n" + line + "\n"))
                .isInstanceOf(ConfigException.class)
                .hasMessageStartingWith(directory.resolve("hba.conf") + ":2: ")
                .hasMessageContaining(problem);
    }

    @Test
    void identMapsAreReadStrictly() throws IOException {
        Path file = Files.writeString(directory.resolve("ident.conf"), "people \"Alice Smith\" alice\nadmins root all\nadmins root \"all\"\n");
        Map<String, IdentMap> maps = IdentFile.read(file);
        assertThat(maps.keySet()).containsExactly("people", "admins");
        IdentMap admins = Optional.ofNullable(maps.get("admins")).orElseThrow();
        assertThat(admins.maps("root", "whoever")).isTrue();
        assertThat(admins.maps("toor", "whoever")).isFalse();
        Files.writeString(file, "people alice\npeople /^(.*)$ alice\n");
        assertThatThrownBy(() -> IdentFile.read(file)).isInstanceOfSatisfying(ConfigException.class, e -> assertThat(e.problems()).containsExactly(
                file + ":1: expected a map's name, a system user and a user",
                file + ":2: regular expressions and groups are not supported; list the names"));
    }

    /** {@code user@database address|local [tls] [replication]}, _ for a blank. */
    private static HbaConnection connection(String text) {
        String[] parts = text.split(" ");
        String[] names = parts[0].replace('_', ' ').split("@");
        List<String> rest = List.of(parts).subList(2, parts.length);
        return new HbaConnection(
                parts[1].equals("local") ? Optional.empty() : Optional.of(InetAddress.ofLiteral(parts[1])),
                rest.contains("tls"), names[0], names[1], rest.contains("replication"));
    }

    private HbaRule only(String line) throws IOException {
        return read(line).rules().getFirst();
    }

    private HbaRules read(String text) throws IOException {
        return HbaFile.read(write(text), MAPS);
    }

    private Path write(String text) throws IOException {
        return Files.writeString(directory.resolve("hba.conf"), text);
    }
}
