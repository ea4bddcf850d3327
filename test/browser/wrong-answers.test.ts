/** The server is gone or answers wrongly at each call of the client: what happened is said, nothing is lost, and one can go on. */
import assert from 'node:assert/strict';
import { glob, readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, test } from 'node:test';
import { openWorld } from '../world.ts';
import { openPage, PHONE, signIn } from './browser.ts';
import {
  ANSWERS,
  type Answer,
  type Call,
  faultsOf,
  goTo,
  hurry,
  isTold,
  leadsToSignIn,
  openFaults,
  SIGNED_OUT,
} from './faults.ts';
import { type Act, actsOf, VISITOR_ACTS } from './wrong-acts.ts';
import { QUIET, type Read, readsOf } from './wrong-reads.ts';
import { openPlaces } from './wrong-world.ts';

const world = await openWorld();
const places = await openPlaces(world);
const READS = readsOf(places);
const ACTS = actsOf(places);
const REFUSED = { status: 403, code: 'odd', says: /Would not do, 403/ } satisfies Answer;
const account = await (await world.signsIn('mia')).get('/me');
const PLAIN = '/settings?section=appearance';

type Lane = Awaited<ReturnType<typeof openLane>>;

async function openLane(handle: string | null) {
  const opened = await openPage(world.base, PHONE);
  const { page } = opened;
  await hurry(page);
  // Each first screen comes from the server.
  await page.addInitScript(() => {
    indexedDB.deleteDatabase('pinhole.last-seen');
  });
  if (handle) await signIn(page, handle);
  else await page.goto('/sign-in');
  // That somebody looked changes nothing for the others.
  await page.route('**/api/v1/activity/seen', (route) => route.fulfill({ status: 204 }));
  return { ...opened, isMembers: handle !== null, faults: await openFaults(page) };
}

/** The session is there still: only this tab was told otherwise. */
async function signInAgain({ page }: Lane): Promise<void> {
  const login = page.getByLabel('Handle or e-mail address');
  await login
    .or(page.getByRole('link', { name: 'Sign in', exact: true }))
    .first()
    .waitFor();
  if ((await page.getByRole('dialog').count()) > 0) await page.keyboard.press('Escape');
  if ((await login.count()) === 0)
    await page.getByRole('link', { name: 'Sign in', exact: true }).first().click();
  await page.route('**/api/v1/sessions', (route) => route.fulfill({ json: { account } }), { times: 1 });
  await login.fill('mia');
  await page.getByLabel('Password', { exact: true }).fill('the same');
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.getByRole('navigation', { name: 'Main' }).waitFor();
}

/** Members by a page that asks for nothing, visitors by the first one. */
async function goAnew({ page, isMembers }: Lane, at: string): Promise<void> {
  // Unsaved changes would be asked about.
  if (page.url().endsWith('/edit')) await page.goto(PLAIN);
  await goTo(page, isMembers ? PLAIN : '/');
  await page.getByText(isMembers ? 'Dark' : 'Your photos, as you made them.', { exact: true }).waitFor();
  await goTo(page, at);
}

async function reads(lane: Lane, { call, at, text, open, again, says }: Read): Promise<void> {
  const { page, faults } = lane;
  faults.set(call, SIGNED_OUT);
  await goAnew(lane, at);
  await open?.(page);
  await faults.isMet();
  await leadsToSignIn(page);
  for (const [turn, answer] of ANSWERS.entries()) {
    faults.set(call, answer);
    if (turn === 0) {
      await signInAgain(lane);
      await open?.(page);
    } else if (again) await again(page);
    else if (await page.getByRole('button', { name: 'Try again' }).first().isVisible())
      await page.getByRole('button', { name: 'Try again' }).first().click();
    else throw new Error('it cannot be tried again');
    await faults.isMet();
    await isTold(page, says?.[answer.status] ?? answer.says);
  }
  faults.none();
  // What is not there cannot be asked for again everywhere.
  await goAnew(lane, at);
  await open?.(page);
  const shown = page.getByRole('main').or(page.getByRole('dialog')).getByText(text);
  await shown.filter({ visible: true }).first().waitFor();
}

