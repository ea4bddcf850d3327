import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { after, test } from 'node:test';
import { root } from '../app.ts';

const folder = await mkdtemp(path.join(tmpdir(), 'pinhole-runner-'));
after(() => rm(folder, { recursive: true, force: true }));

async function run(files: Record<string, string>) {
  for (const [name, code] of Object.entries(files)) await writeFile(path.join(folder, name), code);
  const tests = Object.keys(files).filter((name) => name.endsWith('.test.ts'));
  const child = spawn(path.join(root, 'pinhole'), ['test', ...tests.map((name) => path.join(folder, name))], {
    cwd: root,
    // What tells a file that it is run by a runner would make the other runner say nothing.
    env: { ...process.env, NODE_TEST_CONTEXT: undefined },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const said = await text(child.stdout);
  return { code: await ended, last: said.trimEnd().split('\n').at(-1), said };
}

test('a test that fails is counted, also one that a helper declares, or that ends its file before its time', async () => {
  const declare = (name: string, body: string) => `test('${name}', () => { ${body} });`;
  const { code, last, said } = await run({
    'helper.ts': `import { test } from 'node:test'; export const declareIt = () => ${declare('of a helper', 'throw new Error()')}`,
    'first.test.ts': `import { test } from 'node:test'; import { declareIt } from './helper.ts'; declareIt(); ${declare('good', '')}`,
    'second.test.ts': `import { test } from 'node:test'; ${declare('bad', 'throw new Error()')}`,
    'third.test.ts': `throw new Error('before the first test');`,
  });
  assert.equal(last, '1 passed, 3 failed', said);
  assert.equal(code, 1);
});

test('when nothing fails it says so, and ends well', async () => {
  const { code, last, said } = await run({
    'good.test.ts': `import { test } from 'node:test'; test('good', () => {});`,
  });
  assert.equal(last, '1 passed, 0 failed', said);
  assert.equal(code, 0);
});
