/** Pinhole without a network: the shell, the last feed, and acts that are sent later, exactly once. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page, Request } from 'playwright-core';
import { openWorld, PASSWORD, type Person, until } from '../world.ts';
import { DESKTOP, openPage, PHONE, signUp } from './browser.ts';
import { choose, DEVELOP_MS, makePhoto, postsOf, received } from './sharing.ts';

const world = await openWorld();
/** Longer than the client waits for what it wrote down. */
const SLOW_STORAGE_MS = 1_000;
const CUT = /net::ERR_|Failed to fetch|FetchEvent/;

function assertOnlyCuts(problems: string[]): void {
  assert.deepEqual(
    problems.filter((problem) => !CUT.test(problem)),
    [],
  );
}

/** A member with a worker, who follows somebody with posts, and looks at the feed. */
async function openMember(handle: string, size = PHONE, postCount = 1) {
  const author = await world.account(`${handle}_author`, { name: `Author of ${handle}` });
  const posts = [];
  for (let at = 0; at < postCount; at++) posts.push(await author.posts(`Light ${at + 1}`));
  const opened = await openPage(world.base, size, 'light', { serviceWorkers: 'allow' });
  await signUp(opened.page, handle);
  const member = await world.signsIn(handle);
  await member.follows(author);
  await opened.page.goto('/');
  await opened.page.getByText('Light 1', { exact: true }).waitFor();
  await isInControl(opened.page);
  await isKept(opened.page);
  await isCodeKept(opened.page);
  const calls: Request[] = [];
  opened.page.context().on('request', (request) => calls.push(request));
  return { ...opened, member, author, posts: posts.toReversed(), calls };
}

async function isInControl(page: Page): Promise<void> {
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
}

/** The feed is written down, and its photos are kept. */
async function isKept(page: Page): Promise<void> {
  await until(async () => {
    const feed = (await entriesOf(page, 'pinhole.last-seen')) as { feed: { items: unknown[] }[] }[];
    const photos = await photosKept(page);
    return (feed[0]?.feed[0]?.items.length ?? 0) > 0 && photos > 0 ? true : null;
  }, 'the feed and its photos are kept');
}

/** All code, most of which the worker fetches after the first screen. */
async function isCodeKept(page: Page): Promise<void> {
  const script = await (await fetch(new URL('/sw.js', world.base))).text();
  const named = script.match(/\/assets\/[\w.-]+/g) ?? [];
  assert.ok(named.length > 10, 'sw.js names the code that is kept');
  const missing = (paths: string[]) =>
    Promise.all(paths.map(async (path) => ((await caches.match(path)) ? [] : [path])));
  await until(
    async () => ((await page.evaluate(missing, named)).flat().length === 0 ? true : null),
    'all code is kept',
  );
}

async function photosKept(page: Page): Promise<number> {
  return await page.evaluate(async () => {
    if (!(await caches.has('pinhole.photos'))) return 0;
    return (await (await caches.open('pinhole.photos')).keys()).length;
  });
}

/** `isLast`: and clears them away, as a browser does that needs room. */
async function entriesOf(page: Page, database: string, isLast = false): Promise<unknown[]> {
  return await page.evaluate(
    ([name, clears]) =>
      new Promise<unknown[]>((resolve) => {
        const opening = indexedDB.open(name);
        opening.onupgradeneeded = () => opening.result.createObjectStore('entries');
        opening.onsuccess = () => {
          const entries = opening.result.transaction('entries', 'readwrite').objectStore('entries');
          const asked = entries.getAll();
          if (clears) entries.clear();
          asked.onsuccess = () => {
            opening.result.close();
            resolve(asked.result);
          };
        };
      }),
    [database, isLast] as const,
  );
}

async function hasEntries(page: Page, database: string, count: number): Promise<void> {
  await until(async () => ((await entriesOf(page, database)).length === count ? true : null), database);
}

function of(calls: Request[], method: string, end: RegExp): Request[] {
  return calls.filter((request) => request.method() === method && end.test(new URL(request.url()).pathname));
}

async function isLoaded(page: Page): Promise<void> {
  await page.waitForFunction(() => {
    const image = document.querySelector<HTMLImageElement>('article img');
    return image?.complete && image.naturalWidth > 0;
  });
}

