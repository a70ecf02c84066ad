# SPDX-License-Identifier: Apache-2.0
"""What applications do with psycopg 3; prints what they see. One connection at a time, unless a section says otherwise."""

import asyncio
import logging
import os
import sys
from decimal import Decimal

import psycopg
from psycopg import pq, sql
from psycopg.rows import dict_row, namedtuple_row
from psycopg.types.json import Jsonb

SCHEMA = os.environ["CLIENT_SCHEMA"]
STREAM = os.environ["CLIENT_STREAM"]


def say(title, *values):
    print(title + ":", *values)


def failure(title, error):
    diag = error.diag
    say(title, type(error).__name__, error.sqlstate, diag.message_primary, diag.message_detail, diag.constraint_name, diag.column_name,
        diag.statement_position)


def connect(**options):
    connection = psycopg.connect("", **options)
    autocommit = connection.autocommit
    connection.autocommit = True
    connection.execute(sql.SQL("SET search_path = {}").format(sql.Identifier(SCHEMA)))
    connection.autocommit = autocommit
    return connection


def basics():
    with connect() as connection:
        connection.execute("CREATE TABLE item (id serial PRIMARY KEY, name text NOT NULL, price numeric, extra jsonb, tags text[])")
        for n in range(10):
            connection.execute("INSERT INTO item (name, price, extra, tags) VALUES (%s, %s, %s, %s)",
                               (f"item {n}", Decimal(n) / 4, Jsonb({"n": n, "deep": [n, None]}), [str(n), None, 'quote " it']))
    with connect(row_factory=dict_row) as connection:
        for row in connection.execute("SELECT * FROM item WHERE id > %s ORDER BY id LIMIT 2", (3,)):
            say("row", row)
        cursor = connection.execute("SELECT 1 AS a; SELECT 2 AS b")
        say("several results", cursor.fetchall(), cursor.nextset(), cursor.fetchall(), cursor.nextset())
        say("binary", connection.execute("SELECT %b::bytea || '\\x00ff'::bytea AS b, %b::float8 AS f", (b"abc", 1.5), binary=True).fetchone())
    with connect(row_factory=namedtuple_row) as connection:
        cursor = connection.cursor()
        cursor.executemany("UPDATE item SET price = price + %s WHERE id = %s RETURNING id, price", [(1, n) for n in range(1, 6)], returning=True)
        while True:
            say("executemany", cursor.fetchone())
            if not cursor.nextset():
                break
        try:
            with connection.transaction():
                connection.execute("DELETE FROM item")
                connection.execute("INSERT INTO item (name) VALUES (NULL)")
        except psycopg.Error as e:
            failure("not null", e)
        with connection.transaction():
            connection.execute("INSERT INTO item (name) VALUES ('outer')")
            try:
                with connection.transaction():
                    connection.execute("INSERT INTO item (name) VALUES ('inner')")
                    connection.execute("SELECT nothing FROM item")
            except psycopg.Error as e:
                failure("undefined column", e)
            with connection.transaction(force_rollback=True):
                connection.execute("INSERT INTO item (name) VALUES ('rolled back')")
        say("savepoints", connection.execute("SELECT array_agg(name ORDER BY id) FROM item WHERE id > 10").fetchone())


def prepared_statements():
    for threshold in (0, 1, 5, None):
        with connect(prepare_threshold=threshold, autocommit=True) as connection:
            say("threshold", threshold, [connection.execute("SELECT %s::int * 2, %s::text", (n, f"t{n}")).fetchone() for n in range(12)])
            say("prepare=True", connection.execute("SELECT count(*) FROM item WHERE price > %s", (1,), prepare=True).fetchone())
            try:
                connection.execute("SELECT %s::int / 0", (1,), prepare=True)
            except psycopg.Error as e:
                failure("division", e)
            say("after an error", connection.execute("SELECT %s::int * 2, %s::text", (7, "again")).fetchone())
    with connect(prepare_threshold=0, autocommit=True) as connection:
        connection.prepared_max = 3
        for n in range(20):
            connection.execute(f"SELECT %s::int + {n % 7}", (n,))
        say("more than it keeps", connection.execute("SELECT %s::int + 1", (41,)).fetchone())
        connection.execute("DEALLOCATE ALL")
        say("after DEALLOCATE ALL", connection.execute("SELECT %s::int + 1", (42,)).fetchone())
        connection.execute("CREATE TABLE changing AS SELECT 1 AS a")
        say("before DDL", connection.execute("SELECT * FROM changing").fetchall())
        connection.execute("ALTER TABLE changing ADD b text DEFAULT 'new'")
        try:
            say("after DDL", connection.execute("SELECT * FROM changing").fetchall())
        except psycopg.Error as e:
            failure("after DDL", e)
        connection.execute("DISCARD ALL")
        connection.execute(sql.SQL("SET search_path = {}").format(sql.Identifier(SCHEMA)))
        say("after DISCARD ALL", connection.execute("SELECT * FROM changing").fetchall())


