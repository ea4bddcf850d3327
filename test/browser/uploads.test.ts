/** A photo's way through a bad network, and what its author does to it afterwards. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import sharp from 'sharp';
import type { PostCard } from '../../core/shapes.ts';
import { openWorld, type Person, samplePhoto, until } from '../world.ts';
import { assertNoSidewaysScroll, DESKTOP, openPage, PHONE, signUp } from './browser.ts';
import { choose, DEVELOP_MS, makePhoto, postsOf, published, received, share, watchBytes } from './sharing.ts';
import { openWire } from './wire.ts';

const world = await openWorld();
const wire = await openWire(world.base);
const SLICE_BYTES = 4 * 1024 * 1024;
/** What Chromium says of the cuts that the tests make. */
const CUT = /net::ERR_/;

function assertOnlyCuts(problems: string[]): void {
  assert.deepEqual(
    problems.filter((problem) => !CUT.test(problem)),
    [],
  );
}

for (const [device, viewport] of [
  ['phone', PHONE],
  ['desktop', DESKTOP],
] as const) {
  test(`on a ${device}: cut in the middle of a photo and again before the reply to Share: it goes on by itself, and is one post`, async () => {
    const { page, problems, close } = await openPage(wire.base, viewport);
    const handle = `cora_${device}`;
    await signUp(page, handle);
    await page.goto('/new');
    const photo = await makePhoto(`cut-${device}.jpg`, 2400);
    wire.cutAfter(250_000);
    await choose(page, photo);
    await page.getByText('goes on by itself').waitFor();
    assert.ok(wire.isCut());
    await assertNoSidewaysScroll(page);
    wire.mend();
    await received(page, 1, 1);

    await page.getByLabel('Caption').fill('through a cut wire');
    wire.cutBeforeReplyTo('POST /api/v1/posts');
    await page.getByRole('button', { name: 'Share', exact: true }).click();
    await page.getByText('It is tried again by itself').waitFor();
    wire.mend();
    await page.waitForURL('**/p/*', { timeout: DEVELOP_MS });
    await page.getByAltText(`Photo by ${handle}`).waitFor({ timeout: DEVELOP_MS });
    assert.deepEqual(
      (await postsOf(world, handle)).map((post) => post.caption),
      ['through a cut wire'],
    );
    assertOnlyCuts(problems);
    await close();
  });
}

test('the same photo twice: its bytes are not sent again, and the draft says where it was shared', async () => {
  const { page, problems, close } = await openPage(wire.base, PHONE, 'dark');
  await signUp(page, 'edda');
  const photo = await makePhoto('twice.jpg', 1500);
  await page.goto('/new');
  await choose(page, photo);
  await received(page, 1, 1);
  const first = await share(page, world);
  await page.goto('/new');
  await page.getByText('Choose photos').waitFor();
  const [bytes, before] = [watchBytes(page), wire.sentBytes()];
  await choose(page, photo);
  await received(page, 1, 1);
  await page.getByText('You have shared this photo before').waitFor();
  assert.equal(await page.getByRole('link', { name: 'this post' }).getAttribute('href'), `/p/${first.id}`);
  assert.deepEqual(bytes, []);
  assert.ok(wire.sentBytes() - before < 50_000, `${wire.sentBytes() - before} bytes went out`);
  const second = await share(page, world);
  assert.notEqual(second.id, first.id);
  assert.equal(second.photos.length, 1);
  assert.deepEqual(problems, []);
  await close();
});