/** From the next page on. */
async function slowStorage(page: Page): Promise<void> {
  await page.addInitScript((ms) => {
    const open = IDBFactory.prototype.open;
    IDBFactory.prototype.open = function (name, version) {
      const opening = open.call(this, name, version);
      if (name === 'pinhole.last-seen')
        Object.defineProperty(opening, 'onsuccess', {
          set: (act) => opening.addEventListener('success', () => setTimeout(act, ms)),
        });
      return opening;
    };
  }, SLOW_STORAGE_MS);
}

async function endOtherSessions(member: Person): Promise<void> {
  const sessions = (await member.get('/sessions')).items;
  for (const { id, isCurrent } of sessions) if (!isCurrent) await member.must('DELETE', `/sessions/${id}`);
}

async function likesOf(postId: string, member: Person) {
  const post = await member.get(`/posts/${postId}`);
  return { liked: post.liked, likeCount: post.likeCount };
}

test('a second visit takes the shell from the cache; without a network the last feed is there, with its photos', async () => {
  const { page, problems, close, calls, author } = await openMember('olga');
  await page.reload();
  await page.getByText('Light 1', { exact: true }).waitFor();
  const paths = calls.map((request) => new URL(request.url()).pathname);
  assert.ok(!calls.some((request) => request.serviceWorker() && request.isNavigationRequest()), `${paths}`);
  const fetched = calls.filter((request) => request.serviceWorker() !== null);
  assert.deepEqual(
    fetched.map((request) => new URL(request.url()).pathname).filter((path) => path.startsWith('/assets/')),
    [],
    'no code is fetched again',
  );
  assert.equal((await entriesOf(page, 'pinhole.last-seen', true)).length, 1);
  await page.reload();
  await isKept(page);

  await page.context().setOffline(true);
  await page.reload();
  await page.getByText('This is what you saw last').waitFor();
  await page.getByText('Light 1', { exact: true }).waitFor();
  await isLoaded(page);
  await page.getByRole('link', { name: 'Comment' }).first().click();
  await page.getByRole('heading', { name: /^Post by/ }).waitFor({ state: 'attached' });
  await page.goBack();
  await author.posts('Light 2');
  await page.context().setOffline(false);
  await page.getByText('Light 2', { exact: true }).waitFor();
  await page.getByText('This is what you saw last').waitFor({ state: 'detached' });
  assertOnlyCuts(problems);
  await close();
});

test('whoever comes to sign in is not led away by what was shown last', async () => {
  const { page, close, member } = await openMember('odo');
  await endOtherSessions(member);
  await page.goto('/sign-in');
  await page.getByLabel('Handle or e-mail address').waitFor();
  assert.equal(new URL(page.url()).pathname, '/sign-in');
  await hasEntries(page, 'pinhole.last-seen', 0);
  await close();
});

test('what was shown last is forgotten, too, where the browser was too slow to say that there is something', async () => {
  const { page, close, member } = await openMember('olli');
  await slowStorage(page);
  await endOtherSessions(member);
  await page.goto('/');
  await page.getByRole('link', { name: 'Sign in' }).first().waitFor();
  await hasEntries(page, 'pinhole.last-seen', 0);
  await close();
});

test('where the browser is slow to say what it kept, the last feed is shown without a network, and no other page wipes it', async () => {
  const { page, problems, close } = await openMember('osman');
  await slowStorage(page);
  await page.goto('/settings');
  await page.getByRole('button', { name: 'Sign out' }).waitFor();
  await page.waitForTimeout(2 * SLOW_STORAGE_MS);
  await isKept(page);
  await page.context().setOffline(true);
  await page.goto('/');
  await page.getByText('This is what you saw last').waitFor();
  await page.getByText('Light 1', { exact: true }).waitFor();
  assert.equal(await page.locator('.toast').count(), 0, 'what is said above is not said again');
  await page.context().setOffline(false);
  await page.getByText('This is what you saw last').waitFor({ state: 'detached' });
  assertOnlyCuts(problems);
  await close();
});

