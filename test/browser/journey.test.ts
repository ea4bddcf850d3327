/** The first evening of a network: the admin, ann who posts, bob who follows, carol who is blocked. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import sharp from 'sharp';
import { findPhotographs, sideways, upright } from '../photos.ts';
import { openWorld, PASSWORD, SETUP_CODE } from '../world.ts';
import { assertNoSidewaysScroll, DESKTOP, openPage, PHONE, signUp } from './browser.ts';

const world = await openWorld({ hasAdmin: false });
const photographs = (await findPhotographs(2)).slice(0, 2);
const DEVELOP_MS = 60_000;

test('the first visitor makes the admin with the code from the terminal', async () => {
  const { page, problems, close } = await openPage(world.base, PHONE);
  await page.goto('/');
  await page.waitForURL('**/setup');
  await page.getByLabel('Setup code').fill('WRNG-CODE-XXXX');
  await page.getByLabel('Handle', { exact: true }).fill('the.keeper');
  await page.getByLabel('E-mail address').fill('keeper@example.org');
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await page.getByRole('button', { name: /create|make|set up/i }).click();
  await page.getByText('not the code').first().waitFor();
  await page.getByLabel('Setup code').fill(SETUP_CODE);
  await page.getByRole('button', { name: /create|make|set up/i }).click();
  await page.getByRole('navigation', { name: 'Main' }).waitFor();
  await assertNoSidewaysScroll(page);
  assert.deepEqual(problems, []);
  await close();
});

test('ann posts three photographs with the filter; bob follows, likes and comments; ann is told; carol, blocked, sees nothing', async () => {
  const ann = await openPage(world.base, PHONE);
  await signUp(ann.page, 'ann');
  await ann.page.getByRole('link', { name: 'New post' }).first().click();
  await ann.page.getByLabel('Photos', { exact: true }).setInputFiles([...photographs, sideways]);
  const editor = ann.page.getByRole('dialog');
  for (const at of [1, 2, 3]) {
    await editor.getByRole('button', { name: `Photo ${at}`, exact: true }).click();
    await editor.getByText('Warm vintage', { exact: true }).click();
  }
  await editor.getByRole('button', { name: 'Next' }).click();
  await ann.page.getByRole('button', { name: /^Photo 3 of 3, received/ }).waitFor({ timeout: DEVELOP_MS });
  for (const at of [1, 2, 3]) {
    await ann.page.getByRole('button', { name: new RegExp(`^Photo ${at} of 3`) }).click();
    await ann.page.getByLabel(/^Description/).fill(`the photo number ${at}`);
  }
  await ann.page.getByLabel('Caption').fill('An evening out #evening');
  await ann.page.getByRole('button', { name: 'Share' }).click();
  await ann.page.waitForURL('**/p/*', { timeout: DEVELOP_MS });
  await ann.page.getByAltText('the photo number 1').first().waitFor({ timeout: DEVELOP_MS });
  const postPath = new URL(ann.page.url()).pathname;
  await assertNoSidewaysScroll(ann.page);

  const bob = await openPage(world.base, DESKTOP);
  await signUp(bob.page, 'bob');
  await bob.page.getByRole('link', { name: 'Search' }).first().click();
  await bob.page
    .getByRole('searchbox')
    .or(bob.page.getByPlaceholder('People and hashtags'))
    .first()
    .fill('an');
  await bob.page.getByRole('link', { name: /ann/ }).first().click();
  await bob.page.waitForURL('**/@ann');
  await bob.page.getByRole('button', { name: 'Follow ann' }).click();
  await bob.page
    .getByRole('button', { name: /Following/ })
    .first()
    .waitFor();
  await bob.page.getByRole('link', { name: 'Home' }).first().click();
  const post = bob.page.locator('article').first();
  await post.getByAltText('the photo number 1').first().waitFor();
  await post.getByRole('button', { name: 'Like', exact: true }).click();
  await post.getByText('1 like').first().waitFor();
  await bob.page.goto(postPath);
  await bob.page.getByLabel('Add a comment').fill('What a light, @ann!');
  await bob.page.keyboard.press('Enter');
  await bob.page.getByText('What a light').first().waitFor();

  const { photos } = (await world.call('GET', `/posts/${postPath.split('/').at(-1)}`)).body;
  assert.deepEqual(
    photos.map((photo: { filter: string }) => photo.filter),
    ['warm-vintage', 'warm-vintage', 'warm-vintage'],
  );
  await assertUpright(
    photos[2].renditions.find((rendition: { name: string }) => rendition.name === 'w320').url,
  );

  await world.settled();
  await ann.page
    .getByRole('link', { name: /^Activity/ })
    .first()
    .click();
  await ann.page.getByText('What a light').first().waitFor();
  await ann.page
    .getByText(/liked your post/)
    .first()
    .waitFor();
  await ann.page
    .getByText(/started following you|follows you|followed you/)
    .first()
    .waitFor();

  const carol = await openPage(world.base, PHONE);
  await signUp(carol.page, 'carol');
  await carol.page.goto('/@ann');
  await carol.page.getByRole('button', { name: 'Follow ann' }).click();
  await ann.page.goto('/@carol');
  await ann.page
    .getByRole('button', { name: /more|options/i })
    .first()
    .click();
  await ann.page
    .getByRole('menuitem', { name: /block/i })
    .or(ann.page.getByRole('button', { name: /^block/i }))
    .first()
    .click();
  await ann.page
    .getByRole('dialog')
    .getByRole('button', { name: /^block/i })
    .click();
  await ann.page.getByRole('button', { name: 'Unblock carol' }).first().waitFor();
  for (const place of ['/@ann', postPath]) {
    await carol.page.goto(place);
    await carol.page
      .getByText(/not here|not found|does not exist|isn.t here|may not see/i)
      .first()
      .waitFor();
    assert.equal(await carol.page.getByAltText('the photo number 1').count(), 0);
  }
  await carol.page.goto('/');
  assert.equal(await carol.page.getByText('An evening out').count(), 0);
  await carol.page.goto('/tags/evening');
  await carol.page
    .getByRole('heading', { name: '#evening' })
    .or(carol.page.getByText(/not found|nothing/i))
    .first()
    .waitFor();
  assert.equal(await carol.page.getByAltText('the photo number 1').count(), 0);

  for (const { problems, close } of [ann, bob, carol]) {
    assert.deepEqual(problems, []);
    await close();
  }
});

/** The photo that the camera wrote sideways lies as its upright twin, whatever the filter did to its colours. */
async function assertUpright(url: string): Promise<void> {
  const shape = { width: 24, height: 16, fit: 'fill' } as const;
  const grey = (source: Buffer | string) => sharp(source).resize(shape).greyscale().raw().toBuffer();
  const seen = await grey(Buffer.from(await (await fetch(world.base + url)).arrayBuffer()));
  const wanted = await grey(upright);
  const turned = await sharp(upright).rotate(180).resize(shape).greyscale().raw().toBuffer();
  assert.ok(distance(seen, wanted) < distance(seen, turned) / 2, 'it is upright, not upside down');
  const { width = 0, height = 0 } = await sharp(
    Buffer.from(await (await fetch(world.base + url)).arrayBuffer()),
  ).metadata();
  assert.ok(width > height, 'a landscape is wider than high');
}

function distance(a: Buffer, b: Buffer): number {
  return a.reduce((sum, value, at) => sum + Math.abs(value - (b[at] ?? 0)), 0) / a.length;
}
