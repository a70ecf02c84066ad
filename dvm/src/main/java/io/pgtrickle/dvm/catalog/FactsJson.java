// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.catalog;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.datatype.jdk8.Jdk8Module;
import io.pgtrickle.dvm.plan.ColumnFacts;
import io.pgtrickle.dvm.plan.QueryFacts;
import java.util.List;

/** Facts as the catalog stores them. */
public final class FactsJson {

    private static final ObjectMapper JSON = new ObjectMapper()
            .registerModule(new Jdk8Module())
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);

    private FactsJson() {}

    public static String write(QueryFacts facts) {
        try {
            return JSON.writeValueAsString(facts);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    public static QueryFacts read(String json) {
        return read(json, new TypeReference<QueryFacts>() {});
    }

    public static List<ColumnFacts> columns(String json) {
        return read(json, new TypeReference<List<ColumnFacts>>() {});
    }

    public static <T> T read(String json, TypeReference<T> type) {
        try {
            return JSON.readValue(json, type);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("not what this engine stores: " + json, e);
        }
    }
}