for (const [device, viewport] of [
  ['phone', PHONE],
  ['desktop', DESKTOP],
] as const) {
  test(`on a ${device}: a like, an unlike and a comment made without a network are sent once, after a reload, in their order`, async () => {
    const { page, problems, close, calls, posts, member } = await openMember(`otto_${device}`, viewport, 2);
    const [second, first] = posts;
    assert.ok(first && second);
    await page.goto(`/p/${second.id}`);
    await page.getByLabel('Add a comment').waitFor();
    await page.goto('/');
    await page.getByText('Light 2', { exact: true }).waitFor();
    await page.context().setOffline(true);
    const likes = page.getByRole('button', { name: 'Like', exact: true });
    for (const at of [0, 1]) await likes.nth(at).click();
    await likes.nth(1).click();
    await page.getByRole('link', { name: 'Comment' }).nth(0).click();
    await page.getByLabel('Add a comment').fill('better not');
    await page.keyboard.press('Enter');
    await hasEntries(page, 'pinhole.outbox', 3);
    await page.getByRole('button', { name: 'Take back' }).click();
    await page.getByText('Waiting for the network').waitFor({ state: 'detached' });
    await hasEntries(page, 'pinhole.outbox', 2);
    assert.equal(await page.getByLabel('Add a comment').inputValue(), 'better not', 'the words are not lost');
    await page.getByLabel('Add a comment').fill('from the underground');
    await page.keyboard.press('Enter');
    await page.getByText('Waiting for the network').waitFor();
    await hasEntries(page, 'pinhole.outbox', 3);

    await page.goto('/');
    await page.getByText('This is what you saw last').waitFor();
    assert.equal(await likes.nth(0).getAttribute('aria-pressed'), 'true');
    assert.equal(await likes.nth(1).getAttribute('aria-pressed'), 'false');
    await page.getByRole('link', { name: 'Comment' }).nth(0).click();
    await page.getByText('from the underground').waitFor();

    calls.length = 0;
    await page.context().setOffline(false);
    await hasEntries(page, 'pinhole.outbox', 0);
    const { items } = await member.get(`/posts/${second.id}/comments`);
    assert.deepEqual(
      items.map((comment: { text: string }) => comment.text),
      ['from the underground'],
    );
    const shown = await until(async () => {
      const now = await likesOf(second.id, member);
      return now.likeCount === 1 ? now : null;
    }, 'the like is counted');
    assert.deepEqual(shown, { liked: true, likeCount: 1 });
    assert.deepEqual(await likesOf(first.id, member), { liked: false, likeCount: 0 });
    const answered = async (method: string, end: RegExp) =>
      (await Promise.all(of(calls, method, end).map((request) => request.response()))).filter(Boolean).length;
    const sent = [
      ['POST', /\/comments$/],
      ['PUT', /\/like$/],
      ['DELETE', /\/like$/],
    ] as const;
    // The browser may tell of a request later than the page knows its answer.
    for (const [method, end] of sent)
      await until(async () => ((await answered(method, end)) > 0 ? true : null), `${method} is told of`);
    for (const [method, end] of sent) assert.equal(await answered(method, end), 1, method);
    await page.getByText('Waiting for the network').waitFor({ state: 'detached' });
    await page.getByText('from the underground').waitFor();
    assert.equal(await page.getByText('from the underground').count(), 1);
    assertOnlyCuts(problems);
    await close();
  });
}

test('a post that was shared without a network is shared once when that is back, though the tab was closed', async () => {
  const { page, problems, close, calls } = await openMember('oda');
  await page.goto('/new');
  await page.getByText('Choose photos').waitFor();
  await page.reload();
  await page.getByText('Choose photos').waitFor();
  await page.context().setOffline(true);
  await choose(page, await makePhoto('offline.jpg', 1200, 80));
  await page.getByLabel('Caption').fill('from the train');
  await page.getByRole('button', { name: 'Share', exact: true }).click();
  await page.getByText('It is shared when the network is back').waitFor();
  await until(async () => {
    const entries = (await entriesOf(page, 'pinhole.drafts')) as {
      caption?: string;
      wantsToShare?: boolean;
    }[];
    const words = entries.find((entry) => entry.caption !== undefined);
    return words?.wantsToShare && words.caption === 'from the train' && entries.length > 1 ? true : null;
  }, 'the wish is kept');
  const next = await page.context().newPage();
  await page.close();
  await next.goto('/');
  await next.getByText('This is what you saw last').waitFor();
  await next.context().setOffline(false);
  await next.getByText('Your post was shared').waitFor({ timeout: DEVELOP_MS });
  await next.goto('/new');
  await next.getByText('Choose photos').waitFor();
  assert.deepEqual(
    (await postsOf(world, 'oda')).map((post) => post.caption),
    ['from the train'],
  );
  const posted = await Promise.all(of(calls, 'POST', /\/posts$/).map((request) => request.response()));
  assert.equal(posted.filter(Boolean).length, 1);
  assertOnlyCuts(problems);
  await close();
});

