/** What members say and do about a post: replies, likes of comments, saves, names on photos, and what its author hides. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { openWorld, type Person, samplePhoto, until } from '../world.ts';
import { assertNoSidewaysScroll, DESKTOP, openPage, PHONE, signUp, tabTo } from './browser.ts';

const world = await openWorld();
const [ann, bob] = await world.accounts('ann', 'bob');
/** What Chromium says of the cuts and refusals that the tests make. */
const CUT = /net::ERR_|status of 500|Failed to fetch/;

const field = (page: Page) => page.getByLabel('Add a comment');
const button = (page: Page, name: string | RegExp) => page.getByRole('button', { name, exact: true });
const thread = (page: Page, handle: string) => page.getByRole('list', { name: `Replies to ${handle}` });
const times = (page: Page, text: string) => page.getByText(text, { exact: true }).count();
const isPressed = (page: Page, name: string, is: boolean) =>
  page.getByRole('button', { name, exact: true, pressed: is }).waitFor();

/** The stream that hears of this post is open. */
async function isListening(page: Page, act: () => Promise<unknown>): Promise<void> {
  const opened = page.waitForResponse(
    (reply) => /\/live\?.*posts=/.test(reply.url()) && reply.status() === 200,
  );
  await act();
  await opened;
}

async function postsWith(person: Person, wish: Record<string, unknown>, people: unknown[] = []) {
  const photos = [{ uploadId: await person.uploads(samplePhoto), altText: 'a view', people }];
  const { body } = await person.must('POST', '/posts', {
    body: { caption: 'with all of it', photos, ...wish },
  });
  return until(async () => {
    const now = await person.get(`/posts/${body.id}`);
    return now.state === 'published' ? now : null;
  }, 'the post is published');
}

