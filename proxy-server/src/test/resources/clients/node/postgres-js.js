// SPDX-License-Identifier: Apache-2.0
// What applications do with postgres.js, which prepares every statement and sends the next before the last is answered; at most two
// connections at a time.

import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
import postgres from 'postgres';
import { fails, say, schema, stream, until } from './say.js';

const notices = [];
const options = { max: 1, onnotice: (notice) => notices.push(notice.message) };

async function statements(sql) {
  await sql`CREATE TABLE item (id serial PRIMARY KEY, name text NOT NULL, price numeric, extra jsonb, tags text[])`;
  for (let n = 0; n < 10; n++) {
    await sql`INSERT INTO item ${sql({ name: `item ${n}`, price: n / 4, extra: sql.json({ n, deep: [n, null] }), tags: [`${n}`, 'quote " it'] })}`;
  }
  say('rows', await sql`SELECT * FROM item WHERE id > ${3} ORDER BY id LIMIT 2`);
  say('columns', (await sql`SELECT id, price FROM item LIMIT 0`).columns.map((c) => [c.name, c.type]));
  say('inserted', (await sql`INSERT INTO item ${sql([{ name: 'a' }, { name: 'b' }])} RETURNING id, name`));
  say('several', (await sql`SELECT 1 AS a; SELECT 2 AS b`.simple()));
  const names = ['item 1', 'item 2'];
  say('in a list', await sql`SELECT id FROM item WHERE name IN ${sql(names)} ORDER BY id`);
  say('described', (await sql`SELECT * FROM item WHERE id = ${1} AND name = ${'x'}`.describe()).types);
  await fails('undefined', () => sql`SELECT nothing FROM item`);
  await fails('not null', () => sql`INSERT INTO item (name) VALUES (${null})`);
  await fails('division', () => sql`SELECT 1 / ${0}::int AS q`);
  say('division', await sql`SELECT 1 / ${1}::int AS q`);
  say('pipelined', (await Promise.all(Array.from({ length: 200 }, (_, n) => sql`SELECT ${n}::int AS n`))).map((r) => r[0].n));
  const mixed = await Promise.allSettled(Array.from({ length: 20 }, (_, n) => sql`SELECT 10 / ${n % 5}::int AS q`));
  say('errors among them', mixed.map((m) => (m.status === 'fulfilled' ? m.value[0].q : m.reason.code)));
  say('not prepared', await sql.unsafe('SELECT $1::int AS n', [5]));
  await sql`SELECT set_config('app.tenant', '42', false)`;
  for (let n = 0; n < 5; n++) {
    say('setting', await sql`SELECT current_setting('app.tenant') AS tenant, current_schema() = ${schema} AS mine`);
  }
}

async function transactions(sql) {
  const result = await sql.begin(async (tx) => {
    await tx`INSERT INTO item (name) VALUES ('kept')`;
    await fails('savepoint', () => tx.savepoint(async (inner) => {
      await inner`INSERT INTO item (name) VALUES ('lost')`;
      await inner`SELECT 1 / ${0}::int`;
    }));
    return tx`SELECT count(*)::int AS n FROM item WHERE name IN ('kept', 'lost')`;
  });
  say('transaction', result);
  await fails('rolled back', () => sql.begin((tx) => [tx`DELETE FROM item`, tx`SELECT 1 / ${0}::int`]));
  await sql.begin('isolation level serializable read only', async (tx) => say('isolation', await tx`SHOW transaction_isolation`));
  say('still', await sql`SELECT count(*)::int AS n FROM item`);
  say('pipelined in one', await sql.begin((tx) => [tx`SELECT 1 AS a`, tx`SELECT 2 AS b`, tx`SELECT count(*)::int AS n FROM item`]));
  await sql`CREATE TABLE counter AS SELECT 0 AS n`;
  await Promise.all(Array.from({ length: 20 }, () => sql.begin(async (tx) => {
    const [{ n }] = await tx`SELECT n FROM counter FOR UPDATE`;
    await tx`UPDATE counter SET n = ${n + 1}`;
  })));
  say('counted', await sql`SELECT n FROM counter`);
  const reserved = await sql.reserve();
  await reserved`CREATE TEMP TABLE scratch AS SELECT 7 AS a`;
  say('temporary', await reserved`SELECT a FROM scratch`);
  await reserved`DROP TABLE scratch`;
  say('locked', await reserved`SELECT pg_try_advisory_lock(hashtext(${schema})) AS got`, await reserved`SELECT pg_advisory_unlock(hashtext(${schema})) AS had`);
  reserved.release();
}

