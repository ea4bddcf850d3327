/** Where a member goes besides the feed: the first steps, profiles and their tabs, the search, the settings. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import type { Locator, Page } from 'playwright-core';
import type { PostCard } from '../../core/shapes.ts';
import { upright } from '../photos.ts';
import { openWorld, PASSWORD, type Person, samplePhoto, until } from '../world.ts';
import { assertNoSidewaysScroll, DESKTOP, openPage, PHONE, signIn, signUp, tabTo } from './browser.ts';

const world = await openWorld();
const authors = await world.accounts('amber', 'basil', 'coral', 'dusty', 'ebony', 'fern');
for (const author of authors) await author.posts(`morning of ${author.handle} #dawn`);
const [amber, basil, coral] = authors;
await amber.follows(coral);
await basil.follows(coral);
await world.settled();

for (const [device, viewport, scheme] of [
  ['phone', PHONE, 'light'],
  ['desktop', DESKTOP, 'dark'],
] as const) {
  test(`on a ${device}: who signs up is led to a photo, a name and people, and then to a feed`, async () => {
    const { page, problems, close } = await openPage(world.base, viewport, scheme);
    const handle = `nia_${device}`;
    await signUp(page, handle);
    const nia = await world.signsIn(handle);
    await page.getByText('Step 1 of 3').waitFor();
    await assertNoSidewaysScroll(page);
    await page.getByLabel('Profile picture').setInputFiles(upright);
    await page.getByRole('button', { name: 'Use this picture' }).click();

    await page.getByRole('heading', { name: 'Say who you are' }).waitFor();
    await page.goBack();
    await page.getByRole('heading', { name: 'Add a photo of yourself' }).waitFor();
    await page.getByRole('button', { name: 'Next' }).click();
    await page.getByLabel('Name').fill('Nia Night');
    await page.getByLabel('Bio').fill('Stars and #dawn');
    await page.getByRole('button', { name: 'Next' }).click();

    await page.getByRole('heading', { name: 'Follow a few people' }).waitFor();
    await page.getByText('0 of 5').waitFor();
    await page.getByRole('button', { name: 'Skip', exact: true }).waitFor();
    for (const { handle: other } of authors.slice(0, 5)) {
      await page.getByRole('button', { name: `Follow ${other}`, exact: true }).click();
      await page.getByRole('button', { name: `Following ${other}` }).waitFor();
    }
    await page.getByText('5 of 5').waitFor();
    await assertNoSidewaysScroll(page);
    await until(async () => ((await nia.get('/me')).followingCount === 5 ? true : null), 'nia follows five');
    await page.getByRole('button', { name: 'Go to your feed' }).click();
    await page.getByRole('article').first().waitFor();
    const me = await nia.get('/me');
    assert.deepEqual([me.name, me.bio, me.avatarUrl !== null], ['Nia Night', 'Stars and #dawn', true]);

    await page.goto('/welcome');
    await page.waitForURL((url) => url.pathname === '/');
    assert.deepEqual(problems, []);
    await close();
  });

  test(`on a ${device}: posts, tagged, saved and archived ones each have their place`, async () => {
    const { page, problems, close } = await openPage(world.base, viewport, scheme);
    const handle = `tam_${device}`;
    const tam = await world.account(handle);
    const { pinned, archived, saved } = await furnish(tam);
    await signIn(page, handle);
    await page.goto(`/@${handle}`);
    const grid = page.getByRole('list', { name: 'Posts' });
    await grid.getByRole('link').first().waitFor();
    assert.deepEqual(await linksIn(page), [pinned.id, ...(await newestOf(tam, pinned))]);
    await grid.getByRole('link', { name: 'Pinned' }).waitFor();
    await grid.getByRole('link', { name: '2 photos' }).waitFor();

    const tabs = page.getByRole('navigation', { name: 'Views of this profile' });
    await tabs.getByRole('link', { name: 'Tagged' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('region', { name: 'Tagged' }).getByRole('link').first().waitFor();
    assert.equal(new URL(page.url()).pathname, `/@${handle}/tagged`);
    assert.equal(await page.evaluate(() => document.activeElement?.textContent), 'Tagged', 'the focus stays');
    await tabs.getByRole('link', { name: 'Saved' }).click();
    await page.getByText('Only you see what you have saved.').waitFor();
    await page.getByRole('region', { name: 'Saved' }).getByRole('link').first().waitFor();
    assert.deepEqual(await linksIn(page), [saved.id]);
    await assertNoSidewaysScroll(page);
    await page.goBack();
    await page.getByRole('region', { name: 'Tagged' }).getByRole('link').first().waitFor();

    await page.getByRole('button', { name: `More about ${handle}` }).click();
    await page.getByRole('menuitem', { name: 'Archive' }).click();
    await page.waitForURL('**/archive');
    await page.getByRole('list', { name: 'Posts' }).getByRole('link').first().waitFor();
    assert.deepEqual(await linksIn(page), [archived.id]);
    await assertNoSidewaysScroll(page);

    await page.goto('/settings');
    const settings = page.getByRole('navigation', { name: 'Settings' });
    for (const [at, name] of ['Saved', 'Archive'].entries())
      assert.equal(await settings.getByRole('link').nth(at).textContent(), name);

    await page.goto('/@basil/saved');
    await page.waitForURL((url) => url.pathname === '/@basil');
    await page.getByRole('link', { name: 'Tagged' }).click();
    await page.getByText('Photos on which basil is tagged will be here.').waitFor();
    assert.equal(await page.getByRole('link', { name: 'Saved' }).count(), 0);
    assert.deepEqual(problems, []);
    await close();
  });
}

