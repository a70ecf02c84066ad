-- SPDX-License-Identifier: Apache-2.0
-- What psql does with a server, apart from what only a terminal shows.
SET search_path = :schema;
\set ON_ERROR_STOP 0

-- Tables, and what is told about them.
CREATE TABLE item (id int PRIMARY KEY, name text NOT NULL, price numeric(10,2) CHECK (price > 0), tags text[]);
CREATE INDEX ON item (name);
CREATE VIEW cheap AS SELECT * FROM item WHERE price < 5;
CREATE FUNCTION twice(int) RETURNS int LANGUAGE sql AS 'SELECT $1 * 2';
CREATE TYPE mood AS ENUM ('sad', 'glad');
COMMENT ON TABLE item IS 'What is sold';
\d
\d item
\d+ cheap
\di
\df twice
\dT mood
\dd item
\sf twice
\sv cheap

-- COPY, both ways, and its errors.
COPY item FROM STDIN;
1	apple	1.20	{red,green}
2	pear	7.00	{}
3	plum	0.50	\N
\.
COPY item FROM STDIN (FORMAT csv, HEADER);
id,name,price,tags
4,"quince, ripe",9.99,{}
\.
COPY item FROM STDIN;
5	fig	2	{}
6	nothing	-1	{}
7	date	3	{}
\.
COPY item FROM STDIN;
not a number
\.
COPY item TO STDOUT (FORMAT csv);
\copy (SELECT id, name FROM item ORDER BY id) TO STDOUT
\copy nowhere TO STDOUT
\copy item TO PROGRAM 'cat > /dev/null'
\copy item (id, name, price) FROM PROGRAM 'printf "8\\tkiwi\\t4\\n9\\tlime\\t6\\n"'
SELECT count(*) FROM item;
COPY item TO STDOUT \; SELECT 'after a copy' AS next \; COPY cheap TO STDOUT;

-- Variables and generated statements.
SELECT max(id) AS top, min(name) AS first FROM item \gset
\echo :top :first
SELECT :'first' AS quoted, :top + 1 AS next;
SELECT format('SELECT %s AS repeated', n) FROM generate_series(1, 20) n \gexec
SELECT name, id % 2 AS odd, price FROM item ORDER BY name \crosstabview odd
SELECT count(*) > 3 AS many FROM item \gset
\if :many
SELECT 'many' AS items;
\endif
SELECT id, name FROM item ORDER BY id LIMIT 1 \gx
SELECT 1 AS a \; SELECT 2 AS b \; SELECT 3 AS c;
SELECT $1::int AS untyped \gdesc
SELECT id, price FROM item \gdesc

-- Large results in pieces, through a cursor.
\set FETCH_COUNT 7
SELECT n, repeat('x', n) AS text FROM generate_series(1, 25) n;
SELECT 10 / (13 - n) AS q FROM generate_series(1, 20) n;
\unset FETCH_COUNT

-- Errors with everything that belongs to them.
\set VERBOSITY verbose
SELECT 1/0;
INSERT INTO item VALUES (1, 'again', 1, NULL);
INSERT INTO item VALUES (10, NULL, 1, NULL);
SELECT nam FROM item;
DO $$ BEGIN RAISE WARNING 'careful' USING HINT = 'a hint', DETAIL = 'a detail'; RAISE NOTICE 'note'; RAISE 'own' USING ERRCODE = 'P1234'; END $$;
\set VERBOSITY default
\errverbose
\echo :LAST_ERROR_SQLSTATE :LAST_ERROR_MESSAGE

-- Transactions, savepoints, and psql's own savepoints.
BEGIN;
INSERT INTO item VALUES (20, 'in a transaction', 1, NULL);
SAVEPOINT a;
SELECT 1/0;
SELECT 'refused';
ROLLBACK TO a;
SELECT count(*) FROM item WHERE id = 20;
COMMIT;
\set ON_ERROR_ROLLBACK on
BEGIN;
INSERT INTO item VALUES (21, 'kept', 1, NULL);
INSERT INTO item VALUES (21, 'twice', 1, NULL);
INSERT INTO item VALUES (22, 'kept, too', 1, NULL);
COMMIT;
\set ON_ERROR_ROLLBACK off
SELECT id, name FROM item WHERE id > 19 ORDER BY id;
\set AUTOCOMMIT off
DELETE FROM item WHERE id > 19;
SELECT count(*) FROM item;
ROLLBACK;
\set AUTOCOMMIT on
SELECT count(*) FROM item;
BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY;
SHOW transaction_isolation;
SHOW transaction_read_only;
DELETE FROM item;
COMMIT AND CHAIN;
ROLLBACK;
SHOW transaction_isolation;

