/** What a member does all week, on a phone and on a desktop; the others act through the API. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { upright } from '../photos.ts';
import { openWorld, PASSWORD, type Person, until } from '../world.ts';
import { assertNoSidewaysScroll, DESKTOP, openPage, PHONE, signUp } from './browser.ts';

const world = await openWorld();
const [friend, fan] = await world.accounts('friend', 'fan');
await friend.posts('a quiet morning #quiet with @fan');
await world.settled();

for (const [device, viewport, scheme] of [
  ['phone', PHONE, 'light'],
  ['desktop', DESKTOP, 'dark'],
] as const) {
  const handle = `mara_${device}`;

  test(`on a ${device}: profile, avatar, privacy, requests, hashtags, mentions, comments, deletion`, async () => {
    const { page, problems, close } = await openPage(world.base, viewport, scheme);
    await signUp(page, handle);
    const mara = await world.signsIn(handle);

    await page.goto('/settings?section=profile');
    await page.getByLabel('Name').fill('Mara Moss');
    await page.getByLabel('Bio').fill('Photos of #quiet places, with @friend');
    await page.getByRole('button', { name: 'Save' }).first().click();
    await page.getByLabel('Profile picture').setInputFiles(upright);
    await page.getByRole('button', { name: 'Use this picture' }).click();
    await until(async () => (await mara.get('/me')).avatarUrl, 'the avatar is there');
    assert.equal((await mara.get('/me')).name, 'Mara Moss');

    await page.goto('/settings?section=privacy');
    await page.getByLabel('Private account').click();
    await until(async () => ((await mara.get('/me')).isPrivate ? true : null), 'the account is private');
    await fan.follows(mara);
    await world.settled();
    await page.goto('/activity');
    await page.getByRole('button', { name: 'Accept fan' }).first().click();
    await until(async () => ((await mara.get('/me')).followerCount === 1 ? true : null), 'fan is a follower');

    await page.goto(`/@${handle}`);
    await page.getByText('Mara Moss').first().waitFor();
    await assertNoSidewaysScroll(page);
    await page.getByRole('link', { name: '#quiet' }).first().click();
    await page.waitForURL('**/tags/quiet');
    await page
      .getByRole('link', { name: /photo by friend/i })
      .or(page.getByAltText('a photo by friend'))
      .first()
      .click();
    await page.waitForURL('**/p/*');
    await page.getByRole('link', { name: '@fan' }).first().click();
    await page.waitForURL('**/@fan');

    await sendsWhatWaits(page, mara);
    await commentsAndDeletes(page, handle, mara);
    await page.goto('/settings');
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('link', { name: 'Sign in' }).first().waitFor();
    await page.goto('/sign-in');
    await page.getByLabel('Handle or e-mail address').fill(`${handle}@example.org`);
    await page.getByLabel('Password', { exact: true }).fill('not the password');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('There is no account with this name and password.').first().waitFor();
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('navigation', { name: 'Main' }).waitFor();

    await page.goto('/settings?section=delete');
    await page.getByLabel('Your password, to be sure').fill(PASSWORD);
    await page.getByRole('button', { name: 'Delete my account' }).click();
    await page.getByRole('link', { name: 'Sign up' }).first().waitFor();
    assert.equal((await fan.act('GET', `/handles/${handle}`)).status, 404);
    // The requests that the test itself cut off.
    assert.deepEqual([...new Set(problems)], ['Failed to load resource: net::ERR_FAILED']);
    await close();
  });
}

type Page = Awaited<ReturnType<typeof openPage>>['page'];

/** The server is gone while a comment is sent: it says that it waits, and is sent once when the server is back. */
async function sendsWhatWaits(page: Page, mara: Person): Promise<void> {
  const [post] = (await mara.get(`/accounts/${friend.id}/posts`)).items;
  const before = (await mara.get(`/posts/${post.id}`)).commentCount;
  await page.goto(`/p/${post.id}`);
  await page.getByLabel('Add a comment').fill('typed once');
  await page.route('**/comments', (route) => route.abort());
  await page.keyboard.press('Enter');
  await page.getByText('Waiting for the network').waitFor();
  await page.unroute('**/comments');
  await page.getByText('Waiting for the network').waitFor({ state: 'detached' });
  assert.equal((await mara.get(`/posts/${post.id}`)).commentCount, before + 1);
}

async function commentsAndDeletes(page: Page, handle: string, mara: Person): Promise<void> {
  const own = await mara.posts('mine alone');
  await fan.comments(own, 'a remark of a fan');
  await page.goto(`/p/${own.id}`);
  await page.getByText('a remark of a fan').first().waitFor();
  await page.getByLabel('Add a comment').fill('and one of mine');
  await page.keyboard.press('Enter');
  for (const author of ['fan', handle]) {
    const more = page.getByRole('button', { name: `More about the comment by ${author}` });
    await more.click();
    await page.getByRole('menuitem', { name: 'Delete' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await more.waitFor({ state: 'detached' });
  }
  await page.getByRole('button', { name: 'More about this post' }).click();
  await page.getByText('Delete post').click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await until(
    async () => ((await mara.act('GET', `/posts/${own.id}`)).status === 404 ? true : null),
    'the post is deleted',
  );
}
