// SPDX-License-Identifier: Apache-2.0
// What both scripts need to tell what they see.

export const schema = process.env.CLIENT_SCHEMA;
export const stream = process.env.CLIENT_STREAM;

export function say(title, ...values) {
  console.log(`${title}: ${values.map((value) => (typeof value === 'string' ? value : JSON.stringify(value))).join(' ')}`);
}

/** Says what error something ends in; that it ends in none, too. */
export async function fails(title, work) {
  try {
    await work();
    say(title, 'no error');
  } catch (e) {
    say(title, e.code ?? e.name, e.message, e.detail ?? null, e.position ?? null, (e.table_name ?? e.table) ?? null);
  }
}

/** Waits for something that other sessions do. */
export async function until(condition) {
  const deadline = Date.now() + 20_000;
  while (!(await condition())) {
    if (Date.now() > deadline) {
      throw new Error('waits too long');
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
