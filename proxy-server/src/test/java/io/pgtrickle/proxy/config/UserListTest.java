// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pgtrickle.wire.auth.StoredSecret;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class UserListTest {

    @Test
    void everyFormOfLineIsRead() {
        UserList users = UserList.parse("""
                ; comment
                "alice" "secret"

                  "bob"\t"md58dd4f2b1ad6b9d54f1e5e9b4e2a3c1f0" "ignored" rest
                "quo""ted" "a ""b"" c"\r
                "none" ""
                "twice" "one"
                "twice" "two"
                """, "users");
        assertThat(users.find("alice")).contains(new StoredSecret.Plain("secret"));
        assertThat(users.find("bob")).get().isInstanceOf(StoredSecret.Md5.class);
        assertThat(users.find("quo\"ted")).contains(new StoredSecret.Plain("a \"b\" c"));
        assertThat(users.find("none")).contains(new StoredSecret.None());
        assertThat(users.find("twice")).contains(new StoredSecret.Plain("two"));
        assertThat(users.find("nobody")).isEmpty();
        assertThat(users.toString()).isEqualTo("UserList[5 users]");
    }

    @ParameterizedTest
    @ValueSource(strings = {"alice secret", "\"alice\"", "\"alice\" secret", "\"alice\" \"secret", "\"alice", "# \"alice\" \"secret\""})
    void aBrokenLineIsNamedWithoutItsSecret(String line) {
        assertThatThrownBy(() -> UserList.parse("\n" + line + "\n", "users"))
                .isInstanceOf(ConfigException.class)
                .hasMessageStartingWith("users:2: ")
                .hasMessageNotContaining("alice");
    }
}
