/** The server is gone, slow, or refuses: the screen says what happened, keeps what was typed, and offers the next step. */
import assert from 'node:assert/strict';
import type { Page, Route } from 'playwright-core';
import { openWorld, PASSWORD, until } from '../world.ts';
import { openPage, signIn, signUp, testOnBoth } from './browser.ts';
import { type Call, faultsOf, isTold, openFaults } from './faults.ts';

const world = await openWorld();
const [ann, mia] = await world.accounts('ann', 'mia');
await mia.follows(ann);
const post = await ann.posts('The only one #calm');
await ann.follows(mia);
const own = await mia.posts('Her own');
await world.settled();

testOnBoth('what was refused once is taken when it is sent again', async (size, device) => {
  const { page, problems, close } = await openPage(world.base, size);
  const bob = await world.account(`bob_${device}`);
  const post = await ann.posts('Said of this one');
  await signIn(page, bob.handle);
  const faults = await openFaults(page);
  const isSo = (call: string, name: string, value: unknown) =>
    until(
      async () => ((await bob.get(call))[name] === value ? true : null),
      `${name} of ${call} is ${value}`,
    );

  await page.goto('/settings?section=profile');
  await page.getByLabel('Bio').fill('kept as it was typed');
  await refusesOnce(page, faults, 'PATCH /me', () => page.getByRole('button', { name: 'Save' }).click());
  await isSo('/me', 'bio', 'kept as it was typed');

  await page.goto('/@ann');
  const follow = () => page.getByRole('button', { name: 'Follow ann', exact: true }).click();
  await refusesOnce(page, faults, 'PUT /accounts/:/follow', follow);
  await isSo('/me', 'followingCount', 1);

  await page.goto(`/p/${post.id}`);
  await page.getByLabel('Add a comment').fill('said in spite of all');
  const say = () => page.getByLabel('Add a comment').press('Enter');
  await refusesOnce(page, faults, 'POST /posts/:/comments', say);
  await isSo(`/posts/${post.id}`, 'commentCount', 1);
  assert.deepEqual(faultsOf(problems), []);
  await close();
});

async function refusesOnce(
  page: Page,
  faults: Awaited<ReturnType<typeof openFaults>>,
  call: Call,
  act: () => Promise<void>,
): Promise<void> {
  faults.set(call, { status: 422, code: 'odd', says: /Would not do/ });
  await act();
  await isTold(page, /Would not do/);
  faults.none();
  await act();
}

testOnBoth(
  'a server that takes ten seconds: the screen says that it takes long, and shows what comes',
  async (size) => {
    const { page, close } = await openPage(world.base, size);
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
  },
);

testOnBoth(
  'a session that is ended elsewhere leads to sign-in and back; what was typed waits',
  async (size) => {
    const { page, problems, close } = await openPage(world.base, size);
    await signIn(page, 'mia');
    for (const { at, label, send } of [
      { at: '/settings?section=profile', label: 'Bio', send: 'Save' },
      { at: `/p/${own.id}/edit`, label: 'Caption', send: 'Save' },
      // Not sent yet: another call says that the session has ended.
      { at: `/p/${post.id}`, label: 'Add a comment', send: 'Like' },
    ]) {
      await page.goto(at);
      await page.getByLabel(label, { exact: true }).fill('typed before');
      await endSessions();
      await page.getByRole('button', { name: send, exact: true }).click();
      // A public page stays, and leads there.
      if (send === 'Like') await page.getByRole('link', { name: 'Sign in', exact: true }).first().click();
      await page.getByLabel('Handle or e-mail address').fill('mia');
      await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByLabel(label, { exact: true }).waitFor();
      assert.equal(await page.getByLabel(label, { exact: true }).inputValue(), 'typed before');
    }
    assert.deepEqual(faultsOf(problems), []);
    await close();
  },
);

async function endSessions(): Promise<void> {
  const { items } = await mia.get('/sessions');
  for (const { id, isCurrent } of items) if (!isCurrent) await mia.must('DELETE', `/sessions/${id}`);
}

testOnBoth(
  'a clock that is a day wrong changes nothing but what is said of the time',
  async (size, device) => {
    const late = await world.account(`late_${device}`);
    await late.follows(ann);
    await world.settled();
    for (const wrongMs of [-86_400_000, 86_400_000]) {
      const { page, problems, close } = await openPage(world.base, size);
      await page.addInitScript((by) => {
        const right = Date.now.bind(Date);
        Date.now = () => right() + by;
      }, wrongMs);
      await signIn(page, late.handle);
      await page.getByText('The only one').waitFor();
      assert.equal(await page.getByText(/in \d+ (hour|day)|-\d/).count(), 0);
      await page.goto(`/p/${post.id}`);
      await page.getByText('The only one').first().waitFor();
      assert.deepEqual(problems, []);
      await close();
    }
  },
);

testOnBoth('a post that is deleted while it is open', async (size, device) => {
  const { page, problems, close } = await openPage(world.base, size);
  await signUp(page, `eva_${device}`);
  const gone = await ann.posts('Here for a moment');
  await page.goto(`/p/${gone.id}`);
  await page.getByLabel('Add a comment').fill('too late');
  await ann.deletes(gone);
  await page.keyboard.press('Enter');
  await page
    .getByText(/does not exist|is not here|is gone/)
    .first()
    .waitFor();
  assert.deepEqual(faultsOf(problems), []);
  await close();
});

testOnBoth(
  'a comment that is refused after its page was left, or after a reload, is in its field again',
  async (size, device) => {
    const post = await ann.posts('soon full of words');
    const { page, close } = await openPage(world.base, size);
    await signUp(page, `lea_${device}`);
    await page.goto(`/p/${post.id}`);
    const asked = Promise.withResolvers<Route>();
    await page.route('**/comments', (route) =>
      route.request().method() === 'POST' ? asked.resolve(route) : route.fallback(),
    );
    await page.getByLabel('Add a comment').fill('said on the way out');
    await page.keyboard.press('Enter');
    const held = await asked.promise;
    await page.getByRole('link', { name: 'Search' }).click();
    await page.getByRole('combobox').waitFor();
    await held.fulfill({ status: 403, body: '{}' });
    await page.getByText('Your comment could not be sent').waitFor();
    await page.goBack();
    await page.waitForFunction(
      () =>
        document.querySelector<HTMLTextAreaElement>('.comment-form textarea')?.value ===
        'said on the way out',
    );

    await page.unroute('**/comments');
    await page.context().setOffline(true);
    await page.keyboard.press('Escape');
    await page.getByLabel('Add a comment').fill('said without a network');
    await page.keyboard.press('Enter');
    await page.getByText('Waiting for the network').waitFor();
    const answerPosts = (answer: (route: Route) => Promise<void>) =>
      page.route('**/comments', (route) =>
        route.request().method() === 'POST' ? answer(route) : route.fallback(),
      );
    await answerPosts((route) => route.abort());
    await page.context().setOffline(false);
    await page.reload();
    await page.getByText('Waiting for the network').waitFor();
    await answerPosts((route) => route.fulfill({ status: 403, body: '{}' }));
    await page.evaluate(() => dispatchEvent(new Event('online')));
    await page.getByText('Your comment could not be sent').waitFor();
    await page.waitForFunction(
      () =>
        document.querySelector<HTMLTextAreaElement>('.comment-form textarea')?.value ===
        'said without a network',
    );
    await close();
  },
);
