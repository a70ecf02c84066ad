-- SPDX-License-Identifier: Apache-2.0
-- All of it or nothing: psql --single-transaction.
SET LOCAL search_path = :schema;
CREATE TABLE account (id int PRIMARY KEY, balance int NOT NULL);
COPY account FROM STDIN;
1	100
2	200
\.
CREATE MATERIALIZED VIEW total :stream AS SELECT sum(balance) AS sum, count(*) AS n FROM account;
UPDATE account SET balance = balance + 1;
REFRESH MATERIALIZED VIEW total;
SELECT * FROM total;
SELECT pg_advisory_xact_lock(hashtext(:'schema'));
DROP MATERIALIZED VIEW total;
SELECT txid_current() = txid_current() AS one_transaction;
