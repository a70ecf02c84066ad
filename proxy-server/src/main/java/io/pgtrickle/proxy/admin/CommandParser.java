// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.admin;

import io.pgtrickle.sql.text.Suggestions;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads commands: a few words, names in double quotes, values in single ones, separated by semicolons. */
final class CommandParser {

    private static final Pattern TOKEN = Pattern.compile(
            "\\s+|--[^\\n]*|/\\*.*?\\*/|(?<string>[eE]?'(?:[^']|'')*')|(?<name>\"(?:[^\"]|\"\")*\")|(?<sign>[;=,()])|(?<word>[^\\s;=,()'\"]+)",
            Pattern.DOTALL);

    /** Drivers begin and end transactions; here every command stands for itself. */
    private static final Set<String> TRANSACTIONS =
            Set.of("BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT", "DISCARD", "RESET", "DEALLOCATE", "CLOSE", "UNLISTEN");

    private record Token(String text, boolean quoted) {

        boolean is(String word) {
            return !quoted && text.equalsIgnoreCase(word);
        }
    }

    private CommandParser() {}

    /** @throws CommandFailure if the text is something else */
    static List<Command> parse(String text) {
        var commands = new ArrayList<Command>();
        var statement = new ArrayList<Token>();
        for (Token token : tokens(text)) {
            if (token.is(";")) {
                add(commands, statement);
                statement.clear();
            } else {
                statement.add(token);
            }
        }
        add(commands, statement);
        return commands;
    }

    private static List<Token> tokens(String text) {
        var tokens = new ArrayList<Token>();
        Matcher matcher = TOKEN.matcher(text);
        int end = 0;
        while (matcher.find() && matcher.start() == end) {
            end = matcher.end();
            String string = matcher.group("string");
            String name = matcher.group("name");
            if (string != null) {
                tokens.add(new Token(string.substring(string.indexOf('\'') + 1, string.length() - 1).replace("''", "'"), true));
            } else if (name != null) {
                tokens.add(new Token(name.substring(1, name.length() - 1).replace("\"\"", "\""), true));
            } else if (matcher.group("sign") != null || matcher.group("word") != null) {
                tokens.add(new Token(matcher.group(), false));
            }
        }
        if (end < text.length()) {
            throw new CommandFailure(CommandFailure.SYNTAX, "unterminated quoted text at or near \"" + text.substring(end) + "\"");
        }
        return tokens;
    }

    private static void add(List<Command> commands, List<Token> tokens) {
        if (!tokens.isEmpty()) {
            commands.add(command(tokens));
        }
    }

    private static Command command(List<Token> tokens) {
        Token first = tokens.getFirst();
        String word = first.text().toUpperCase(Locale.ROOT);
        if (!first.quoted() && TRANSACTIONS.contains(word)) {
            return new Command(Verb.NOTHING, word);
        }
        Verb verb = Verb.of(first.quoted() ? "" : word).orElseThrow(() -> unknown(first.text()));
        List<Token> rest = tokens.subList(1, tokens.size());
        return switch (verb) {
            case SET -> set(rest);
            case SELECT -> new Command(Verb.SELECT, joined(rest, ""));
            case SHOW -> new Command(Verb.SHOW, joined(rest, " ").toLowerCase(Locale.ROOT));
            default -> {
                if (rest.size() > 1) {
                    throw unexpected(rest.get(1));
                }
                yield new Command(verb, rest.isEmpty() ? "" : rest.getFirst().text());
            }
        };
    }

    private static Command set(List<Token> tokens) {
        List<Token> rest = tokens;
        if (!rest.isEmpty() && (rest.getFirst().is("SESSION") || rest.getFirst().is("LOCAL"))) {
            rest = rest.subList(1, rest.size());
        }
        if (!rest.isEmpty() && (rest.getFirst().is("CHARACTERISTICS") || rest.getFirst().is("TRANSACTION"))) {
            return new Command(Verb.NOTHING, "SET");
        }
        if (rest.size() > 2 && (rest.get(1).is("=") || rest.get(1).is("TO"))) {
            return new Command(Verb.SET, rest.getFirst().text().toLowerCase(Locale.ROOT), joined(rest.subList(2, rest.size()), ""));
        }
        if (!rest.isEmpty() && rest.getFirst().is("NAMES")) {
            return new Command(Verb.NOTHING, "SET");
        }
        throw new CommandFailure(CommandFailure.SYNTAX, "syntax error in SET").hint("SET key = value; a value with blanks is written in single quotes.");
    }

    private static String joined(List<Token> tokens, String between) {
        return String.join(between, tokens.stream().map(Token::text).toList());
    }

    private static CommandFailure unexpected(Token token) {
        return new CommandFailure(CommandFailure.SYNTAX, "syntax error at or near \"" + token.text() + "\"")
                .hint("A name with other characters than letters, digits, _, . and - is written in double quotes.");
    }

    private static CommandFailure unknown(String word) {
        String near = Suggestions.nearest(word.toUpperCase(Locale.ROOT), Verb.words()).map(name -> "Did you mean " + name + "? ").orElse("");
        return new CommandFailure(CommandFailure.SYNTAX, "unknown command \"" + word + "\"").hint(near + "This is the admin console; SHOW HELP lists its commands.");
    }
}