def pipelines():
    with connect(autocommit=True) as connection:
        with connection.pipeline() as pipeline:
            cursors = [connection.execute("SELECT %s::int AS n, repeat('x', %s)", (n, n)) for n in range(50)]
            pipeline.sync()
            later = connection.execute("INSERT INTO item (name, price) SELECT 'piped', %s RETURNING price", (3,))
        say("pipelined", [(c.fetchone()[0], len(c.description)) for c in cursors], later.fetchone())
        with connection.cursor() as cursor:
            cursor.executemany("INSERT INTO item (name, price) VALUES (%s, %s)", [("many", n) for n in range(500)])
            say("executemany in a pipeline", cursor.rowcount)
        try:
            with connection.pipeline() as pipeline:
                connection.execute("INSERT INTO item (name) VALUES ('lost')")
                connection.execute("INSERT INTO item (name, price) VALUES (%s, %s)", ("lost", "no price"))
                connection.execute("INSERT INTO item (name) VALUES ('lost, too')")
                pipeline.sync()
        except psycopg.Error as e:
            failure("error in a pipeline", e)
        say("lost", connection.execute("SELECT count(*) FROM item WHERE name LIKE 'lost%'").fetchone(), connection.info.transaction_status.name)
        with connection.pipeline():
            with connection.transaction():
                connection.execute("DELETE FROM item WHERE name = 'many'")
                inside = connection.execute("SELECT count(*) FROM item WHERE name = 'many'")
            say("a transaction in a pipeline", inside.fetchone())
        with connection.pipeline() as pipeline:
            for n in range(30):
                connection.execute("SELECT %s", (n,))
                pipeline.sync()
        say("many syncs", connection.execute("SELECT 'fine'").fetchone())


def cursors():
    with connect() as connection:
        with connection.cursor("named") as cursor:
            cursor.itersize = 7
            cursor.execute("SELECT n FROM generate_series(1, 30) n WHERE n > %s", (2,))
            say("server cursor", [row[0] for row in cursor], cursor.description[0].name)
        with connection.cursor("scrolling", scrollable=True) as cursor:
            cursor.execute("SELECT n FROM generate_series(1, 100) n")
            cursor.scroll(50)
            say("scrolled", cursor.fetchone())
            cursor.scroll(-10)
            say("back", cursor.fetchmany(3))
    with connect(autocommit=True) as connection:
        with connection.cursor("holding", withhold=True) as cursor:
            cursor.execute("SELECT n FROM generate_series(1, 10) n")
            say("with hold", cursor.fetchmany(4))
            connection.execute("SELECT 1")
            say("with hold, later", cursor.fetchmany(4))
        say("streamed", sum(row[0] for row in connection.cursor().stream("SELECT n, repeat('y', 1000) FROM generate_series(1, 5000) n")))
    with connect() as connection, psycopg.ClientCursor(connection) as cursor:
        cursor.execute("SELECT %s, %s", ("client's own", "quotes ' \\ "))
        say("client cursor", cursor.fetchone())