async function acts(lane: Lane, row: Act): Promise<void> {
  const { page, faults } = lane;
  const { call, at, begin, act, holds, says, except = [], isWaiting = false } = row;
  const meets = async (answer: Answer) => {
    faults.set(call, answer);
    await act(page);
    await faults.isMet();
  };
  /** Out of the outbox, before a network or a pause is waited for. */
  const refuse = async () => {
    faults.set(call, REFUSED);
    await page.evaluate(() => dispatchEvent(new Event('online')));
  };
  faults.none();
  if (row.isFirst) await page.goto(at);
  else await goAnew(lane, at);
  await begin?.(page);
  if (row.isVisitors) {
    await meets(SIGNED_OUT);
    await isTold(page, SIGNED_OUT.says);
  } else {
    await meets(SIGNED_OUT);
    await leadsToSignIn(page);
    faults.set(call, REFUSED);
    await signInAgain(lane);
    if (isWaiting) {
      await faults.isMet();
      await isTold(page, REFUSED.says);
    } else faults.none();
    await begin?.(page);
  }
  for (const answer of ANSWERS.filter(({ status }) => !except.includes(status))) {
    await meets(answer);
    await isTold(page, says?.[answer.status] ?? answer.says);
    if (isWaiting && [0, 429].includes(answer.status)) await refuse();
    await holds(page);
  }
}

async function all<Row extends { call: Call; at: string }>(
  handle: string | null,
  rows: readonly Row[],
  run: (lane: Lane, row: Row) => Promise<void>,
): Promise<void> {
  const lane = await openLane(handle);
  const failures: string[] = [];
  for (const row of rows) {
    const where = `${row.call} at ${row.at}`;
    await run(lane, row).catch(async (error: unknown) => {
      failures.push(`${where}: ${error}`);
      lane.faults.none();
      await lane.page.goto(handle ? PLAIN : '/');
    });
    failures.push(...faultsOf(lane.problems.splice(0)).map((problem) => `${where}: ${problem}`));
  }
  await lane.close();
  assert.deepEqual(failures, []);
}

const half = <Row>(rows: readonly Row[], which: 0 | 1) => rows.filter((_, at) => at % 2 === which);

describe('at each call', { concurrency: 2 }, () => {
  for (const which of [0, 1] as const) {
    test(`what cannot be read is told of, and comes when asked for again (${which})`, () =>
      all('mia', half(READS, which), reads));
    test(`what cannot be done is told of, is as it was, and can be tried again (${which})`, () =>
      all('mia', half(ACTS, which), acts));
  }

  test('strangers are told, too', async () => {
    await all(null, VISITOR_ACTS, async (lane, row) => {
      if (row.isFirst)
        await lane.page.route('**/api/v1/setup', (route) =>
          route.request().method() === 'GET'
            ? route.fulfill({ json: { needsAdmin: true } })
            : route.fallback(),
        );
      await acts(lane, row);
    });
  });

  test('what nobody waits for leaves the screen whole', async () => {
    for (const { call, at, text, handle, without } of QUIET) {
      const { page, faults, problems, close } = await openLane(handle);
      if (without) await page.route(without, (route) => route.abort());
      await page.route('/', (route) => route.continue({ url: `${world.base}/shell` }));
      for (const answer of ANSWERS.filter(({ status }) => [0, 500].includes(status))) {
        faults.set(call, answer);
        await page.goto(at);
        await page.getByText(text).first().waitFor();
        await faults.isMet();
      }
      assert.deepEqual(faultsOf(problems), [], call);
      await close();
    }
  });

  test('the first screen says why it cannot come, and comes when asked for again', async () => {
    const { page, faults, problems, close } = await openLane('mia');
    for (const [turn, answer] of ANSWERS.entries()) {
      faults.set('GET /me', answer);
      if (turn === 0) await page.goto(PLAIN);
      else await page.getByRole('button', { name: 'Try again' }).click();
      await faults.isMet();
      await page.getByText('Pinhole cannot start').waitFor();
      await isTold(page, answer.says);
    }
    faults.none();
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByRole('navigation', { name: 'Main' }).waitFor();
    faults.set('GET /me', SIGNED_OUT);
    await page.reload();
    await leadsToSignIn(page);
    assert.deepEqual(faultsOf(problems), []);
    await close();
  });
});

