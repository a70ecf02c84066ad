-- SPDX-License-Identifier: Apache-2.0
-- What a session does besides plain statements: pipelines, settings, locks, transactions of several statements.
\set aid random(1, 100000)
\set delta random(-50, 50)
\startpipeline
SELECT abalance FROM pgbench_accounts WHERE aid = :aid;
SELECT bbalance FROM pgbench_branches WHERE bid = 1;
SELECT count(*) FROM pgbench_tellers;
\endpipeline
SET work_mem = '5MB';
SELECT 1 / (current_setting('work_mem') = '5MB')::int AS kept \gset
SELECT pg_advisory_lock(:client_id);
BEGIN;
UPDATE pgbench_accounts SET abalance = abalance + :delta WHERE aid = :aid;
SAVEPOINT a;
UPDATE pgbench_accounts SET abalance = abalance + 1000 WHERE aid = :aid;
ROLLBACK TO a;
UPDATE pgbench_tellers SET tbalance = tbalance + :delta WHERE tid = 1;
UPDATE pgbench_branches SET bbalance = bbalance + :delta WHERE bid = 1;
INSERT INTO pgbench_history (tid, bid, aid, delta, mtime) VALUES (1, 1, :aid, :delta, now());
COMMIT;
SELECT 1 / pg_advisory_unlock(:client_id)::int AS unlocked \gset
\if :kept
RESET work_mem;
\endif