def copies():
    with connect() as connection:
        connection.execute("CREATE TABLE copied (a int PRIMARY KEY, b text)")
        with connection.cursor().copy("COPY copied FROM STDIN") as copy:
            for n in range(5000):
                copy.write_row((n, "tab\tand\nline" if n % 2 else None))
        with connection.cursor().copy("COPY copied FROM STDIN (FORMAT binary)") as copy:
            copy.set_types(["int4", "text"])
            copy.write_row((10000, "binary"))
        say("copied", connection.execute("SELECT count(*), count(b), sum(a) FROM copied").fetchone())
    with connect(autocommit=True) as connection:
        with connection.cursor().copy("COPY (SELECT * FROM copied ORDER BY a LIMIT %s) TO STDOUT", (4,)) as copy:
            copy.set_types(["int4", "text"])
            say("rows", list(copy.rows()))
        with connection.cursor().copy("COPY copied TO STDOUT") as copy:
            say("bytes", sum(len(block) for block in copy))
        for what, value in (("a row", (1, "twice")), ("an abort", None)):
            try:
                with connection.cursor().copy("COPY copied FROM STDIN") as copy:
                    copy.write_row((20000, "never"))
                    if value is None:
                        raise ValueError("the program's own")
                    copy.write_row(value)
            except psycopg.Error as e:
                failure(what, e)
            except ValueError as e:
                say(what, e)
            say("state", connection.info.transaction_status.name,
                connection.execute("SELECT count(*) FROM copied WHERE a = 20000").fetchone())
        try:
            with connection.cursor().copy("COPY nowhere TO STDOUT") as copy:
                list(copy)
        except psycopg.Error as e:
            failure("nowhere", e)


def notifications():
    """Two connections, of which one listens."""
    with connect(autocommit=True) as listener, connect(autocommit=True) as other:
        channel = f"news_{SCHEMA}"
        listener.execute(f"LISTEN {channel}")
        for n in range(3):
            other.execute("SELECT pg_notify(%s, %s)", (channel, f"number {n}"))
            for notification in listener.notifies():
                say("heard", notification.channel, notification.payload)
                break
        with other.transaction():
            other.execute(f"NOTIFY {channel}, 'in a transaction'")
            other.execute(f"NOTIFY {channel}, 'and once more'")
        heard = []
        for notification in listener.notifies():
            heard.append(notification.payload)
            if len(heard) == 2:
                break
        say("heard at commit", heard)
        listener.execute("UNLISTEN *")
        notices = []
        listener.add_notice_handler(lambda diag: notices.append((diag.severity, diag.message_primary)))
        listener.execute("DO $$ BEGIN RAISE NOTICE 'noted'; RAISE WARNING 'warned'; END $$")
        say("notices", notices)


def two_phase():
    with connect() as connection:
        connection.execute("CREATE TABLE phased (a int)")
        connection.commit()
        for outcome in ("commit", "rollback"):
            xid = connection.xid(1, f"{SCHEMA} {outcome}", "branch")
            connection.tpc_begin(xid)
            connection.execute("INSERT INTO phased VALUES (1)")
            try:
                connection.tpc_prepare()
            except psycopg.Error as e:
                failure("prepare", e)
                return
            say("prepared", connection.info.transaction_status.name)
            connection.close()
            connection = connect()
            mine = [x for x in connection.tpc_recover() if x.gtrid == f"{SCHEMA} {outcome}"]
            say("recovered", [(x.format_id, x.bqual) for x in mine])
            connection.rollback()
            (connection.tpc_commit if outcome == "commit" else connection.tpc_rollback)(mine[0])
            say(outcome, connection.execute("SELECT count(*) FROM phased").fetchone())
            connection.commit()


def sessions():
    """What a session keeps from one transaction to the next; cancelling; two connections."""
    with connect(autocommit=True) as connection, connect(autocommit=True) as other:
        connection.execute("SET TIME ZONE 'Asia/Tokyo'")
        connection.execute("SELECT set_config('app.tenant', '42', false)")
        connection.execute("SET default_transaction_read_only = on")
        for _ in range(4):
            say("kept", connection.execute("SELECT now()::text LIKE '%%+09', current_setting('app.tenant'), current_schema()::text = %s",
                                           (SCHEMA,)).fetchone(), other.execute("SHOW default_transaction_read_only").fetchone())
        try:
            connection.execute("INSERT INTO item (name) VALUES ('refused')")
        except psycopg.Error as e:
            failure("read only", e)
        connection.execute("RESET ALL")
        say("parameters", [connection.info.parameter_status(name) for name in
                           ("TimeZone", "server_encoding", "client_encoding", "DateStyle", "application_name", "is_superuser")])
        connection.execute(sql.SQL("SET search_path = {}").format(sql.Identifier(SCHEMA)))
        connection.execute("SET client_encoding = latin1")
        say("latin1", connection.info.encoding, connection.execute("SELECT %s::text, length('é')", ("é",)).fetchone())
        connection.execute("SET client_encoding = utf8")
        connection.execute("CREATE TEMP TABLE scratch AS SELECT 5 AS a")
        say("temporary", connection.execute("SELECT a FROM scratch").fetchone())
        connection.execute("DROP TABLE scratch")
        say("locks", connection.execute("SELECT pg_try_advisory_lock(hashtext(%s))", (SCHEMA,)).fetchone(),
            other.execute("SELECT pg_try_advisory_lock(hashtext(%s))", (SCHEMA,)).fetchone(),
            connection.execute("SELECT pg_advisory_unlock(hashtext(%s))", (SCHEMA,)).fetchone(),
            other.execute("SELECT pg_try_advisory_lock(hashtext(%s))", (SCHEMA,)).fetchone(),
            other.execute("SELECT pg_advisory_unlock_all() IS NOT NULL").fetchone())


