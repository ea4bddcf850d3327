import assert from 'node:assert/strict';
import { glob, readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { describeConfig, readConfig } from '../server/config.ts';
import { jobKinds } from '../server/main/jobs.ts';
import { openWorld } from './world.ts';

const root = path.resolve(import.meta.dirname, '..');
const read = (file: string) => readFile(path.join(root, file), 'utf8');

test('docs/configuration.md is what config.ts says', async () => {
  assert.equal(await read('docs/configuration.md'), describeConfig());
});

test('README has at most 120 lines, ARCHITECTURE at most 200', async () => {
  assert.ok((await read('README.md')).split('\n').length <= 121);
  assert.ok((await read('ARCHITECTURE.md')).split('\n').length <= 201);
});

test('docs/data.md names every table, job and cache key', async () => {
  const data = await read('docs/data.md');
  const files: string[] = [];
  for await (const file of glob('db/*/*.sql', { cwd: root })) files.push(file);
  const sql = (await Promise.all(files.map(read))).join('\n');
  const tables = [...sql.matchAll(/create (?:table|view) (\w+)/g)].map((match) => match[1] ?? '');
  assert.deepEqual(
    [...tables, ...jobKinds].filter((name) => !data.includes(`\`${name}\``)),
    [],
  );
});

test('settings that are wrong, or unknown, are reported all together', () => {
  assert.throws(
    () => readConfig({ PINHOLE_PORT: 'http', PINHOLE_PUBLIC_URL: 'photos', PINHOLE_COLOUR: 'red' }),
    (error: Error) =>
      ['PINHOLE_PORT', 'PINHOLE_PUBLIC_URL', 'PINHOLE_COLOUR'].every((name) => error.message.includes(name)),
  );
});

test('the API describes itself as OpenAPI 3.1: every route with a summary, and what it answers', async () => {
  const world = await openWorld();
  const { body } = await world.call('GET', '/api/openapi.json');
  assert.match(body.openapi, /^3\.1\./);
  const operations = Object.entries(
    body.paths as Record<string, Record<string, { summary?: string; responses: object }>>,
  ).flatMap(([at, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ at: `${method} ${at}`, ...operation })),
  );
  assert.ok(operations.length >= 45, `${operations.length} operations`);
  assert.deepEqual(
    operations.filter(({ at, summary }) => !summary || !at.includes('/api/v1/')).map(({ at }) => at),
    [],
  );
  for (const name of ['AccountCard', 'Post', 'Comment', 'Profile', 'Me', 'Activity'])
    assert.ok(body.components.schemas[name], name);
  const page = await fetch(`${world.base}/api`);
  assert.equal(page.status, 200);
  assert.match(await page.text(), /swagger-ui/);
});