for (const [device, viewport, scheme] of [
  ['phone', PHONE, 'light'],
  ['desktop', DESKTOP, 'dark'],
] as const) {
  test(`on a ${device}: a reply, likes of comments and deletions, in one’s own window and in another’s`, async () => {
    const post = await ann.posts('talked about');
    const first = await bob.comments(post, 'what a light, @ann');
    const [one, two] = [await openPage(world.base, viewport, scheme), await openPage(world.base, DESKTOP)];
    const [mia, noa] = [`mia_${device}`, `noa_${device}`];
    for (const [{ page }, handle] of [
      [one, mia],
      [two, noa],
    ] as const) {
      await signUp(page, handle);
      await isListening(page, () => page.goto(`/p/${post.id}`));
    }

    await button(one.page, 'Reply to bob').click();
    await one.page.getByText('Replying to bob').waitFor();
    assert.equal(await field(one.page).inputValue(), '@bob ');
    await button(one.page, 'Cancel').click();
    assert.equal(await field(one.page).inputValue(), '');
    await button(one.page, 'Reply to bob').click();
    await one.page.keyboard.type('it was six in the morning');
    await one.page.keyboard.press('Enter');
    await thread(one.page, 'bob').getByText('it was six in the morning').waitFor();
    await button(two.page, 'View 1 reply').click();
    await thread(two.page, 'bob').getByText('it was six in the morning').waitFor();
    assert.equal(await thread(two.page, 'bob').getByRole('link', { name: '@bob' }).count(), 1);

    await button(two.page, `Like the comment by ${mia}`).click();
    await isPressed(two.page, `Like the comment by ${mia}`, true);
    await button(two.page, '1 like').click();
    await two.page.getByRole('dialog').getByRole('link', { name: noa }).first().waitFor();
    await two.page.keyboard.press('Escape');
    const [reply] = (await ann.get(`/comments/${first.id}/replies`)).items;
    await until(
      async () => ((await ann.get(`/comments/${first.id}/replies`)).items[0].likeCount === 1 ? true : null),
      'the like is counted',
    );
    assert.equal(reply.text, '@bob it was six in the morning');

    await bob.replies(first, 'that early');
    for (const { page } of [one, two]) {
      await thread(page, 'bob').getByText('that early').waitFor();
      await page.getByText('New comment by bob').waitFor({ state: 'attached' });
    }
    await assertNoSidewaysScroll(one.page);

    await button(one.page, `More about the comment by ${mia}`).click();
    await one.page.getByRole('menuitem', { name: 'Delete' }).click();
    await one.page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    for (const { page } of [one, two]) {
      await page.getByText('it was six in the morning').waitFor({ state: 'detached' });
      assert.equal(await times(page, 'that early'), 1);
    }
    await button(one.page, 'Hide replies').click();
    await button(one.page, 'View 1 reply').waitFor();
    await bob.must('DELETE', `/comments/${first.id}`);
    for (const { page } of [one, two]) await page.getByText('No comments yet').waitFor();
    assert.deepEqual([one.problems, two.problems], [[], []]);
    for (const { close } of [one, two]) await close();
  });

  test(`on a ${device}: saving, place, audience, names on the photo, hidden likes, comments off`, async () => {
    const handle = `una_${device}`;
    const { page, problems, close } = await openPage(world.base, viewport, scheme);
    await signUp(page, handle);
    const una = await world.signsIn(handle);
    for (const follower of [una, bob]) await follower.follows(ann);
    await world.settled();
    const post = await postsWith(
      ann,
      { placeName: 'Lisbon, Alfama', audience: 'followers', hidesLikeCount: true, takesComments: false },
      [
        { accountId: una.id, x: 0.25, y: 0.5 },
        { accountId: bob.id, x: 1, y: 0 },
      ],
    );
    await bob.likes(post);
    await page.goto('/');
    const shown = page.getByRole('article').first();
    await shown.getByText('Lisbon, Alfama').waitFor();
    await shown.getByText('Followers', { exact: true }).waitFor();
    await shown.getByText('Liked by others').waitFor();
    assert.equal(await shown.getByRole('link', { name: 'Comment', exact: true }).count(), 0);

    await shown.getByRole('button', { name: 'Save' }).click();
    await isPressed(page, 'Save', true);
    await until(async () => ((await una.get('/saves')).items.length === 1 ? true : null), 'it is saved');
    await page.goto(`/p/${post.id}`);
    await isPressed(page, 'Save', true);
    await button(page, 'Save').click();
    await until(
      async () => ((await una.get('/saves')).items.length === 0 ? true : null),
      'it is not any more',
    );
    await page.getByText('Comments on this post are turned off').waitFor();
    assert.equal(await field(page).count(), 0);

    await page.getByText(/^On this photo: (\w+ and bob|bob and \w+)\.$/).waitFor({ state: 'attached' });
    await button(page, 'Show the people on this photo').click();
    const names = page.getByRole('list', { name: 'People on this photo' });
    await areWithin(page, ['bob', handle]);
    await button(page, 'More about this post').click();
    await page.getByRole('menuitem', { name: 'Remove me from this photo' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
    await names.getByRole('link', { name: handle }).waitFor({ state: 'detached' });
    assert.equal(await page.getByRole('dialog').count(), 0, 'the photo is not opened by the mark on it');
    await names.getByRole('link', { name: 'bob' }).click();
    await page.waitForURL('**/@bob');
    assert.deepEqual(problems, []);
    await close();
  });
}

/** Names at the edge of a photo are on it, all of them. */
async function areWithin(page: Page, handles: string[]): Promise<void> {
  const box = await page.locator('.photo-box').first().boundingBox();
  for (const handle of handles) {
    const name = await page.locator('.photo-names').getByRole('link', { name: handle }).boundingBox();
    assert.ok(box && name);
    assert.ok(name.x >= box.x - 1 && name.x + name.width <= box.x + box.width + 1, handle);
    assert.ok(name.y >= box.y - 1 && name.y + name.height <= box.y + box.height + 1, handle);
  }
}

test('the author of a post with hidden likes sees how many there are, and that he alone does', async () => {
  const { page, problems, close } = await openPage(world.base, PHONE);
  await signUp(page, 'hides');
  const hides = await world.signsIn('hides');
  const post = await postsWith(hides, { hidesLikeCount: true });
  await bob.likes(post);
  await world.settled();
  await page.goto(`/p/${post.id}`);
  await button(page, '1 like').waitFor();
  await page.getByText('Only you see this').waitFor();
  assert.deepEqual(problems, []);
  await close();
});

test('in the feed, likes and comments of others are counted as they come, and what is deleted goes', async () => {
  const { page, problems, close } = await openPage(world.base, DESKTOP);
  await signUp(page, 'looks');
  const [looks, liv] = [await world.signsIn('looks'), await world.account('liv')];
  const post = await liv.posts('alive');
  await looks.follows(liv);
  await world.settled();
  await isListening(page, () => page.goto('/'));
  await page.getByText('Be the first to like this').waitFor();
  await bob.likes(post);
  await button(page, '1 like').waitFor();
  await bob.comments(post, 'hello');
  await page.getByRole('link', { name: 'View 1 comment' }).waitFor();
  await liv.deletes(post);
  await page.getByText('alive', { exact: true }).waitFor({ state: 'detached' });
  assert.deepEqual(problems, []);
  await close();
});

test('where nothing is told live, a deleted post leaves the feed when the member comes back, likes it or opens it', async () => {
  const { page, problems, close } = await openPage(world.base, PHONE);
  await page.route('**/api/v1/live**', (route) => route.abort());
  await signUp(page, 'late');
  const [late, lou] = [await world.signsIn('late'), await world.account('lou')];
  await late.follows(lou);
  const posts = [];
  for (const caption of ['looked for', 'liked', 'opened', 'kept']) posts.push(await lou.posts(caption));
  await world.settled();
  await page.goto('/');
  const shown = (caption: string) => page.getByRole('article').filter({ hasText: caption });
  for (const post of posts.slice(0, 3)) {
    await shown(post.caption).waitFor();
    await lou.deletes(post);
  }
  await shown('liked').getByRole('button', { name: 'Like', exact: true }).click();
  await page.getByText('This could not be sent. This does not exist, or you may not see it.').waitFor();
  await shown('liked').waitFor({ state: 'detached' });
  await shown('opened').getByRole('link', { name: 'Comment' }).click();
  await page.getByText('This post is not here').waitFor();
  await page.goBack();
  await shown('looked for').waitFor();
  assert.equal(await shown('opened').count(), 0);
  await page.evaluate(() => {
    const { now } = Date;
    Date.now = () => now() + 60_000;
    window.dispatchEvent(new Event('focus'));
  });
  await shown('looked for').waitFor({ state: 'detached' });
  await shown('kept').waitFor();
  assertOnlyCuts(problems.filter((problem) => !problem.includes('404')));
  await close();
});

test('a comment that is refused says why, stays in its field with what it answers, and is sent on “Try again”, once', async () => {
  const post = await ann.posts('hard to reach');
  const comment = await bob.comments(post, 'say something');
  const { page, problems, close } = await openPage(world.base, PHONE);
  await signUp(page, 'tries');
  await page.goto(`/p/${post.id}`);
  await button(page, 'Reply to bob').click();
  await page.route('**/comments', (route) => route.fulfill({ status: 500, body: '{}' }));
  await page.keyboard.type('something');
  await page.keyboard.press('Enter');
  const failed = page.getByRole('alert').filter({ hasText: 'could not do this' });
  await failed.waitFor();
  assert.equal(await field(page).inputValue(), '@bob something');
  await page.getByText('Replying to bob').waitFor();
  await page.unroute('**/comments');
  await failed.getByRole('button', { name: 'Try again' }).click();
  await failed.waitFor({ state: 'detached' });
  await thread(page, 'bob').getByText('something').waitFor();
  await until(
    async () => ((await ann.get(`/comments/${comment.id}/replies`)).items.length === 1 ? true : null),
    'it has arrived',
  );
  assertOnlyCuts(problems);
  await close();
});

test('a comment is shown when it is sent, also where the others could not be loaded', async () => {
  const post = await ann.posts('hard to read');
  const { page, problems, close } = await openPage(world.base, PHONE);
  await signUp(page, 'reads');
  await page.route('**/comments', (route) =>
    route.request().method() === 'GET' ? route.abort() : route.continue(),
  );
  await page.goto(`/p/${post.id}`);
  await page.getByText('This could not be loaded').waitFor();
  await page.unroute('**/comments');
  await field(page).fill('here all the same');
  await page.keyboard.press('Enter');
  await button(page, 'Reply to reads').waitFor();
  assert.equal(await times(page, 'here all the same'), 1);
  assertOnlyCuts(problems);
  await close();
});

test('a like of a comment and a save made without a network are sent when it is back', async () => {
  const post = await ann.posts('out of reach');
  const comment = await bob.comments(post, 'no network here');
  const { page, problems, close } = await openPage(world.base, PHONE);
  await signUp(page, 'away');
  const away = await world.signsIn('away');
  await page.goto(`/p/${post.id}`);
  await page.getByText('no network here').waitFor();
  await page.context().setOffline(true);
  await button(page, 'Like the comment by bob').click();
  await button(page, 'Save').click();
  await isPressed(page, 'Like the comment by bob', true);
  await isPressed(page, 'Save', true);
  assert.equal((await away.get('/saves')).items.length, 0);
  await page.context().setOffline(false);
  await until(async () => {
    const [item] = (await away.get(`/posts/${post.id}/comments`)).items;
    const saves = (await away.get('/saves')).items;
    return item.id === comment.id && item.liked && saves.length === 1 ? true : null;
  }, 'both have arrived');
  assertOnlyCuts(problems);
  await close();
});

test('a post that is deleted while it is open says so, and what was being written is not lost', async () => {
  const post = await ann.posts('soon gone');
  const { page, problems, close } = await openPage(world.base, PHONE);
  await signUp(page, 'writes');
  await isListening(page, () => page.goto(`/p/${post.id}`));
  await field(page).fill('half a sentence');
  await bob.likes(post);
  await button(page, '1 like').waitFor();
  await ann.deletes(post);
  await page.getByText('This post is not here').waitFor();
  assert.equal(await page.getByLabel('Your comment, which was not sent').inputValue(), 'half a sentence');
  assert.equal(await page.getByText('This does not exist').count(), 0, 'it is said once');
  assert.deepEqual(problems, []);
  await close();
});

test('by keyboard alone: reply, like, delete, save, names', async () => {
  const { page, problems, close } = await openPage(world.base, DESKTOP);
  await signUp(page, 'keys');
  const keys = await world.signsIn('keys');
  const post = await postsWith(ann, {}, [{ accountId: keys.id, x: 0.5, y: 0.5 }]);
  await bob.comments(post, 'press a key');
  await page.goto(`/p/${post.id}`);
  await page.getByText('press a key').waitFor();
  await tabTo(page, 'Show the people on this photo');
  await page.keyboard.press('Enter');
  await page.locator('.photo-names').getByRole('link', { name: 'keys' }).waitFor();
  await tabTo(page, 'Like the comment by bob');
  await page.keyboard.press('Space');
  await isPressed(page, 'Like the comment by bob', true);
  await tabTo(page, 'Reply to bob');
  await page.keyboard.press('Enter');
  await page.keyboard.type('typed blind');
  await page.keyboard.press('Enter');
  await thread(page, 'bob').getByText('typed blind').waitFor();
  await until(
    async () => ((await keys.get(`/posts/${post.id}`)).commentCount === 2 ? true : null),
    'it arrives',
  );
  await tabTo(page, 'More about the comment by keys', 'Shift+Tab');
  await page.keyboard.press('Enter');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').waitFor();
  await tabTo(page, 'Delete');
  await page.keyboard.press('Enter');
  await page.getByText('typed blind').waitFor({ state: 'detached' });
  await tabTo(page, 'Save');
  await page.keyboard.press('Enter');
  await isPressed(page, 'Save', true);
  assert.deepEqual(problems, []);
  await close();
});

function assertOnlyCuts(problems: string[]): void {
  assert.deepEqual(
    problems.filter((problem) => !CUT.test(problem)),
    [],
  );
}