async def asynchronous():
    """Two tasks at a time."""
    async def task(number):
        async with await psycopg.AsyncConnection.connect("", autocommit=True) as connection:
            await connection.execute(sql.SQL("SET search_path = {}").format(sql.Identifier(SCHEMA)))
            seen = []
            for n in range(15):
                async with connection.transaction():
                    await connection.execute("INSERT INTO item (name, price) VALUES (%s, %s)", (f"task {number}", n))
                    cursor = await connection.execute("SELECT count(*) FROM item WHERE name = %s", (f"task {number}",))
                    seen.append((await cursor.fetchone())[0])
            async with connection.pipeline():
                results = [await connection.execute("SELECT %s::int", (n,)) for n in range(10)]
                seen += [(await result.fetchone())[0] for result in results]
            async with connection.cursor().copy("COPY (SELECT 1, 'two') TO STDOUT") as copy:
                async for block in copy:
                    seen.append(bytes(block))
            return seen

    for result in await asyncio.gather(task(1), task(2)):
        say("task", result)

    async with await psycopg.AsyncConnection.connect("", autocommit=True) as connection:
        running = asyncio.create_task(connection.execute("SELECT pg_sleep(60)"))
        while connection.pgconn.transaction_status != pq.TransactionStatus.ACTIVE:
            await asyncio.sleep(0)
        while not running.done():
            # A request that comes before the query does nothing; so do those that follow the one that worked.
            connection.cancel()
            await asyncio.wait([running], timeout=0.1)
        try:
            await running
        except psycopg.Error as e:
            failure("cancelled", e)
        say("after it", await (await connection.execute("SELECT 'alive'")).fetchone())


def stream_tables():
    with connect(prepare_threshold=0) as connection:
        connection.execute("CREATE TABLE sale (id int PRIMARY KEY, product text, amount int)")
        connection.execute("INSERT INTO sale SELECT n, 'p' || n %% 3, n FROM generate_series(1, %s) n", (30,))
        connection.commit()
        say("create", connection.execute(
            f"CREATE MATERIALIZED VIEW per_product {STREAM} AS SELECT product, sum(amount) AS total, count(*) AS n FROM sale GROUP BY product"
        ).statusmessage)
        connection.commit()
        query = "SELECT * FROM per_product ORDER BY product"
        say("first", connection.execute(query).fetchall())
        connection.commit()
        for n in range(3):
            connection.execute("UPDATE sale SET amount = amount + %s WHERE id %% 2 = %s", (n, n % 2))
            connection.execute("DELETE FROM sale WHERE id = %s", (n + 1,))
            connection.commit()
            say("refresh", connection.execute("REFRESH MATERIALIZED VIEW per_product").statusmessage, connection.execute(query).fetchall())
            connection.commit()
        with connection.transaction(force_rollback=True):
            connection.execute("DROP MATERIALIZED VIEW per_product")
        say("still there", connection.execute(query).fetchone())
        try:
            connection.execute("REFRESH MATERIALIZED VIEW nowhere")
        except psycopg.Error as e:
            failure("nowhere", e)
        connection.rollback()
        say("drop", connection.execute("DROP MATERIALIZED VIEW per_product").statusmessage)


def main():
    basics()
    prepared_statements()
    pipelines()
    cursors()
    copies()
    notifications()
    two_phase()
    sessions()
    asyncio.run(asynchronous())
    stream_tables()


if __name__ == "__main__":
    if pq.version() < 140000:
        sys.exit("this libpq knows no pipelines")
    # What it says about errors that it passes over depends on which is read first.
    logging.getLogger("psycopg").setLevel(logging.CRITICAL)
    main()