test('a wish to share can be taken back while there is no network', async () => {
  const { page, problems, close } = await openMember('orla');
  await page.goto('/new');
  await page.getByText('Choose photos').waitFor();
  await page.context().setOffline(true);
  await choose(page, await makePhoto('back.jpg', 1200, 80));
  await page.getByRole('button', { name: 'Share', exact: true }).click();
  await page.getByRole('button', { name: 'Do not share yet' }).click();
  await page.getByRole('button', { name: 'Share', exact: true }).waitFor();
  await page.context().setOffline(false);
  await received(page, 1, 1);
  assert.deepEqual(await postsOf(world, 'orla'), []);
  assertOnlyCuts(problems);
  await close();
});

test('signing out wipes the feed and the photos; what is not sent yet waits for its account alone', async () => {
  const { page, problems, close, posts, member } = await openMember('oslo');
  const post = posts[0];
  assert.ok(post);
  await page.getByRole('button', { name: 'Like', exact: true }).first().click();
  await until(async () => ((await likesOf(post.id, member)).liked ? true : null), 'the like is there');
  await page.goto('/settings');
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('link', { name: 'Sign in' }).first().waitFor();
  await until(async () => {
    const seen = await entriesOf(page, 'pinhole.last-seen');
    return seen.length === 0 && (await photosKept(page)) === 0 ? true : null;
  }, 'all that was personal is gone');
  await page.context().setOffline(true);
  await page.goto('/');
  await page.getByText('Pinhole cannot start').waitFor();
  assert.equal(await page.getByText('Light 1', { exact: true }).count(), 0);
  await page.context().setOffline(false);
  assertOnlyCuts(problems);
  await close();
});

test('a session that ended elsewhere wipes what was seen, and keeps the comment for its account', async () => {
  const { page, problems, close, posts, member } = await openMember('olaf');
  const post = posts[0];
  assert.ok(post);
  await page.goto(`/p/${post.id}`);
  await page.getByLabel('Add a comment').waitFor();
  await page.context().setOffline(true);
  await page.getByLabel('Add a comment').fill('kept for olaf');
  await page.keyboard.press('Enter');
  await hasEntries(page, 'pinhole.outbox', 1);
  const { items } = await member.get('/sessions');
  for (const session of items.filter((each: { isCurrent: boolean }) => !each.isCurrent))
    await member.act('DELETE', `/sessions/${session.id}`);
  await page.context().setOffline(false);
  await page.getByRole('link', { name: 'Sign in' }).first().waitFor();
  await hasEntries(page, 'pinhole.last-seen', 0);
  await signUp(page, 'olaf_other');
  await hasEntries(page, 'pinhole.outbox', 1);
  assert.deepEqual((await member.get(`/posts/${post.id}/comments`)).items, []);
  await page.goto('/settings');
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('link', { name: 'Sign in' }).first().waitFor();
  await page.goto('/sign-in');
  await page.getByLabel('Handle or e-mail address').fill('olaf');
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await hasEntries(page, 'pinhole.outbox', 0);
  assert.equal((await member.get(`/posts/${post.id}/comments`)).items.length, 1);
  assertOnlyCuts(problems);
  await close();
});

test('a comment on a post that is gone by then is dropped, and the member is told', async () => {
  const { page, problems, close, posts, author } = await openMember('ossi');
  const post = posts[0];
  assert.ok(post);
  await page.goto(`/p/${post.id}`);
  await page.getByLabel('Add a comment').waitFor();
  await page.context().setOffline(true);
  await page.getByLabel('Add a comment').fill('too late');
  await page.keyboard.press('Enter');
  await hasEntries(page, 'pinhole.outbox', 1);
  await page.goto('/');
  await page.getByText('This is what you saw last').waitFor();
  await author.act('DELETE', `/posts/${post.id}`);
  await page.context().setOffline(false);
  await page.getByText('Your comment could not be sent').waitFor();
  await hasEntries(page, 'pinhole.outbox', 0);
  assertOnlyCuts(problems);
  await close();
});
