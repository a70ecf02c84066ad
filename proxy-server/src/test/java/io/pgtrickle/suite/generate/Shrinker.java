// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.suite.generate;

import io.pgtrickle.suite.generate.Case.Batch;
import io.pgtrickle.suite.generate.Case.Creation;
import io.pgtrickle.suite.generate.Case.Round;
import io.pgtrickle.suite.generate.Change.Copy;
import io.pgtrickle.suite.generate.Change.Insert;
import io.pgtrickle.suite.generate.Change.Merge;
import io.pgtrickle.suite.generate.Change.Nested;
import io.pgtrickle.suite.generate.Change.Plain;
import io.pgtrickle.suite.generate.Change.Refresh;
import io.pgtrickle.suite.generate.Rel.Block;
import io.pgtrickle.suite.generate.Rel.Item;
import io.pgtrickle.suite.generate.Rel.Output;
import io.pgtrickle.suite.generate.Rel.Source;
import io.pgtrickle.suite.generate.Rel.Union;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Makes a failing case smaller while it keeps failing: whole rounds first, then statements, rows, and parts of the query.
 * It does not know SQL's rules; what takes away too much is refused by PostgreSQL and so not accepted.
 */
final class Shrinker {

    private static final Pattern REFERENCE = Pattern.compile("\\bq\\d+\\.(\\w+|\"(?:[^\"]|\"\")+\")");

    private final Predicate<Case> stillFails;
    private final Duration budget;
    private final InstantSource clock;

    Shrinker(Predicate<Case> stillFails, Duration budget, InstantSource clock) {
        this.stillFails = stillFails;
        this.budget = budget;
        this.clock = clock;
    }

    /** The smallest failing case found before time was up. */
    Case shrink(Case failing) {
        var end = clock.instant().plus(budget);
        Case best = failing;
        boolean smaller = true;
        while (smaller) {
            smaller = false;
            for (Case candidate : (Iterable<Case>) candidates(best)::iterator) {
                if (clock.instant().isAfter(end)) {
                    return best;
                }
                if (stillFails.test(candidate)) {
                    best = candidate;
                    smaller = true;
                    break;
                }
            }
        }
        return best;
    }

    private static Stream<Case> candidates(Case c) {
        return Stream.<Stream<Case>>of(
                        shorter(c.rounds(), 1).map(rounds -> with(c, c.streams(), c.creation(), rounds)),
                        c.streams().size() > 1
                                ? Stream.of(with(c, c.streams().subList(0, c.streams().size() - 1), c.creation(), c.rounds()))
                                : Stream.empty(),
                        creations(c.creation()).map(creation -> with(c, c.streams(), creation, c.rounds())),
                        each(c.rounds(), Shrinker::rounds).map(rounds -> with(c, c.streams(), c.creation(), rounds)),
                        each(c.streams(), Shrinker::queries).map(streams -> with(c, streams, c.creation(), c.rounds())),
                        each(c.tables(), Shrinker::tables).map(tables -> with(c, tables)),
                        shorter(c.tables(), 1).map(tables -> with(c, tables)),
                        shorter(c.views(), 0).map(views ->
                                new Case(c.seed(), c.tables(), views, c.streams(), c.creation(), c.rounds())))
                .flatMap(Function.identity());
    }

    private static Case with(Case c, List<Rel> streams, Creation creation, List<Round> rounds) {
        return new Case(c.seed(), c.tables(), c.views(), streams, creation, rounds);
    }

    private static Case with(Case c, List<Table> tables) {
        return new Case(c.seed(), tables, c.views(), c.streams(), c.creation(), c.rounds());
    }

    /** The list without its first half, without its second, and without each single element; never shorter than minimum. */
    private static <T> Stream<List<T>> shorter(List<T> list, int minimum) {
        int half = list.size() / 2;
        Stream<List<T>> halves = half > 1 ? Stream.of(list.subList(0, half), list.subList(half, list.size())) : Stream.empty();
        Stream<List<T>> singles = IntStream.range(0, list.size()).mapToObj(i -> {
            List<T> rest = new ArrayList<>(list);
            rest.remove(i);
            return rest;
        });
        return Stream.concat(halves, singles).filter(rest -> rest.size() >= minimum);
    }

    /** The list with one element replaced by one of its smaller forms. */
    private static <T> Stream<List<T>> each(List<T> list, Function<T, Stream<T>> smaller) {
        return IntStream.range(0, list.size()).boxed().flatMap(i -> smaller.apply(list.get(i)).map(element -> {
            List<T> copy = new ArrayList<>(list);
            copy.set(i, element);
            return copy;
        }));
    }

    private static Stream<Creation> creations(Creation c) {
        if (c.begin().isEmpty()) {
            return Stream.empty();
        }
        return Stream.concat(
                Stream.of(new Creation(Optional.empty(), List.of(), List.of())),
                Stream.concat(
                        changes(c.before()).map(before -> new Creation(c.begin(), before, c.after())),
                        changes(c.after()).map(after -> new Creation(c.begin(), c.before(), after))));
    }

