/** The server is gone, slow, or refuses: the screen says what happened, keeps what was typed, and offers the next step. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page, Route } from 'playwright-core';
import { openWorld, until } from '../world.ts';
import { openPage, PHONE, signIn } from './browser.ts';

const world = await openWorld();
const [ann, mia] = await world.accounts('ann', 'mia', 'bob');
await mia.follows(ann);
const post = await ann.posts('The only one #calm');
await ann.follows(mia);
await world.settled();

/** As the server, or what stands in front of it, answers; the sentence that the member reads. */
const ANSWERS: { status: number; code?: string; says: RegExp; retryAfter?: number }[] = [
  { status: 0, says: /The server cannot be reached/ },
  { status: 403, says: /This is not allowed/ },
  { status: 409, says: /Would not do/ },
  { status: 413, says: /This is too large to be sent/ },
  { status: 422, says: /Would not do/ },
  { status: 429, code: 'limited', says: /That was too often\. Try again in 40 seconds/, retryAfter: 40 },
  { status: 500, code: 'internal', says: /Something went wrong on our side/ },
  { status: 502, says: /The server could not do this just now/ },
];
const NOISE = /the server responded with a status of|net::ERR_FAILED/;

type Answer = (typeof ANSWERS)[number];
/** While it is set, the calls meant get this answer instead of the server's. */
type Fault = { answer: Answer | null; met: number };

async function arm(page: Page, method: string, at: RegExp): Promise<Fault> {
  const fault: Fault = { answer: null, met: 0 };
  await page.route(
    ({ pathname, search }) => pathname.startsWith('/api/') && at.test(pathname + search),
    (route) => (route.request().method() === method && fault.answer ? reply(route, fault) : route.fallback()),
  );
  return fault;
}

async function reply(route: Route, fault: Fault): Promise<void> {
  fault.met++;
  const { status, code, retryAfter } = fault.answer ?? { status: 0 };
  if (status === 0) return route.abort();
  const isOurs = code !== undefined || status === 409 || status === 422;
  await route.fulfill({
    status,
    headers: retryAfter ? { 'retry-after': String(retryAfter) } : {},
    contentType: isOurs ? 'application/json' : 'text/html',
    body: isOurs
      ? JSON.stringify({ error: { code: code ?? 'odd', message: 'Would not do.' } })
      : '<h1>Error</h1>',
  });
}

