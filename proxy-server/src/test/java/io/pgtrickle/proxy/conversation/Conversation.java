// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.conversation;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.pgtrickle.wire.codec.Frames;
import io.pgtrickle.wire.frontend.FrontendMessage.Bind;
import io.pgtrickle.wire.frontend.FrontendMessage.Close;
import io.pgtrickle.wire.frontend.FrontendMessage.CopyFail;
import io.pgtrickle.wire.frontend.FrontendMessage.Describe;
import io.pgtrickle.wire.frontend.FrontendMessage.Execute;
import io.pgtrickle.wire.frontend.FrontendMessage.Flush;
import io.pgtrickle.wire.frontend.FrontendMessage.Parse;
import io.pgtrickle.wire.frontend.FrontendMessage.Query;
import io.pgtrickle.wire.frontend.FrontendMessage.Sync;
import io.pgtrickle.wire.frontend.FrontendMessage.Target;
import io.pgtrickle.wire.frontend.FrontendType;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;

/** What a client does that has nothing to do with us, and what it got, as hexadecimal bytes. */
record Conversation(String name, Function<RawClient, List<String>> talk) {

    private static final int INT4ABS = 1251;

    @Override
    public String toString() {
        return name;
    }

    private static Conversation queries(String name, String... queries) {
        return new Conversation(name, client -> {
            var all = new ArrayList<String>();
            for (String query : queries) {
                client.send(new Query(query));
                all.addAll(client.rawUntilReady());
            }
            return all;
        });
    }

    private static Bind bind(String portal, String statement, String... values) {
        return Bind.ofText(portal, statement, List.of(values), StandardCharsets.UTF_8);
    }

    private static byte[] functionCall(int function, String argument) {
        ByteBuf out = Unpooled.buffer();
        int at = Frames.begin(out, FrontendType.FUNCTION_CALL);
        out.writeInt(function).writeShort(0).writeShort(1).writeInt(argument.length());
        out.writeCharSequence(argument, StandardCharsets.US_ASCII);
        out.writeShort(0);
        Frames.end(out, at);
        return ByteBufUtil.getBytes(out);
    }