test('an original is sent behind the post, over a cut and a reload, from where it stopped, and comes back byte for byte', async () => {
  const { page, problems, close } = await openPage(wire.base, DESKTOP);
  await signUp(page, 'flora');
  await page.goto('/settings?section=privacy');
  await page.getByLabel('Keep originals').click();
  const flora = await world.signsIn('flora');
  await until(async () => ((await flora.get('/me')).keepsOriginals ? true : null), 'it is switched on');

  const file = await makePhoto('original.jpg', 4000, 95);
  const original = await readFile(file);
  assert.ok(original.length > 2 * SLICE_BYTES, `${original.length} bytes are several slices`);
  await page.goto('/new');
  await choose(page, file);
  await received(page, 1, 1);
  const bytes = watchBytes(page);
  const before = wire.sentBytes();
  wire.cutAfter(6_000_000);
  await page.getByRole('button', { name: 'Share', exact: true }).click();
  await page.waitForURL('**/p/*', { timeout: DEVELOP_MS });
  await until(async () => (wire.isCut() ? true : null), 'the wire is cut within the original');
  const post = new URL(page.url()).pathname;
  const next = await page.context().newPage();
  await page.close();
  watchBytes(next, bytes);
  wire.mend();
  await next.goto('/');
  const { id: postId, photos } = await published(world, post.split('/').at(-1) ?? '', flora);
  const at = `/posts/${postId}/photos/${photos[0]?.mediaId}`;
  await until(
    async () => ((await flora.get(`${at}/edits`)).hasOriginal ? true : null),
    'it is kept',
    DEVELOP_MS,
  );
  const went = wire.sentBytes() - before;
  // What was on its way when the wire broke is lost: at most a slice.
  assert.ok(went < original.length + SLICE_BYTES, `${went} bytes went for ${original.length}`);
  assert.ok(
    bytes.some(
      (request) => request.method() === 'PATCH' && Number(request.headers()['upload-offset']) > SLICE_BYTES,
    ),
    'it went on in the middle',
  );

  await next.goto(post);
  await next.getByRole('button', { name: 'More about this post' }).click();
  const [download] = await Promise.all([
    next.waitForEvent('download'),
    next.getByRole('menuitem', { name: 'Download original' }).click(),
  ]);
  const hash = (of: Buffer) => createHash('sha256').update(of).digest('hex');
  assert.equal(hash(await readFile(await download.path())), hash(original));
  assertOnlyCuts(problems);
  await close();
});

/** A post whose second photo went bad on the server's disk. */
async function halfBad(person: Person): Promise<PostCard> {
  const [good, bad] = [await person.uploads(samplePhoto), await person.uploads(samplePhoto)];
  await world.app.storage.put(`originals/${bad.slice(-2)}/${bad}`, Buffer.from('not a photo any more'));
  const post = await person.publishes('half bad', [good, bad]);
  return await until(async () => {
    const now = (await person.get(`/posts/${post.id}`)) as PostCard;
    return now.state === 'failed' ? now : null;
  }, 'the post failed');
}

test('a photo that failed is left out, or another one takes its place; its description stays', async () => {
  const { page, problems, close } = await openPage(world.base, PHONE);
  await signUp(page, 'greta');
  const greta = await world.signsIn('greta');
  const [first, second] = [await halfBad(greta), await halfBad(greta)];
  await page.goto(`/p/${first.id}`);
  await page.getByText('1 of 2 photos could not be made').waitFor();
  await assertNoSidewaysScroll(page);
  await page.getByRole('button', { name: 'Leave out photo 2' }).click();
  await page.getByRole('button', { name: 'Like', exact: true }).waitFor({ timeout: DEVELOP_MS });
  assert.equal((await published(world, first.id)).photos.length, 1);

  await page.goto(`/p/${second.id}`);
  await page
    .getByLabel('Another photo instead of photo 2')
    .setInputFiles(await makePhoto('instead.jpg', 1200, 80));
  await page.getByRole('button', { name: 'Like', exact: true }).waitFor({ timeout: DEVELOP_MS });
  const { photos } = await published(world, second.id);
  assert.equal(photos.length, 2);
  assert.notEqual(photos[1]?.mediaId, second.photos[1]?.mediaId);
  assert.equal(photos[1]?.altText, 'a photo by greta');
  assert.deepEqual([photos[1]?.width, photos[1]?.height], [1080, 810]);
  assert.deepEqual(problems, []);
  await close();
});