test('by keyboard alone: who signs up skips each step, and what was skipped is not offered again', async () => {
  const { page, problems, close } = await openPage(world.base, PHONE);
  await page.goto('/@amber');
  await page.getByRole('link', { name: 'Sign up' }).first().waitFor();
  await tabTo(page, 'Sign up');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Sign up' }).waitFor();
  for (const [label, text] of [
    ['Handle', 'oona'],
    ['E-mail address', 'oona@example.org'],
    ['Password', PASSWORD],
  ] as const) {
    await tabTo(page, label);
    await page.keyboard.type(text);
  }
  await page.keyboard.press('Enter');
  for (const title of ['Add a photo of yourself', 'Say who you are', 'Follow a few people']) {
    await page.getByRole('heading', { name: title }).waitFor();
    await tabTo(page, 'Skip');
    await page.keyboard.press('Enter');
  }
  await page.waitForURL((url) => url.pathname === '/@amber');
  await page.getByRole('link', { name: 'Home' }).first().click();
  await page.getByRole('heading', { name: 'Welcome, oona' }).waitFor();
  await page.reload();
  await page.getByRole('heading', { name: 'Welcome, oona' }).waitFor();
  const second = await openPage(world.base, DESKTOP);
  await signIn(second.page, 'oona');
  await second.page.getByRole('heading', { name: 'Welcome, oona' }).waitFor();
  assert.deepEqual([problems, second.problems], [[], []]);
  await close();
  await second.close();
});

test('who leaves the first steps is let go', async () => {
  const { page, close } = await openPage(world.base, DESKTOP);
  await signUp(page, 'pia');
  await page.getByRole('link', { name: 'Home' }).first().click();
  await page.getByRole('heading', { name: 'Welcome, pia' }).waitFor();
  await close();
});

test('a stranger sees no posts of a private account, and no tabs; nor does who has blocked somebody', async () => {
  const { page, problems, close } = await openPage(world.base, PHONE);
  const shy = await world.account('shy', { isPrivate: true });
  await shy.posts('for friends');
  await signUp(page, 'quinn');
  for (const at of ['/@shy', '/@shy/tagged']) {
    await page.goto(at);
    await page.getByText('This account is private').waitFor();
    assert.equal(await page.getByRole('navigation', { name: 'Views of this profile' }).count(), 0);
  }
  const quinn = await world.signsIn('quinn');
  await quinn.blocks(basil);
  await page.goto('/@basil/tagged');
  await page.getByText('You blocked basil').waitFor();
  assert.equal(await page.getByRole('navigation', { name: 'Views of this profile' }).count(), 0);
  assert.deepEqual(problems, []);
  await close();
});

