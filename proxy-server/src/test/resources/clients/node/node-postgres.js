// SPDX-License-Identifier: Apache-2.0
// What applications do with node-postgres (pg, pg-cursor, pg-copy-streams); at most two connections at a time.

import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
import pg from 'pg';
import Cursor from 'pg-cursor';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import { fails, say, schema, stream, until } from './say.js';

async function connected(work, options = {}) {
  const client = new pg.Client(options);
  await client.connect();
  try {
    await client.query(`SET search_path = ${schema}`);
    await work(client);
  } finally {
    await client.end();
  }
}

async function statements(client) {
  await client.query('CREATE TABLE item (id serial PRIMARY KEY, name text NOT NULL, price numeric, extra jsonb, tags text[], raw bytea)');
  for (let n = 0; n < 10; n++) {
    await client.query('INSERT INTO item (name, price, extra, tags, raw) VALUES ($1, $2, $3, $4, $5)',
      [`item ${n}`, n / 4, { n, deep: [n, null] }, [`${n}`, 'quote " it'], Buffer.from([0, n, 255])]);
  }
  say('rows', (await client.query('SELECT * FROM item WHERE id > $1 ORDER BY id LIMIT 2', [3])).rows);
  const several = await client.query('SELECT 1 AS a; UPDATE item SET price = price WHERE id < 3; SELECT 2 AS b');
  say('several', several.map((result) => [result.command, result.rowCount, result.rows]));
  say('fields', (await client.query({ text: 'SELECT id, price FROM item LIMIT 1', rowMode: 'array' })).fields.map((f) => [f.name, f.dataTypeID, f.columnID]));
  await fails('syntax', () => client.query('SELEC 1'));
  await fails('not null', () => client.query('INSERT INTO item (name) VALUES ($1)', [null]));
  await fails('wrong type', () => client.query('SELECT $1::int', ['one']));
  await fails('too few', () => client.query('SELECT $1::int, $2::int', [1]));
  say('many at once', (await Promise.all(Array.from({ length: 100 }, (_, n) => client.query('SELECT $1::int AS n', [n])))).map((r) => r.rows[0].n));
  await client.query('BEGIN');
  await client.query("INSERT INTO item (name) VALUES ('kept')");
  await client.query('SAVEPOINT a');
  await fails('in a transaction', () => client.query('SELECT 1/0'));
  await fails('refused', () => client.query('SELECT 1'));
  await client.query('ROLLBACK TO a');
  await client.query('COMMIT');
  say('kept', (await client.query("SELECT count(*) FROM item WHERE name = 'kept'")).rows);
  await client.query("SELECT set_config('app.tenant', $1, false)", ['42']);
  for (let n = 0; n < 5; n++) {
    say('setting', (await client.query("SELECT current_setting('app.tenant') AS tenant, current_schema() = $1 AS mine", [schema])).rows);
  }
}

async function prepared(client) {
  for (let n = 0; n < 20; n++) {
    const { rows } = await client.query({ name: 'by id', text: 'SELECT name, $2::text AS given FROM item WHERE id = $1', values: [n, `g${n}`] });
    say('prepared', rows);
  }
  for (let n = 0; n < 30; n++) {
    await client.query({ name: `statement ${n}`, text: `SELECT $1::int + ${n} AS sum`, values: [n] });
  }
  say('all of them again', (await Promise.all(Array.from({ length: 30 }, (_, n) =>
    client.query({ name: `statement ${n}`, text: `SELECT $1::int + ${n} AS sum`, values: [n] })))).map((r) => r.rows[0].sum));
  await fails('another text', () => client.query({ name: 'by id', text: 'SELECT 1' }));
  await fails('cannot be prepared', () => client.query({ name: 'wrong', text: 'SELECT nothing' }));
  await fails('nor the second time', () => client.query({ name: 'wrong', text: 'SELECT nothing' }));
  await fails('fails when executed', () => client.query({ name: 'zero', text: 'SELECT 1 / $1::int AS q', values: [0] }));
  say('works when executed', (await client.query({ name: 'zero', text: 'SELECT 1 / $1::int AS q', values: [1] })).rows);
  await client.query('BEGIN');
  await fails('prepared in a failing transaction', () => client.query({ name: 'in it', text: 'SELECT $1::int / 0', values: [1] }));
  await fails('then refused', () => client.query({ name: 'refused', text: 'SELECT $1::int', values: [1] }));
  await client.query('ROLLBACK');
  say('and again', (await client.query({ name: 'refused', text: 'SELECT $1::int AS n', values: [1] })).rows);
}

async function cursors(client) {
  const cursor = client.query(new Cursor('SELECT n, repeat($1, n) AS text FROM generate_series(1, 30) n', ['x']));
  const lengths = [];
  for (let rows = await cursor.read(7); rows.length > 0; rows = await cursor.read(7)) {
    lengths.push(rows.length);
  }
  await cursor.close();
  say('cursor', lengths);
  const early = client.query(new Cursor('SELECT n FROM generate_series(1, 1000000) n'));
  say('first rows', await early.read(3));
  await early.close();
  const failing = client.query(new Cursor('SELECT 10 / (4 - n) AS q FROM generate_series(1, 10) n'));
  say('fine', await failing.read(2));
  await fails('cursor fails', () => failing.read(5));
  say('after cursors', (await client.query('SELECT $1::int AS n', [1])).rows);
}