async function cursors(sql) {
  const lengths = [];
  await sql`SELECT n FROM generate_series(1, 30) n WHERE n > ${2}`.cursor(7, (rows) => { lengths.push(rows.length); });
  say('cursor', lengths);
  let seen = 0;
  for await (const rows of sql`SELECT n FROM generate_series(1, 100000) n`.cursor(10)) {
    seen += rows.length;
    if (seen >= 30) {
      break;
    }
  }
  say('left early', seen);
  let sum = 0;
  await sql`SELECT n FROM generate_series(1, 5000) n`.forEach((row) => { sum += row.n; });
  say('each', sum);
  await fails('cursor fails', () => sql`SELECT 10 / (4 - n) AS q FROM generate_series(1, 10) n`.cursor(2, () => {}));
  say('after cursors', await sql`SELECT ${1}::int AS n`);
}

async function copies(sql) {
  await sql`CREATE TABLE copied (a int PRIMARY KEY, b text)`;
  const lines = Array.from({ length: 3000 }, (_, n) => `${n}\t${'text '.repeat(n % 10)}\n`);
  await pipeline(Readable.from(lines), await sql`COPY copied FROM STDIN`.writable());
  say('copied', await sql`SELECT count(*)::int AS n, sum(a)::int AS sum FROM copied`);
  let bytes = 0;
  for await (const chunk of await sql`COPY copied TO STDOUT`.readable()) {
    bytes += chunk.length;
  }
  say('copied back', bytes);
}

/** Two connections: postgres.js listens on one of its own. */
async function notifications(sql) {
  const heard = [];
  const listening = await sql.listen(`js_${schema}`, (payload) => heard.push(payload));
  for (let n = 0; n < 5; n++) {
    await sql.notify(`js_${schema}`, `number ${n}`);
  }
  await until(() => heard.length === 5);
  say('heard', heard);
  await listening.unlisten();
  notices.length = 0;
  await sql`DO $$ BEGIN RAISE NOTICE 'noted'; END $$`;
  say('notices', notices);
}

async function bigResults(sql) {
  const rows = await sql`SELECT n, md5(n::text) || repeat('z', 200) AS text FROM generate_series(1, 50000) n`;
  say('many rows', rows.length, rows.reduce((sum, row) => sum + row.text.length, 0));
  say('a large row', (await sql`SELECT repeat('a', 20000000) AS text`)[0].text.length);
  say('a large parameter', await sql`SELECT length(${'b'.repeat(5000000)}::text) AS n`);
}

/** Two connections. */
async function cancelled(sql) {
  // It sends one request only, which must not come before the query.
  const query = sql.unsafe(`SELECT pg_sleep(60) /* ${schema} */`);
  const running = fails('cancelled', () => query);
  const other = postgres(options);
  const text = `%60) /* ${schema} %`;
  await until(async () => (await other`SELECT FROM pg_stat_activity WHERE state = 'active' AND query LIKE ${text}`).length === 1);
  query.cancel();
  await running;
  say('after it', await sql`SELECT 1 AS alive`);
  await other.end();
}

async function streamTables(sql) {
  await sql`CREATE TABLE sale (id int PRIMARY KEY, product text, amount int)`;
  await sql`INSERT INTO sale SELECT n, 'p' || n % 3, n FROM generate_series(1, ${30}::int) n`;
  const created = await sql.unsafe(`CREATE MATERIALIZED VIEW per_product ${stream} AS SELECT product, sum(amount) AS total, count(*) AS n FROM sale GROUP BY product`);
  say('created', created.command, created.count);
  const query = () => sql`SELECT * FROM per_product ORDER BY product`;
  say('first', await query());
  for (let n = 0; n < 3; n++) {
    const [, refreshed, rows] = await sql.begin((tx) => [
      tx`UPDATE sale SET amount = amount + ${n} WHERE id % 2 = ${n % 2}`,
      tx`REFRESH MATERIALIZED VIEW per_product`,
      tx`SELECT * FROM per_product ORDER BY product`,
    ]);
    say('refreshed', refreshed.command, rows);
  }
  await sql`DELETE FROM sale WHERE id < 10`;
  await sql`REFRESH MATERIALIZED VIEW per_product`;
  say('deleted', await query());
  say('dropped', (await sql`DROP MATERIALIZED VIEW per_product`).command);
  await fails('gone', query);
}

for (const work of [statements, transactions, cursors, copies, notifications, bigResults, cancelled, streamTables]) {
  const sql = postgres(options);
  try {
    await sql.unsafe(`SET search_path = ${schema}`);
    await work(sql);
  } finally {
    await sql.end({ timeout: 10 });
  }
}