const READS = [
  { at: `/p/${post.id}`, call: new RegExp(`/posts/${post.id}$`), text: 'The only one' },
  { at: `/p/${post.id}`, call: /\/comments(\?|$)/, text: 'The only one' },
  { at: '/@ann', call: /\/handles\/ann$/, text: /^ann/ },
  { at: '/@ann', call: /\/accounts\/\d+\/posts/, text: /^ann/ },
  { at: '/@ann/followers', call: /\/followers/, text: 'mia' },
  { at: '/explore?q=ann', call: /\/search/, text: 'ann' },
  { at: '/tags/calm', call: /\/hashtags\//, text: '#calm' },
  { at: '/activity', call: /\/activity/, text: /follow/ },
  { at: '/settings?section=sessions', call: /\/sessions/, text: /This session|this session/ },
];

test('what cannot be read is told of on each screen, and comes when asked for again', async () => {
  const { page, problems, close } = await openPage(world.base, PHONE);
  await signIn(page, 'mia');
  for (const [turn, { at, call, text }] of READS.entries()) {
    const fault = await arm(page, 'GET', call);
    await page.goto('/settings?section=appearance');
    await page.getByRole('navigation', { name: 'Main' }).waitFor();
    // In the page that is open, so that the server does not draw it.
    await page.evaluate((to) => {
      history.pushState(null, '', to);
      dispatchEvent(new PopStateEvent('popstate'));
    }, at);
    // Three each, and each of them on several screens.
    const answers = ANSWERS.map((_, nth) => ANSWERS[(nth + 3 * turn) % ANSWERS.length] as Answer).slice(0, 3);
    for (const [nth, answer] of answers.entries()) {
      fault.answer = answer;
      if (nth === 0) await page.reload();
      else await page.getByRole('button', { name: 'Try again' }).first().click();
      await page.getByText(answer.says).first().waitFor();
    }
    fault.answer = null;
    await page.getByRole('button', { name: 'Try again' }).first().click();
    await page.getByRole('button', { name: 'Try again' }).first().waitFor({ state: 'detached' });
    await page.getByText(text).first().waitFor();
    assert.ok(fault.met >= answers.length, `${at}: ${call} was asked ${fault.met} times`);
    await page.unrouteAll();
  }
  assert.deepEqual(
    problems.filter((problem) => !NOISE.test(problem)),
    [],
  );
  await close();
});

test('what was typed stays through every refusal, and is taken in the end', async () => {
  const { page, problems, close } = await openPage(world.base, PHONE);
  await page.goto('/sign-in');
  const signingIn = await arm(page, 'POST', /\/sessions$/);
  for (const answer of ANSWERS) {
    signingIn.answer = answer;
    await page.getByLabel('Handle or e-mail address').fill('bob');
    await page.getByLabel('Password', { exact: true }).fill('typed once more');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText(answer.says).first().waitFor();
    assert.equal(await page.getByLabel('Handle or e-mail address').inputValue(), 'bob');
  }
  await page.unrouteAll();
  await signIn(page, 'bob');

  await page.goto('/settings?section=profile');
  const saving = await arm(page, 'PATCH', /\/me$/);
  await page.getByLabel('Bio').fill('kept as it was typed');
  for (const answer of ANSWERS) {
    saving.answer = answer;
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText(answer.says).first().waitFor();
    assert.equal(await page.getByLabel('Bio').inputValue(), 'kept as it was typed');
  }
  saving.answer = null;
  await page.getByRole('button', { name: 'Save' }).click();
  const bob = await world.signsIn('bob');
  await until(
    async () => ((await bob.get('/me')).bio === 'kept as it was typed' ? true : null),
    'it is saved',
  );

  await page.goto('/@ann');
  const following = await arm(page, 'PUT', /\/follow$/);
  for (const answer of ANSWERS.filter(({ status }) => status !== 0)) {
    following.answer = answer;
    await page.getByRole('button', { name: 'Follow ann', exact: true }).click();
    await page.getByText(answer.says).first().waitFor();
    await page.getByRole('button', { name: 'Follow ann', exact: true }).waitFor();
    await page.getByRole('button', { name: 'Dismiss' }).first().click();
  }
  following.answer = null;
  await page.getByRole('button', { name: 'Follow ann', exact: true }).click();
  await until(async () => ((await bob.get('/me')).followingCount === 1 ? true : null), 'bob follows ann');

  await page.goto(`/p/${post.id}`);
  const talking = await arm(page, 'POST', /\/comments$/);
  for (const answer of ANSWERS.filter(({ status }) => [403, 409, 413, 422].includes(status))) {
    talking.answer = answer;
    await page.getByLabel('Add a comment').fill('said in spite of all');
    await page.keyboard.press('Enter');
    await page.getByText(answer.says).first().waitFor();
    assert.equal(await page.getByLabel('Add a comment').inputValue(), 'said in spite of all');
  }
  talking.answer = null;
  await page.getByLabel('Add a comment').press('Enter');
  await until(
    async () => ((await bob.get(`/posts/${post.id}`)).commentCount === 1 ? true : null),
    'it is said',
  );
  assert.deepEqual(
    problems.filter((problem) => !NOISE.test(problem)),
    [],
  );
  await close();
});

test('a server that takes ten seconds: the screen says that it takes long, and shows what comes', async () => {
  const { page, close } = await openPage(world.base, PHONE);
  await signIn(page, 'mia');
  await page.route(
    ({ pathname }) => pathname === '/api/v1/activity',
    async (route) => {
      await new Promise((resolve) => setTimeout(resolve, 10_000));
      await route.continue();
    },
  );
  await page.goto('/activity');
  await page.getByText('This takes longer than usual…').waitFor();
  await page
    .getByText(/follow(s|ed|ing) you/)
    .first()
    .waitFor();
  await close();
});

test('a session that is ended elsewhere leads to sign-in and back; what was typed waits', async () => {
  const { page, close } = await openPage(world.base, PHONE);
  await signIn(page, 'mia');
  await page.goto('/settings?section=privacy');
  const sessions = (await mia.get('/sessions')).items ?? (await mia.get('/sessions'));
  for (const { id, isCurrent } of sessions) if (!isCurrent) await mia.must('DELETE', `/sessions/${id}`);
  await page.goto('/activity');
  await page.waitForURL(/\/sign-in\?next=%2Factivity/);
  await page.getByLabel('Handle or e-mail address').waitFor();
  await close();
});

test('a clock that is a day wrong changes nothing but what is said of the time', async () => {
  for (const wrongMs of [-86_400_000, 86_400_000]) {
    const { page, problems, close } = await openPage(world.base, PHONE);
    await page.addInitScript((by) => {
      const right = Date.now.bind(Date);
      Date.now = () => right() + by;
    }, wrongMs);
    await signIn(page, 'mia');
    await page.getByText('The only one').waitFor();
    assert.equal(await page.getByText(/in \d+ (hour|day)|-\d/).count(), 0);
    await page.goto(`/p/${post.id}`);
    await page.getByText('The only one').first().waitFor();
    assert.deepEqual(problems, []);
    await close();
  }
});

test('a post that is deleted while it is open', async () => {
  const { page, problems, close } = await openPage(world.base, PHONE);
  await signIn(page, 'mia');
  const gone = await ann.posts('Here for a moment');
  await page.goto(`/p/${gone.id}`);
  await page.getByLabel('Add a comment').fill('too late');
  await ann.deletes(gone);
  await page.keyboard.press('Enter');
  await page
    .getByText(/does not exist|is not here|is gone/)
    .first()
    .waitFor();
  assert.deepEqual(
    problems.filter((problem) => !NOISE.test(problem)),
    [],
  );
  await close();
});