test('by keyboard alone: results are chosen with the arrow keys; what was opened is kept, removed and cleared', async () => {
  const { page, problems, close } = await openPage(world.base, DESKTOP);
  await signUp(page, 'rika');
  await page.goto('/explore');
  const input = page.getByRole('combobox', { name: 'Search for people and hashtags' });
  const open = async (typed: string, presses: string[], pathname: string) => {
    await input.focus();
    await page.keyboard.type(typed);
    await page.getByRole('grid', { name: 'Results' }).getByRole('row').first().waitFor();
    for (const key of presses) await page.keyboard.press(key);
    await page.keyboard.press('Enter');
    await page.waitForURL((url) => url.pathname === pathname);
    await page.goto('/explore');
  };
  await open('amb', ['ArrowDown'], '/@amber');
  await open('dusty', ['ArrowUp'], '/@dusty');
  await open('#daw', ['ArrowDown', 'ArrowDown', 'ArrowUp', 'ArrowDown'], '/tags/dawn');

  const recent = page.getByRole('grid', { name: 'Recent' });
  await recent.getByRole('row').first().waitFor();
  assert.deepEqual(await handlesIn(recent), ['#dawn', 'dusty', 'amber']);
  await page.getByRole('button', { name: 'Remove dusty from the recent ones' }).click();
  await page.reload();
  await recent.getByRole('row').first().waitFor();
  assert.deepEqual(await handlesIn(recent), ['#dawn', 'amber']);
  await input.focus();
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('Enter');
  await page.waitForURL((url) => url.pathname === '/@amber');

  await page.goto('/settings');
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('link', { name: 'Sign in' }).first().waitFor();
  assert.equal(await page.evaluate(() => localStorage.getItem('pinhole.recent-searches')), null);
  await signIn(page, 'rika');
  await page.goto('/explore');
  await input.waitFor();
  await page.getByRole('heading', { name: 'People you could follow' }).waitFor();
  assert.equal(await recent.count(), 0);
  assert.deepEqual(problems, []);
  await close();
});

test('suggestions say by whom of those whom one follows somebody is followed', async () => {
  const { page, close } = await openPage(world.base, PHONE);
  await signUp(page, 'sami');
  const sami = await world.signsIn('sami');
  await sami.follows(amber);
  await sami.follows(basil);
  await world.settled();
  await page.goto('/explore');
  await page.getByText(/^Followed by (amber and basil|basil and amber)$/).waitFor();
  await close();
});

test('a switch stops what activity tells; when it is refused it goes back, and says why', async () => {
  const { page, problems, close } = await openPage(world.base, PHONE);
  const [tess, uma] = await world.accounts('tess', 'uma');
  const post = await tess.posts('quiet please');
  await signIn(page, 'tess');
  await page.goto('/settings?section=notifications');
  const likes = page.getByRole('switch', { name: 'Likes' });
  await page.route('**/api/v1/me', (route) =>
    route.request().method() === 'PATCH' ? route.fulfill({ status: 429, body: '{}' }) : route.fallback(),
  );
  await likes.click();
  await page.getByRole('alert').waitFor();
  assert.equal(await likes.isChecked(), true);
  await page.unroute('**/api/v1/me');
  await likes.click();
  await page.getByRole('alert').waitFor({ state: 'detached' });
  await until(async () => ((await tess.get('/me')).notifications.likes ? null : true), 'it is off');
  assert.equal(await likes.isChecked(), false);

  await uma.likes(post);
  await uma.follows(tess);
  await world.settled();
  await page.goto('/activity');
  await page.getByText('uma started following you.').waitFor();
  assert.equal(await page.getByText('liked your post').count(), 0);
  await page.getByRole('button', { name: 'Follow back uma' }).click();
  await page.getByRole('button', { name: 'Following uma' }).waitFor();
  assert.deepEqual(problems, []);
  await close();
});