-- What a session keeps.
SET work_mem = '7MB';
SET my.setting = 'mine';
SELECT set_config('statement_timeout', '60s', false);
SET TIME ZONE 'Asia/Tokyo';
SET DateStyle = 'German';
SELECT timestamptz '2026-01-02 03:04:05+00' AS tokyo;
SHOW work_mem;
SHOW my.setting;
SHOW statement_timeout;
SELECT current_schema();
\dconfig work_mem
RESET ALL;
SET search_path = :schema;
SHOW work_mem;
SHOW DateStyle;
\encoding latin1
SELECT convert_to('é', 'UTF8') AS bytes, length('é') AS two_in_latin1;
\encoding utf8
PREPARE by_price (numeric) AS SELECT name FROM item WHERE price < $1 ORDER BY name;
EXECUTE by_price(2);
SELECT name, parameter_types FROM pg_prepared_statements ORDER BY name;
EXECUTE by_price(5);
DEALLOCATE by_price;
EXECUTE by_price(1);
CREATE TEMP TABLE scratch (a int);
INSERT INTO scratch VALUES (1), (2);
SELECT count(*) FROM scratch;
SELECT sum(a) FROM scratch;
DROP TABLE scratch;
SELECT pg_advisory_lock(hashtext(:'schema'));
SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid();
SELECT pg_advisory_unlock(hashtext(:'schema'));
SELECT pg_advisory_unlock(hashtext(:'schema'));
BEGIN;
DECLARE kept CURSOR WITH HOLD FOR SELECT id FROM item ORDER BY id;
FETCH 2 FROM kept;
COMMIT;
FETCH 2 FROM kept;
SELECT name, is_holdable FROM pg_cursors;
CLOSE kept;
FETCH 1 FROM kept;
LISTEN :schema;
NOTIFY :schema, 'something happened';
SELECT pg_notify(:'schema', 'more') IS NOT NULL AS sent;
UNLISTEN :schema;
NOTIFY :schema, 'unheard';
SET ROLE pg_monitor;
SELECT current_user;
RESET ROLE;
SELECT current_user;
DISCARD ALL;
SET search_path = :schema;

-- Large objects: function calls of the protocol.
\lo_import /dev/null
SELECT lo_unlink(:LASTOID);

-- Statements that are no part of a transaction.
VACUUM item;
REINDEX TABLE CONCURRENTLY item;
EXPLAIN (COSTS OFF) SELECT * FROM item WHERE id = 1;
DO $$ BEGIN FOR i IN 1..3 LOOP INSERT INTO item VALUES (30 + i, 'by a procedure', i, NULL); COMMIT; END LOOP; END $$;
SELECT count(*) FROM item WHERE id > 30;

-- Stream tables.
CREATE MATERIALIZED VIEW per_name :stream AS SELECT name, count(*) AS n, sum(price) AS total FROM item GROUP BY name;
SELECT * FROM per_name ORDER BY name;
INSERT INTO item VALUES (40, 'apple', 8, NULL);
UPDATE item SET price = price + 1 WHERE name = 'plum';
DELETE FROM item WHERE name = 'pear';
REFRESH MATERIALIZED VIEW per_name;
SELECT * FROM per_name ORDER BY name;
BEGIN;
CREATE MATERIALIZED VIEW dear :stream AS SELECT id, price FROM item WHERE price > 5;
SELECT count(*) FROM dear;
ROLLBACK;
SELECT * FROM dear;
REFRESH MATERIALIZED VIEW dear;
CREATE MATERIALIZED VIEW per_name :stream AS SELECT 1 AS a;
DROP MATERIALIZED VIEW per_name;
SELECT * FROM per_name;
DROP TABLE item CASCADE;