const COMPOSER = 'wrong-answers-composer.test.ts';
/** Not in a table above, and why. */
const ELSEWHERE: Partial<Record<Call, string>> = {
  'GET /me': 'the first screen, above',
  'GET /activity/unread': 'nobody asked for it; it is asked for again every minute, and said as a message',
  'POST /uploads': COMPOSER,
  'PUT /uploads/:': COMPOSER,
  'GET /uploads/:': COMPOSER,
  'POST /uploads/:/complete': COMPOSER,
  'HEAD /uploads/:': COMPOSER,
  'PATCH /uploads/:': COMPOSER,
  'POST /posts': COMPOSER,
  'POST /drafts': COMPOSER,
  'PUT /drafts/:': COMPOSER,
  'PUT /drafts/:/schedule': COMPOSER,
  'DELETE /uploads/:': 'what is not taken back the server clears away by itself',
};
/** Calls whose address stands elsewhere than in the call. */
const INDIRECT: Record<string, Call[]> = {
  'outbox path': [
    'PUT /posts/:/like',
    'DELETE /posts/:/like',
    'PUT /posts/:/save',
    'DELETE /posts/:/save',
    'PUT /comments/:/like',
    'DELETE /comments/:/like',
  ],
  // The server's own address, or that of a store, whose form says the same by the same code.
  'uploads ticket.url': ['PUT /uploads/:'],
  'uploads url': ['PUT /uploads/:'],
  'transfers url': ['HEAD /uploads/:', 'PATCH /uploads/:'],
};

test('no call of the client is left out', async () => {
  const root = path.resolve(import.meta.dirname, '../../web');
  const found = new Set<Call>();
  for await (const file of glob(['api/*.ts', 'live/*.ts'], { cwd: root }))
    if (!/client\.ts|pages\.ts|test\.ts/.test(file))
      for (const call of callsIn(path.basename(file, '.ts'), await readFile(path.join(root, file), 'utf8')))
        found.add(call);
  const known = new Set<string>([
    ...[...READS, ...ACTS, ...VISITOR_ACTS, ...QUIET].map(({ call }) => call),
    ...Object.keys(ELSEWHERE),
  ]);
  assert.ok(found.size > 70, `${found.size} calls were found`);
  assert.deepEqual([...found].filter((call) => !known.has(call)).sort(), []);
  assert.deepEqual([...known].filter((call) => !found.has(call as Call)).sort(), []);
});

/** `call('PUT', \`/posts/${postId}\`)`, `usePages(key, '/feed')`, `fetch('/api/v1/me/export')` and the like. */
function callsIn(file: string, source: string): Call[] {
  const starts = /\b(call|usePages|sendRequest|fetch|EventSource)(?:<(?:[^<>()]|<[^<>]*>)*>)?\(/g;
  return [...source.replace(/\/\*[\s\S]*?\*\//g, '').matchAll(starts)].flatMap((match): Call[] => {
    if (/function $/.test(match.input.slice(0, match.index))) return [];
    const given = match.input.slice(match.index + match[0].length, match.index + 400);
    const pathAt = match[1] === 'usePages' ? /,\s*(?=[`'/])/.exec(given) : null;
    const methods = /^\s*(?:[\w.]+ \? )?'([A-Z]+)'(?: : '([A-Z]+)')?,\s*/.exec(given);
    const rest = given
      .slice(pathAt ? pathAt.index + pathAt[0].length : (methods?.[0].length ?? 0))
      .trimStart();
    const [, template, quoted, name] = /^(?:`([^`]*)`|'([^']*)'|([\w.]+(?:\([^)]*\))?))/.exec(rest) ?? [];
    const written = (template ?? quoted ?? `\${${name}}`)
      .replace(/\$\{addressOf\([^}]*\)\}/, '/posts/:/photos/:')
      .replace(/^\/api\/v1/, '')
      .replace(/\?.*$/, '');
    const indirect = INDIRECT[`${file} ${name}`];
    if (indirect) return indirect;
    const at = written.replace(/\$\{[^}]*\}/g, ':');
    return (methods ? [methods[1], methods[2]] : ['GET']).flatMap((method) =>
      method ? [`${method} ${at}` as Call] : [],
    );
  });
}