async function copies(client) {
  await client.query('CREATE TABLE copied (a int PRIMARY KEY, b text)');
  const lines = Array.from({ length: 3000 }, (_, n) => `${n}\t${'text '.repeat(n % 10)}\n`);
  await pipeline(Readable.from(lines), client.query(copyFrom('COPY copied FROM STDIN')));
  say('copied', (await client.query('SELECT count(*), sum(a) FROM copied')).rows);
  let bytes = 0;
  for await (const chunk of client.query(copyTo('COPY copied TO STDOUT'))) {
    bytes += chunk.length;
  }
  say('copied back', bytes);
  await fails('copy fails', () => pipeline(Readable.from(['1\ttwice\n', ...lines]), client.query(copyFrom('COPY copied FROM STDIN'))));
  say('after copies', (await client.query('SELECT $1::int AS n', [1])).rows);
}

/** Two connections. */
async function notifications(client) {
  const channel = `node_${schema}`;
  await connected(async (listener) => {
    const heard = [];
    listener.on('notification', (message) => heard.push(message.payload));
    await listener.query(`LISTEN ${channel}`);
    for (let n = 0; n < 5; n++) {
      await client.query('SELECT pg_notify($1, $2)', [channel, `number ${n}`]);
    }
    await until(() => heard.length === 5);
    say('heard', heard);
    await listener.query(`UNLISTEN ${channel}`);
  });
  const notices = [];
  client.on('notice', (notice) => notices.push([notice.severity, notice.message]));
  await client.query("DO $$ BEGIN RAISE NOTICE 'noted'; END $$");
  say('notices', notices);
}

async function bigResults(client) {
  const { rows } = await client.query("SELECT n, md5(n::text) || repeat('z', 200) AS text FROM generate_series(1, 50000) n");
  say('many rows', rows.length, rows.reduce((sum, row) => sum + row.text.length, 0));
  say('a large row', (await client.query("SELECT repeat('a', 20000000) AS text")).rows[0].text.length);
  say('a large parameter', (await client.query('SELECT length($1::text) AS n', ['b'.repeat(5000000)])).rows);
}

async function cancelled(client) {
  const running = fails('cancelled', () => client.query('SELECT pg_sleep(60)'));
  let over = false;
  running.then(() => { over = true; });
  while (!over) {
    // A request that comes before the query does nothing.
    await new Promise((resolve) => {
      const request = new pg.Client();
      request.connection.once('end', resolve);
      request.connection.on('error', resolve);
      request.cancel(client, client.activeQuery ?? client._activeQuery);
    });
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  say('after it', (await client.query('SELECT 1 AS alive')).rows);
}

/** Sends the next query before the last is answered. */
async function pipelined(client) {
  const queries = Array.from({ length: 200 }, (_, n) => (n % 3 === 0
    ? client.query('SELECT $1::int AS n', [n])
    : client.query({ name: `pipelined ${n % 7}`, text: `SELECT $1::int + ${n % 7} AS n`, values: [n] })));
  say('pipelined', (await Promise.all(queries)).map((r) => r.rows[0].n));
  const mixed = await Promise.allSettled(Array.from({ length: 20 }, (_, n) => client.query('SELECT 10 / $1::int AS q', [n % 5])));
  say('errors among them', mixed.map((m) => (m.status === 'fulfilled' ? m.value.rows[0].q : m.reason.code)));
  const transaction = ['BEGIN', "INSERT INTO item (name) VALUES ('piped')", 'SELECT count(*) FROM item', 'ROLLBACK', 'SELECT count(*) FROM item'];
  say('a transaction', (await Promise.all(transaction.map((text) => client.query(text)))).map((r) => [r.command, r.rows]));
}

/** Two connections. */
async function pools() {
  const pool = new pg.Pool({ max: 2 });
  const sums = await Promise.all(Array.from({ length: 40 }, (_, n) => pool.query(`SELECT count(*)::int + $1::int AS sum FROM ${schema}.item`, [n])));
  say('pool', sums.map((r) => r.rows[0].sum));
  await pool.query(`CREATE TABLE ${schema}.counter AS SELECT 0 AS n`);
  await Promise.all(Array.from({ length: 20 }, async () => {
    const client = await pool.connect();
    try {
      await client.query('BEGIN');
      const { rows } = await client.query(`SELECT n FROM ${schema}.counter FOR UPDATE`);
      await client.query({ name: 'count', text: `UPDATE ${schema}.counter SET n = $1`, values: [rows[0].n + 1] });
      await client.query('COMMIT');
    } finally {
      client.release();
    }
  }));
  say('counted', (await pool.query(`SELECT n FROM ${schema}.counter`)).rows);
  await pool.end();
}

async function streamTables(client) {
  await client.query('CREATE TABLE sale (id int PRIMARY KEY, product text, amount int)');
  await client.query("INSERT INTO sale SELECT n, 'p' || n % 3, n FROM generate_series(1, $1::int) n", [30]);
  const created = await client.query(`CREATE MATERIALIZED VIEW per_product ${stream} AS SELECT product, sum(amount) AS total, count(*) AS n FROM sale GROUP BY product`);
  say('created', created.command, created.rowCount);
  const query = { name: 'products', text: 'SELECT * FROM per_product ORDER BY product' };
  say('first', (await client.query(query)).rows);
  for (let n = 0; n < 3; n++) {
    await client.query('UPDATE sale SET amount = amount + $1 WHERE id % 2 = $2', [n, n % 2]);
    say('refreshed', (await client.query({ name: 'refresh', text: 'REFRESH MATERIALIZED VIEW per_product' })).command, (await client.query(query)).rows);
  }
  await client.query('BEGIN');
  await client.query('DROP MATERIALIZED VIEW per_product');
  await client.query('ROLLBACK');
  say('still there', (await client.query(query)).rows.length);
  say('dropped', (await client.query('DROP MATERIALIZED VIEW per_product')).command);
  await fails('gone', () => client.query(query));
}

for (const work of [statements, prepared, cursors, copies, notifications, bigResults, cancelled, streamTables]) {
  await connected(work);
}
await connected(pipelined, { pipeline: true });
await pools();
