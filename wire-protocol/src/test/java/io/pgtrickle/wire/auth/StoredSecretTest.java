// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.wire.auth;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.Base64;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StoredSecretTest {

    /** Taken from pg_authid of PostgreSQL 18 after {@code CREATE ROLE … PASSWORD 'pencil'} and {@code PASSWORD E'\u00aa\u00a0\u2168'}. */
    private static final String PENCIL =
            "SCRAM-SHA-256$4096:kAnws34rOQBLDawW9dbulA==$uyF5AW8TJl8AQOnBkY+2f4sOqlHWrVv989ODJWN+YJU=:gTubmAT+SGpvogiTHA8icxTdj+ftB76y7JaKaOubcJg=";

    @Test
    void theThreeFormsAreToldApart() {
        assertThat(StoredSecret.parse(PENCIL)).isInstanceOf(StoredSecret.Scram.class);
        assertThat(StoredSecret.parse("md58dd4f2b1ad6b9d54f1e5e9b4e2a3c1f0")).isInstanceOf(StoredSecret.Md5.class);
        assertThat(StoredSecret.parse("pencil")).isEqualTo(new StoredSecret.Plain("pencil"));
        assertThat(StoredSecret.parse("")).isEqualTo(new StoredSecret.None());
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "md5", "md58DD4F2B1AD6B9D54F1E5E9B4E2A3C1F0", "md58dd4f2b1ad6b9d54f1e5e9b4e2a3c1f", "SCRAM-SHA-256$", "SCRAM-SHA-256$4096:c2FsdA==$AAAA:AAAA",
        "SCRAM-SHA-256$0:c2FsdA==$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "SCRAM-SHA-256$4096:?$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="})
    void whatOnlyResemblesAHashIsAPassword(String text) {
        assertThat(StoredSecret.parse(text)).isEqualTo(new StoredSecret.Plain(text));
    }

    @Test
    void aSecretIsWrittenAsItWasRead() {
        assertThat(ScramSecret.parse(PENCIL).orElseThrow().text()).isEqualTo(PENCIL);
    }

    @Test
    void aSecretOfTheServerFitsItsPasswordOnly() {
        ScramSecret secret = ScramSecret.parse(PENCIL).orElseThrow();
        assertThat(secret.fits("pencil")).isTrue();
        assertThat(secret.fits("Pencil")).isFalse();
    }

    @Test
    void noTextOfASecretShowsIt() {
        String salt = Base64.getEncoder().encodeToString(ScramSecret.parse(PENCIL).orElseThrow().salt());
        assertThat(StoredSecret.parse(PENCIL).toString()).doesNotContain(salt).contains("***");
        assertThat(StoredSecret.parse("pencil").toString()).doesNotContain("pencil");
        assertThat(StoredSecret.parse("md58dd4f2b1ad6b9d54f1e5e9b4e2a3c1f0").toString()).doesNotContain("8dd4");
        assertThat(new ScramKeys(new byte[] {1}, new byte[] {2}).toString()).isEqualTo("ScramKeys[***]");
    }

    @Test
    void unknownUsersHaveTheSameSaltEveryTimeAndNotThatOfOthers() {
        var unknown = new UnknownUsers();
        ScramSecret secret = unknown.secretOf("nobody", 5000);
        assertThat(secret.salt()).hasSize(16).isEqualTo(unknown.secretOf("nobody", 5000).salt());
        assertThat(secret.salt()).isNotEqualTo(unknown.secretOf("somebody", 5000).salt());
        assertThat(secret.salt()).isNotEqualTo(new UnknownUsers().secretOf("nobody", 5000).salt());
        assertThat(secret.iterations()).isEqualTo(5000);
        assertThat(secret.fits("nobody")).isFalse();
    }

    @Test
    void md5AnswersAreThoseOfTheServer() {
        assertThat(Md5Password.hash("alice", "pencil")).isEqualTo("md5ee69efad287c7423caf0b3229d71f567");
        byte[] salt = {1, 2, 3, 4};
        String answer = Md5Password.answer(Md5Password.hash("alice", "pencil"), salt);
        assertThat(Md5Password.matches(answer, "md5ee69efad287c7423caf0b3229d71f567", salt)).isTrue();
        assertThat(Md5Password.matches(answer, Md5Password.hash("bob", "pencil"), salt)).isFalse();
        assertThat(Md5Password.matches(answer, "md5ee69efad287c7423caf0b3229d71f567", new byte[] {1, 2, 3, 5})).isFalse();
    }

    @Test
    void thePreparedFormOfAPasswordIsThatOfTheServer() {
        ScramSecret secret = ScramSecret.parse("SCRAM-SHA-256$4096:0xrkERV6RCXvdOE2ITHmQQ==$f8Me0u+s62J66kHNr5K00rqAWRa5yOIQVftvOeaFVNI=:1vV/IBTsLp/87xBpS2F//qUVajfrIJ5YDVGoio3O9TA=").orElseThrow();
        assertThat(secret.fits("\u00aa\u00a0\u2168")).isTrue();
        assertThat(secret.fits("a IX")).isTrue();
        assertThat("\u00aa\u00a0\u2168".getBytes(UTF_8)).hasSize(7);
    }
}