    static Stream<Conversation> all() {
        return Stream.of(
                queries("an empty query", "", ";", "-- nothing"),
                queries("values of many types", "SELECT 1, 'x'::text, NULL, now() - now(), '{1,2}'::int[], '{\"a\":1}'::jsonb"),
                queries("errors with position, detail, hint and context",
                        "SELECT 1 +",
                        "SELECT lenght('x')",
                        "DO $$ BEGIN RAISE EXCEPTION 'e' USING DETAIL = 'd', HINT = 'h', COLUMN = 'c', CONSTRAINT = 'k'; END $$"),
                queries("notices and warnings", "DO $$ BEGIN RAISE NOTICE 'n'; RAISE WARNING 'w'; END $$", "COMMIT"),
                queries("several statements with an error amid them", "SELECT 1; SELECT 1 / (random() * 0)::int; SELECT 2"),
                queries("a transaction that fails", "BEGIN", "SELECT * FROM nowhere", "SELECT 1", "ROLLBACK"),
                queries("savepoints", "BEGIN; SAVEPOINT a; SELECT 1; ROLLBACK TO a; COMMIT"),
                queries("parameters that change", "SET TimeZone = 'Asia/Tokyo'; SET application_name = 'x'", "RESET ALL", "DISCARD ALL"),
                queries("words of ours in other places",
                        "SELECT 'CREATE MATERIALIZED VIEW v WITH (pgtrickle.stream = true) AS SELECT 1' AS \"pgtrickle\"",
                        "/* REFRESH MATERIALIZED VIEW v */ SELECT 1 -- pgtrickle.create_stream_table(",
                        "SELECT $$drop materialized view$$, U&'\\0061'",
                        "SELECT materialized FROM (VALUES (1)) AS t(materialized)"),
                queries("COPY to the client", "COPY (SELECT g, 'x' FROM generate_series(1, 1000) g) TO STDOUT"),
                queries("two COPYs in a query", "COPY (SELECT 1) TO STDOUT; COPY (SELECT 2) TO STDOUT (FORMAT binary)"),
                new Conversation("500 Syncs in one segment", client -> {
                    var syncs = new Sync[500];
                    Arrays.fill(syncs, new Sync());
                    client.send(syncs);
                    var all = new ArrayList<String>();
                    for (int i = 0; i < syncs.length; i++) {
                        all.addAll(client.rawUntilReady());
                    }
                    return all;
                }),
                new Conversation("a pipeline with an error and one behind it", client -> {
                    client.send(
                            new Parse("s", "SELECT $1::int", List.of()), new Describe(Target.STATEMENT, "s"),
                            bind("", "s", "1"), new Describe(Target.PORTAL, ""), new Execute("", 0),
                            bind("", "s", "x"), new Execute("", 0), new Close(Target.STATEMENT, "s"), new Sync(),
                            bind("", "s", "2"), new Execute("", 0), new Close(Target.STATEMENT, "s"), new Sync());
                    var all = new ArrayList<>(client.rawUntilReady());
                    all.addAll(client.rawUntilReady());
                    return all;
                }),
                new Conversation("a portal fetched in parts", client -> {
                    client.send(
                            new Parse("", "SELECT generate_series(1, 5)", List.of()), bind("p", ""), new Execute("p", 2),
                            new Execute("p", 2), new Execute("p", 2), new Execute("p", 2), new Sync());
                    return client.rawUntilReady();
                }),
                new Conversation("COPY from the client, in the extended protocol with a Sync before the data", client -> {
                    client.send(new Query("CREATE TEMP TABLE c (a int)"));
                    client.rawUntilReady();
                    client.send(new Parse("", "COPY c FROM STDIN", List.of()), bind("", ""), new Execute("", 0), new Sync());
                    client.sendCopyData("1\n2\n");
                    client.sendCopyDone();
                    client.send(new Sync());
                    var all = new ArrayList<>(client.rawUntilReady());
                    client.send(new Query("SELECT sum(a) FROM c; DROP TABLE c"));
                    all.addAll(client.rawUntilReady());
                    return all;
                }),
                new Conversation("COPY that the client gives up", client -> {
                    client.send(new Query("CREATE TEMP TABLE c (a int); COPY c FROM STDIN"));
                    client.sendCopyData("1\n");
                    client.send(new CopyFail("enough"));
                    return client.rawUntilReady();
                }),
                new Conversation("COPY that fails on the server, with late data", client -> {
                    client.send(new Query("CREATE TEMP TABLE c (a int)"));
                    client.rawUntilReady();
                    client.send(new Query("COPY c FROM STDIN"));
                    client.sendCopyData("1\nx\n");
                    var all = new ArrayList<>(client.rawUntilReady());
                    client.sendCopyData("2\n");
                    client.sendCopyDone();
                    client.send(new Query("SELECT count(*) FROM c; DROP TABLE c"));
                    all.addAll(client.rawUntilReady());
                    return all;
                }),
                new Conversation("messages one byte at a time", client -> {
                    byte[] query = "Q\0\0\0\15SELECT 1\0".getBytes(StandardCharsets.ISO_8859_1);
                    for (byte one : query) {
                        client.sendBytes(new byte[] {one});
                    }
                    return client.rawUntilReady();
                }),
                new Conversation("a function call", client -> {
                    client.sendBytes(functionCall(INT4ABS, "-5"));
                    client.send(new Query("SELECT 1"));
                    var all = new ArrayList<>(client.rawUntilReady());
                    all.addAll(client.rawUntilReady());
                    return all;
                }),
                new Conversation("queries without waiting for answers", client -> {
                    client.send(new Query("SELECT 1"), new Query("SELECT oops"), new Query("SELECT 3"), new Flush());
                    var all = new ArrayList<>(client.rawUntilReady());
                    all.addAll(client.rawUntilReady());
                    all.addAll(client.rawUntilReady());
                    return all;
                }));
    }
}
