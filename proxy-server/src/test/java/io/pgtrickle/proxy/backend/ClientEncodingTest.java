// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.backend;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class ClientEncodingTest {

    /** Every client encoding of PostgreSQL 18 that Java has a charset for. */
    private static final List<String> KNOWN = List.of(
            "BIG5", "EUC_CN", "EUC_JP", "EUC_KR", "EUC_TW", "GB18030", "GBK", "ISO_8859_5", "ISO_8859_6", "ISO_8859_7",
            "ISO_8859_8", "JOHAB", "KOI8R", "KOI8U", "LATIN2", "LATIN3", "LATIN4", "LATIN5", "LATIN7", "LATIN9", "LATIN10",
            "SHIFT_JIS_2004", "SJIS", "UHC", "UTF8", "WIN866", "WIN874", "WIN1250", "WIN1251", "WIN1252", "WIN1253", "WIN1254",
            "WIN1255", "WIN1256", "WIN1257", "WIN1258");

    @Test
    void encodings_have_charsets() {
        assertThat(KNOWN).allSatisfy(
                encoding -> assertThat(ClientEncoding.charset(encoding, "UTF8")).isNotEqualTo(StandardCharsets.ISO_8859_1));
        assertThat(ClientEncoding.charset("LATIN1", "UTF8")).isEqualTo(StandardCharsets.ISO_8859_1);
        assertThat(ClientEncoding.charset("UTF8", "LATIN1")).isEqualTo(StandardCharsets.UTF_8);
    }

    @Test
    void SQL_ASCII_is_whatever_the_server_stores() {
        assertThat(ClientEncoding.charset("SQL_ASCII", "UTF8")).isEqualTo(StandardCharsets.UTF_8);
        assertThat(ClientEncoding.charset("SQL_ASCII", "WIN1252")).isEqualTo(Charset.forName("windows-1252"));
    }

    @Test
    void unknown_encodings_keep_every_byte() {
        assertThat(ClientEncoding.charset("SQL_ASCII", "SQL_ASCII")).isEqualTo(StandardCharsets.ISO_8859_1);
        assertThat(ClientEncoding.charset("MULE_INTERNAL", "UTF8")).isEqualTo(StandardCharsets.ISO_8859_1);
    }
}
