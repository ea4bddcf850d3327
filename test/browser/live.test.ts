/** What others do comes to the screen by itself: through a stream, after a break, and by asking where no stream can be had. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openWorld, until } from '../world.ts';
import { DESKTOP, openPage, PHONE, signUp } from './browser.ts';
import { openWire } from './wire.ts';

const world = await openWorld();
const wire = await openWire(world.base);
const [ann, bob] = await world.accounts('ann', 'bob');
/** What Chromium says of the cuts and refusals that the tests make. */
const CUT = /net::ERR_|status of 503/;

type Page = Awaited<ReturnType<typeof openPage>>['page'];

const likes = (page: Page, count: number) =>
  page.getByRole('button', { name: new RegExp(`^${count} likes?$`) }).waitFor();
const lists = (page: Page, text: string) =>
  page.getByRole('region', { name: 'Comments' }).getByText(text).waitFor();
const times = (page: Page, text: string) => page.getByText(text, { exact: true }).count();

function assertOnlyCuts(problems: string[]): void {
  assert.deepEqual(
    problems.filter((problem) => !CUT.test(problem)),
    [],
  );
}

/** The stream that hears of this post is open. */
async function isListening(page: Page, act: () => Promise<unknown>): Promise<void> {
  const opened = page.waitForResponse(
    (reply) => /\/live\?.*posts=/.test(reply.url()) && reply.status() === 200,
  );
  await act();
  await opened;
}

test('two members at one post: comments, likes and deletions arrive without a reload, each once', async () => {
  const post = await ann.posts('between two');
  const [one, two] = [await openPage(world.base, PHONE), await openPage(world.base, DESKTOP, 'dark')];
  for (const [{ page }, handle] of [
    [one, 'mia'],
    [two, 'noa'],
  ] as const) {
    await signUp(page, handle);
    await isListening(page, () => page.goto(`/p/${post.id}`));
  }
  await one.page.getByLabel('Add a comment').fill('hello from mia');
  await one.page.keyboard.press('Enter');
  await lists(two.page, 'hello from mia');
  await two.page.getByLabel('Add a comment').fill('hello from noa');
  await two.page.keyboard.press('Enter');
  await lists(one.page, 'hello from noa');
  await two.page.getByRole('button', { name: 'Like', exact: true }).click();
  await likes(one.page, 1);
  const { items } = await ann.get(`/posts/${post.id}/comments`);
  await ann.must('DELETE', `/comments/${items[0].id}`);
  for (const { page } of [one, two]) {
    await page.getByText('hello from noa').waitFor({ state: 'detached' });
    assert.equal(await times(page, 'hello from mia'), 1);
    await likes(page, 1);
  }
  assert.deepEqual([one.problems, two.problems], [[], []]);
  for (const { close } of [one, two]) await close();
});

test('what happened while the connection was cut arrives when it is back', async () => {
  const post = await ann.posts('through a cut');
  const { page, problems, close } = await openPage(wire.base, PHONE);
  await signUp(page, 'cut');
  await isListening(page, () => page.goto(`/p/${post.id}`));
  await bob.comments(post, 'before the cut');
  await lists(page, 'before the cut');
  wire.cut();
  await bob.comments(post, 'during the cut');
  await bob.likes(post);
  await ann.comments(post, 'hello @cut');
  await world.settled();
  assert.equal(await times(page, 'during the cut'), 0);
  wire.mend();
  await lists(page, 'during the cut');
  await likes(page, 1);
  await page.getByRole('link', { name: 'Activity, 1 unread' }).waitFor();
  for (const text of ['before the cut', 'during the cut']) assert.equal(await times(page, text), 1);
  assertOnlyCuts(problems);
  await close();
});

test('where no stream can be had, the browser asks', async () => {
  const post = await ann.posts('without a stream');
  const { page, problems, close } = await openPage(world.base, DESKTOP);
  await page.route('**/api/v1/live?*', (route) => route.fulfill({ status: 503 }));
  await signUp(page, 'polls');
  const asked = page.waitForResponse((reply) => /\/live\/changes\?.*posts=/.test(reply.url()));
  await page.goto(`/p/${post.id}`);
  await bob.comments(post, 'found by asking');
  await asked;
  await lists(page, 'found by asking');
  assertOnlyCuts(problems);
  await close();
});

test('a session that is ended elsewhere leads to sign-in', async () => {
  const { page, problems, close } = await openPage(world.base, PHONE);
  await signUp(page, 'ended');
  const opened = page.waitForResponse((reply) => /\/live\?/.test(reply.url()));
  await page.goto('/activity');
  await opened;
  const ended = await world.signsIn('ended');
  const { items } = await ended.get('/sessions');
  const web = items.find((session: { isCurrent: boolean }) => !session.isCurrent);
  await ended.must('DELETE', `/sessions/${web.id}`);
  await bob.follows(ended);
  await page.getByRole('button', { name: 'Sign in' }).waitFor();
  await until(async () => (page.url().includes('/sign-in') ? true : null), 'sign-in is shown');
  assertOnlyCuts(problems);
  await close();
});

test('two tabs of one member show the same: likes, saves, whom he follows, and that he has signed out', async () => {
  const post = await ann.posts('in two tabs');
  const { page, problems, close } = await openPage(world.base, PHONE);
  await signUp(page, 'twice');
  await page.goto(`/p/${post.id}`);
  const other = await page.context().newPage();
  await other.goto(`/p/${post.id}`);
  const isOn = (name: string) => other.getByRole('button', { name, exact: true, pressed: true }).waitFor();
  await other.getByRole('button', { name: 'Like', exact: true }).waitFor();
  await page.getByRole('button', { name: 'Like', exact: true }).click();
  await isOn('Like');
  await likes(other, 1);
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await isOn('Save');
  await page.getByLabel('Add a comment').fill('said in the first');
  await page.keyboard.press('Enter');
  await lists(other, 'said in the first');
  assert.equal(await times(other, 'said in the first'), 1);

  for (const tab of [page, other]) await tab.goto('/@ann');
  await other.getByRole('button', { name: 'Follow ann', exact: true }).waitFor();
  await page.getByRole('button', { name: 'Follow ann', exact: true }).click();
  await other.getByRole('button', { name: 'Following ann', exact: true }).waitFor();

  await other.goto('/activity');
  await page.goto('/settings');
  await page.getByRole('button', { name: 'Sign out' }).click();
  await other.waitForURL(/sign-in/, { timeout: 2_000 });
  assertOnlyCuts(problems.filter((problem) => !problem.includes('status of 401')));
  await close();
});
