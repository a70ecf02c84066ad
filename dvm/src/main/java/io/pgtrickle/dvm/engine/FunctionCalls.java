// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.engine;

import io.pgtrickle.dvm.session.SqlResult;
import io.pgtrickle.dvm.session.SqlSession;
import io.pgtrickle.sql.render.Quoting;
import io.pgtrickle.sql.statement.SqlStatement.Argument;
import io.pgtrickle.sql.statement.SqlStatement.FunctionCall;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The functions the engine carries out, and the values of a call's arguments, which the server computes. */
final class FunctionCalls {

    /** @param required without a default */
    private record Parameter(String name, String type, boolean required) {}

    private static final Map<String, List<Parameter>> SIGNATURES = Map.of(
            "create_stream_table", List.of(
                    new Parameter("name", "text", true), new Parameter("query", "text", true), new Parameter("schedule", "text", false),
                    new Parameter("refresh_mode", "text", false), new Parameter("initialize", "bool", false),
                    new Parameter("diamond_consistency", "text", false), new Parameter("diamond_schedule_policy", "text", false),
                    new Parameter("cdc_mode", "text", false), new Parameter("append_only", "bool", false),
                    new Parameter("pooler_compatibility_mode", "bool", false), new Parameter("partition_by", "text", false),
                    new Parameter("max_differential_joins", "int4", false), new Parameter("max_delta_fraction", "float8", false)),
            "drop_stream_table", List.of(new Parameter("name", "text", true), new Parameter("cascade", "bool", false)),
            "refresh_stream_table", List.of(new Parameter("name", "text", true)));

    private FunctionCalls() {}

    static boolean known(String function) {
        return SIGNATURES.containsKey(function);
    }

    /**
     * The arguments that were given, by parameter name, in text form; empty for NULL. Evaluated in the caller's session, so
     * with its rights and search_path, and with the statement's own bound values.
     *
     * @throws io.pgtrickle.dvm.session.SqlFailure the server's own words when the arguments match no parameters
     */
    static Map<String, Optional<String>> evaluate(FunctionCall call, List<@Nullable String> values, SqlSession session) {
        List<Parameter> parameters = SIGNATURES.getOrDefault(call.function(), List.of());
        Map<Parameter, Argument> matched = match(parameters, call.arguments());
        boolean complete = parameters.stream().allMatch(p -> !p.required() || matched.containsKey(p));
        if (matched.size() != call.arguments().size() || !complete) {
            letServerRefuse(call, values, session);
        }
        String list = matched.entrySet().stream()
                .map(entry -> "(" + entry.getValue().expression() + "\n)::pg_catalog." + entry.getKey().type() + "::pg_catalog.text AS " + entry.getKey().name())
                .collect(Collectors.joining(", "));
        SqlResult result = session.execute("SELECT " + list, values);
        Map<String, Optional<String>> arguments = new LinkedHashMap<>();
        List<String> names = matched.keySet().stream().map(Parameter::name).toList();
        for (int i = 0; i < names.size(); i++) {
            arguments.put(names.get(i), Optional.ofNullable(result.rows().getFirst().get(i)));
        }
        return arguments;
    }

    private static Map<Parameter, Argument> match(List<Parameter> parameters, List<Argument> arguments) {
        Map<Parameter, Argument> matched = new LinkedHashMap<>();
        for (int i = 0; i < arguments.size(); i++) {
            Argument argument = arguments.get(i);
            int position = i;
            Optional<Parameter> parameter = argument.name().isPresent()
                    ? parameters.stream().filter(p -> p.name().equals(argument.name().get())).findFirst()
                    : Optional.of(position).filter(p -> p < parameters.size()).map(parameters::get);
            parameter.ifPresent(p -> matched.putIfAbsent(p, argument));
        }
        return matched;
    }

    /** The functions exist on the server with the same parameters; planning the call gives PostgreSQL's own error. */
    private static void letServerRefuse(FunctionCall call, List<@Nullable String> values, SqlSession session) {
        List<String> arguments = new ArrayList<>();
        for (Argument argument : call.arguments()) {
            arguments.add(argument.name().map(name -> Quoting.identifier(name) + " => ").orElse("") + argument.expression() + "\n");
        }
        session.execute("EXPLAIN SELECT pgtrickle." + call.function() + "(" + String.join(", ", arguments) + ")", values);
        throw new IllegalStateException("the server accepts a call of " + call.function() + " that the engine does not understand");
    }
}