test('a shared photo is edited again from its whole picture; only its author may', async () => {
  const { page, problems, close } = await openPage(world.base, PHONE, 'dark');
  await signUp(page, 'hanna');
  const hanna = await world.signsIn('hanna');
  const before = await hanna.posts('to be edited');
  await page.goto(`/p/${before.id}`);
  await page.getByRole('button', { name: 'More about this post' }).click();
  await page.getByRole('menuitem', { name: 'Edit', exact: true }).click();
  await page.waitForURL('**/edit');
  await page.getByRole('button', { name: 'Edit photo' }).click();
  await page.getByRole('dialog').getByText('Silver', { exact: true }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Done' }).click();
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.waitForURL(`**/p/${before.id}`);
  const after = await until(async () => {
    const post = await published(world, before.id);
    return post.photos[0]?.filter === 'silver' ? post : null;
  }, 'the photo has the filter');
  const urlOf = (post: PostCard) => post.photos[0]?.renditions.find(({ name }) => name === 'w640')?.url ?? '';
  assert.notEqual(urlOf(after), urlOf(before));
  await page.locator(`img[src="${urlOf(after)}"]`).waitFor();
  const pixels = await sharp(
    Buffer.from(await (await fetch(world.base + urlOf(after))).arrayBuffer()),
  ).stats();
  const [red, green] = pixels.channels;
  assert.ok(Math.abs((red?.mean ?? 0) - (green?.mean ?? 255)) < 2, 'it is black and white');
  assert.deepEqual(problems, []);
  await close();

  const other = await openPage(world.base, PHONE);
  await signUp(other.page, 'iris');
  await other.page.goto(`/p/${before.id}/edit`);
  await other.page.getByText('Only the author').waitFor();
  assert.deepEqual(other.problems, []);
  await other.close();
});

/** Somewhere in Berlin, as a telephone writes it. */
const BERLIN = {
  IFD2: { DateTimeOriginal: '2024:05:31 18:20:07' },
  IFD3: {
    GPSLatitudeRef: 'N',
    GPSLatitude: '52/1 31/1 1200/100',
    GPSLongitudeRef: 'E',
    GPSLongitude: '13/1 24/1 1800/100',
  },
};

test('the time of a photo is told; its place only where the member says so', async () => {
  const { page, problems, close } = await openPage(world.base, PHONE);
  await signUp(page, 'lena');
  const photos = [
    await makePhoto('secret.jpg', 1200, 80, BERLIN),
    await makePhoto('shown.jpg', 1210, 80, BERLIN),
    await makePhoto('nowhere.jpg', 1220, 80),
  ];
  await page.goto('/new');
  await choose(page, photos);
  await received(page, 3, 3);
  await page.getByRole('button', { name: /^Photo 2 of 3/ }).click();
  await page.getByLabel('Show where it was taken').click();
  await page.getByRole('button', { name: /^Photo 3 of 3/ }).click();
  assert.equal(await page.getByLabel('Show where it was taken').count(), 0);
  const post = await share(page, world);
  assert.deepEqual(
    post.photos.map(({ place, takenAt }) => [place, takenAt]),
    [
      [null, '2024-05-31T18:20:07'],
      [{ latitude: 52.52, longitude: 13.405 }, '2024-05-31T18:20:07'],
      [null, null],
    ],
  );
  const link = page.getByRole('link', { name: '52.5200, 13.4050' });
  await link.waitFor({ timeout: DEVELOP_MS });
  assert.match((await link.getAttribute('href')) ?? '', /^https:\/\/www\.openstreetmap\.org\//);
  assert.equal(await link.getAttribute('rel'), 'noopener noreferrer nofollow');
  await assertNoSidewaysScroll(page);
  assert.deepEqual(problems, []);
  await close();
});

test('photos are dropped and pasted, and put in order by dragging', async () => {
  const { page, problems, close } = await openPage(world.base, DESKTOP);
  await signUp(page, 'dragger');
  await page.goto('/new');
  await page.getByText('Choose photos').waitFor();
  const next = () => page.getByRole('dialog').getByRole('button', { name: 'Next' }).click();
  for (const [at, kind] of (['drop', 'paste'] as const).entries()) {
    const photo = await readFile(await makePhoto(`${kind}.jpg`, 600 + at, 80));
    await giveFile(page, kind, photo.toString('base64'));
    await next();
    await received(page, at + 1, at + 1);
    await page.getByLabel(/^Description/).fill(`by ${kind}`);
  }
  const boxes = await page.locator('.strip-photo').evaluateAll((all) =>
    all.map((each) => {
      const { x, y, width, height } = each.getBoundingClientRect();
      return { x: x + width / 2, y: y + height / 2 };
    }),
  );
  const [first, second] = boxes;
  assert.ok(first && second);
  await page.mouse.move(first.x, first.y);
  await page.mouse.down();
  await page.mouse.move(second.x, second.y, { steps: 6 });
  await page.mouse.up();
  const post = await share(page, world);
  assert.deepEqual(
    post.photos.map(({ altText }) => altText),
    ['by paste', 'by drop'],
  );
  assert.deepEqual(problems, []);
  await close();
});

/** As the browser gives a file that was dropped on the page, or pasted into it. */
async function giveFile(page: Page, kind: 'drop' | 'paste', bytes: string): Promise<void> {
  await page.evaluate(
    ([type, text]) => {
      const data = new DataTransfer();
      const photo = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
      data.items.add(new File([photo], 'given.jpg', { type: 'image/jpeg' }));
      const event =
        type === 'drop'
          ? new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true })
          : new ClipboardEvent('paste', { clipboardData: data, bubbles: true });
      document.body.dispatchEvent(event);
    },
    [kind, bytes] as const,
  );
}