    private static Stream<Round> rounds(Round round) {
        return Stream.concat(
                shorter(round.batches(), 0).map(batches -> new Round(batches, round.refresh())),
                Stream.concat(
                        each(round.batches(), Shrinker::batches).map(batches -> new Round(batches, round.refresh())),
                        round.refresh() == Case.RefreshStyle.PLAIN
                                ? Stream.empty()
                                : Stream.of(new Round(round.batches(), Case.RefreshStyle.PLAIN))));
    }

    private static Stream<Batch> batches(Batch batch) {
        Stream<Batch> plain = batch.begin().isPresent()
                ? Stream.of(new Batch(Optional.empty(), batch.changes(), Case.End.COMMIT), new Batch(Optional.of("BEGIN"), batch.changes(), batch.end()))
                        .filter(b -> !b.equals(batch))
                : Stream.empty();
        return Stream.concat(plain, changes(batch.changes()).map(c -> new Batch(batch.begin(), c, batch.end())));
    }

    private static Stream<List<Change>> changes(List<Change> changes) {
        return Stream.concat(shorter(changes, 0), each(changes, Shrinker::change));
    }

    private static Stream<Change> change(Change change) {
        return switch (change) {
            case Insert i -> shorter(i.rows(), 1).map(rows -> new Insert(i.table(), i.into(), rows, i.tail()));
            case Copy c -> Stream.concat(
                    Stream.of(new Insert(c.table(), c.table().name(), c.rows(), "")),
                    shorter(c.rows(), 1).map(rows -> new Copy(c.table(), rows)));
            case Merge m -> shorter(m.rows(), 1).map(rows -> new Merge(m.table(), rows, m.matched()));
            case Nested n -> Stream.concat(n.changes().stream(), changes(n.changes()).map(c -> new Nested(c, n.rollback())));
            case Plain p -> Stream.empty();
            case Refresh r -> Stream.empty();
        };
    }

    private static Stream<Table> tables(Table table) {
        return shorter(table.rows(), 0).map(table::withRows);
    }

    private static Stream<Rel> queries(Rel rel) {
        return switch (rel) {
            case Source s -> Stream.empty();
            case Union u -> Stream.concat(
                    u.branches().stream(),
                    Stream.concat(
                            shorter(u.branches(), 2).map(b -> new Union(b, u.all())),
                            each(u.branches(), Shrinker::queries).map(b -> new Union(b, u.all()))));
            case Block b -> blocks(b);
        };
    }

    private static Stream<Rel> blocks(Block b) {
        return Stream.<Stream<? extends Rel>>of(
                        b.from().stream().map(Item::rel),
                        b.from().size() > 1 ? b.from().stream().map(item -> without(b, item)) : Stream.empty(),
                        shorter(b.where(), 0).map(where -> block(b, b.from(), where, b.select(), b.having())),
                        shorter(b.having(), 0).map(having -> block(b, b.from(), b.where(), b.select(), having)),
                        shorter(b.select(), 1).map(select -> block(b, b.from(), b.where(), select, b.having())),
                        shorter(b.groupBy(), 0).map(keys -> new Block(b.from(), b.where(), b.select(), b.distinct(), b.grouped(), keys, b.having())),
                        b.distinct()
                                ? Stream.of(new Block(b.from(), b.where(), b.select(), false, b.grouped(), b.groupBy(), b.having()))
                                : Stream.empty(),
                        each(b.from(), item -> queries(item.rel()).map(rel -> new Item(rel, item.alias(), item.comma(), item.on())))
                                .map(from -> block(b, from, b.where(), b.select(), b.having())),
                        each(b.from(), item -> shorter(item.on(), 1).map(on -> new Item(item.rel(), item.alias(), item.comma(), on)))
                                .map(from -> block(b, from, b.where(), b.select(), b.having())),
                        b.grouped()
                                ? Stream.empty()
                                : each(b.select(), Shrinker::outputs).map(select -> block(b, b.from(), b.where(), select, b.having())))
                .flatMap(Function.identity());
    }

    private static Block block(Block b, List<Item> from, List<String> where, List<Output> select, List<String> having) {
        return new Block(from, where, select, b.distinct(), b.grouped(), b.groupBy(), having);
    }

    /** Takes an entry of FROM away, with everything that mentions it. */
    private static Block without(Block b, Item item) {
        Predicate<String> free = text -> !Pattern.compile("\\b" + item.alias() + "\\.").matcher(text).find();
        return new Block(
                b.from().stream().filter(i -> i != item)
                        .map(i -> new Item(i.rel(), i.alias(), i.comma(), i.on().stream().filter(free).toList()))
                        .toList(),
                b.where().stream().filter(free).toList(),
                b.select().stream().filter(o -> free.test(o.value().name())).toList(),
                b.distinct(),
                b.grouped(),
                b.groupBy().stream().filter(free).toList(),
                b.having().stream().filter(free).toList());
    }

    /** A column that the expression mentions, instead of the expression. */
    private static Stream<Output> outputs(Output output) {
        return REFERENCE.matcher(output.value().name()).results().map(MatchResult::group).distinct()
                .filter(reference -> !reference.equals(output.value().name()))
                .map(reference -> new Output(output.value().named(reference), output.name()));
    }
}