test('activity tells of replies, liked comments and tags, each with its post', async () => {
  const { page, problems, close } = await openPage(world.base, DESKTOP);
  const [vera, wim] = await world.accounts('vera', 'wim');
  const post = await wim.posts('a bridge');
  const comment = await vera.comments(post, 'which river?');
  await wim.replies(comment, 'the Spree');
  await wim.likesComment(comment);
  await wim.must('PATCH', `/posts/${post.id}`, {
    body: {
      photos: [{ mediaId: post.photos[0]?.mediaId, people: [{ accountId: vera.id, x: 0.5, y: 0.5 }] }],
    },
  });
  await world.settled();
  await signIn(page, 'vera');
  await page.goto('/activity');
  for (const text of [
    'replied to you: the Spree',
    'liked your comment: which river?',
    'tagged you in a photo.',
  ])
    await page
      .getByRole('listitem')
      .filter({ hasText: text })
      .getByRole('link', { name: /Open the post/ })
      .waitFor();
  assert.deepEqual(problems, []);
  await close();
});

test('one’s own data comes as a ZIP; when it is refused, a sentence says so', async () => {
  const { page, problems, close } = await openPage(world.base, DESKTOP);
  await signUp(page, 'xeno');
  await (await world.signsIn('xeno')).posts('to be taken along');
  await page.goto('/settings?section=data');
  const fetched = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Download' }).click();
  const download = await fetched;
  assert.match(download.suggestedFilename(), /^pinhole-xeno-\d{4}-\d\d-\d\d\.zip$/);
  const bytes = await readFile(await download.path());
  assert.equal(bytes.subarray(0, 2).toString(), 'PK');
  for (const name of ['account.json', 'posts.json', 'photos/'])
    assert.ok(bytes.includes(name), `${name} is in it`);
  await page.getByText('Your data is downloaded').waitFor();

  await page.route('**/me/export', (route) =>
    route.fulfill({
      status: 409,
      contentType: 'application/json',
      body: JSON.stringify({ error: { code: 'export_running', message: 'x' } }),
    }),
  );
  await page.getByRole('button', { name: 'Download' }).click();
  await page.getByText('A download of your data is under way. Wait until it has ended.').waitFor();
  await page.getByRole('button', { name: 'Download' }).waitFor();
  assert.deepEqual(problems, []);
  await close();
});

/** Posts of all kinds: his own, one with him on it, and one of another that he has saved. */
async function furnish(person: Person) {
  const archived = await person.posts('hidden for now');
  const pinned = await person.posts('the best', [samplePhoto, samplePhoto]);
  await person.posts('newer');
  const saved = await basil.posts('kept by others');
  await person.must('PUT', `/posts/${archived.id}/archive`);
  await person.must('PUT', `/posts/${pinned.id}/pin`);
  await person.must('PUT', `/posts/${saved.id}/save`);
  const tagging = await amber.posts('with a friend');
  await amber.must('PATCH', `/posts/${tagging.id}`, {
    body: {
      photos: [{ mediaId: tagging.photos[0]?.mediaId, people: [{ accountId: person.id, x: 0.5, y: 0.5 }] }],
    },
  });
  await world.settled();
  return { archived, pinned, saved };
}

async function newestOf(person: Person, besides: PostCard): Promise<string[]> {
  const { items } = (await person.get(`/accounts/${person.id}/posts`)) as { items: PostCard[] };
  return items.map(({ id }) => id).filter((id) => id !== besides.id);
}

/** IDs of the posts in the grid, as they stand there. */
function linksIn(page: Page): Promise<string[]> {
  return page
    .locator('.grid-cell')
    .evaluateAll((links) => links.map((link) => link.getAttribute('href')?.split('/').at(-1) ?? ''));
}

/** Handles and hashtags, as they stand there. */
async function handlesIn(grid: Locator): Promise<string[]> {
  const texts = await grid.locator('.account-row-names > .strong').allInnerTexts();
  return texts.map((text) => text.trim());
}
