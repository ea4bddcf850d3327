/** What makes Pinhole an app: manifest, icons, sharing from other apps, new versions, and a browser without room. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import type { Page } from 'playwright-core';
import sharp from 'sharp';
import { openWorld, samplePhoto, until } from '../world.ts';
import { DESKTOP, openPage, PHONE, signUp } from './browser.ts';
import { received } from './sharing.ts';

const world = await openWorld();

async function isInControl(page: Page): Promise<void> {
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
}

/** As the system does it when photos are shared to us: a form that is sent by navigating. */
async function shareTo(page: Page, bytes: Buffer, text: string): Promise<void> {
  await page.evaluate(
    ([base64, words]) => {
      const photo = Uint8Array.from(atob(base64 ?? ''), (character) => character.charCodeAt(0));
      const files = new DataTransfer();
      for (const name of ['one.jpg', 'two.jpg'])
        files.items.add(new File([photo], name, { type: 'image/jpeg' }));
      const form = document.createElement('form');
      form.method = 'post';
      form.action = '/share';
      form.enctype = 'multipart/form-data';
      const input = document.createElement('input');
      input.type = 'file';
      input.name = 'photos';
      input.multiple = true;
      input.files = files.files;
      const written = document.createElement('input');
      written.name = 'text';
      written.value = words ?? '';
      form.append(input, written);
      document.body.append(form);
      form.submit();
    },
    [bytes.toString('base64'), text],
  );
}

test('the manifest and its icons are whole, the worker is always asked for anew', async () => {
  const manifest = await (await fetch(`${world.base}/manifest.webmanifest`)).json();
  assert.deepEqual(
    [manifest.id, manifest.start_url, manifest.scope, manifest.display],
    ['/', '/', '/', 'standalone'],
  );
  assert.ok(manifest.icons.some((icon: { purpose: string }) => icon.purpose === 'maskable'));
  const page = await (await fetch(world.base)).text();
  const apple = /<link rel="apple-touch-icon" href="([^"]+)"/.exec(page)?.[1];
  const icons = [...manifest.icons, { src: apple, sizes: '180x180', type: 'image/png' }];
  for (const { src, sizes, type } of icons.filter((icon: { sizes: string }) => icon.sizes !== 'any')) {
    const response = await fetch(new URL(src, world.base));
    assert.equal(response.headers.get('content-type'), type, src);
    const { width, height } = await sharp(await response.arrayBuffer()).metadata();
    assert.equal(`${width}x${height}`, sizes, src);
  }
  const worker = await fetch(`${world.base}/sw.js`);
  assert.equal(worker.headers.get('cache-control'), 'no-cache');
  assert.match(worker.headers.get('content-type') ?? '', /javascript/);
});

test('photos that another app shares come into the draft; before there is a worker, the member is asked to share again', async () => {
  const { page, problems, close } = await openPage(world.base, PHONE, 'light', { serviceWorkers: 'allow' });
  await signUp(page, 'sheila');
  await isInControl(page);
  await shareTo(page, Buffer.from(samplePhoto), 'from my gallery');
  await received(page, 1, 2);
  await received(page, 2, 2);
  assert.equal(await page.getByLabel('Caption').inputValue(), 'from my gallery');
  assert.equal(new URL(page.url()).search, '');
  assert.deepEqual(problems, []);
  await close();

  const without = await openPage(world.base, PHONE);
  await signUp(without.page, 'shane');
  await shareTo(without.page, Buffer.from(samplePhoto), '');
  await without.page.getByText('Share them once more').waitFor();
  assert.deepEqual(without.problems, []);
  await without.close();
});

test('a new version waits for the next page, takes over with it, and the old one goes', async () => {
  const front = await openFront();
  const { page, problems, close } = await openPage(front.base, DESKTOP, 'light', { serviceWorkers: 'allow' });
  await signUp(page, 'vera');
  await isInControl(page);
  const shells = () =>
    page.evaluate(async () => (await caches.keys()).filter((name) => name.startsWith('pinhole.shell.')));
  const [old] = await shells();
  assert.ok(old);
  front.renames(old.replace('pinhole.shell.', ''), 'next');
  await page.evaluate(() => {
    document.body.dataset.mark = 'not reloaded';
  });
  const isWaiting = () =>
    page.evaluate(async () => {
      const registration = await navigator.serviceWorker.ready;
      return registration.waiting !== null || null;
    });
  await page.evaluate(async () => {
    await (await navigator.serviceWorker.ready).update();
  });
  await until(isWaiting, 'the new version waits');
  assert.equal(await page.evaluate(() => document.body.dataset.mark), 'not reloaded');
  assert.ok((await shells()).includes(old));
  await page.goto('/');
  await until(async () => {
    const now = await shells();
    return now.length === 1 && now[0] === 'pinhole.shell.next' ? true : null;
  }, 'the new version has taken over');
  await page.reload();
  await page.getByRole('navigation', { name: 'Main' }).waitFor();
  assert.deepEqual(problems, []);
  await close();
});

/** A front of the same Pinhole that has another version of the worker. */
async function openFront() {
  const { hostname, port } = new URL(world.base);
  let rename: [string, string] = ['', ''];
  const server = createServer((incoming, outgoing) => {
    const isWorker = incoming.url === '/sw.js';
    // Neither compressed, nor "not modified".
    const { 'if-none-match': tag, 'if-modified-since': since, ...plain } = incoming.headers;
    const headers = isWorker ? { ...plain, 'accept-encoding': 'identity' } : incoming.headers;
    const asked = request(
      { hostname, port, path: incoming.url, method: incoming.method, headers },
      async (reply) => {
        const { 'content-length': length, etag, 'last-modified': modified, ...kept } = reply.headers;
        if (!isWorker) {
          outgoing.writeHead(reply.statusCode ?? 502, reply.headers);
          return void reply.pipe(outgoing);
        }
        outgoing.writeHead(reply.statusCode ?? 502, kept);
        const code = (await reply.toArray()).join('');
        outgoing.end(rename[0] ? code.replaceAll(...rename) : code);
      },
    );
    incoming.pipe(asked);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  after(() => server.close());
  return {
    base: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    renames: (from: string, to: string) => {
      rename = [from, to];
    },
  };
}

test('the kept page has the language of the reader, and is nobody’s', async () => {
  const { page, problems, close } = await openPage(world.base, DESKTOP, 'light', { serviceWorkers: 'allow' });
  await signUp(page, 'lena');
  await isInControl(page);
  const kept = await until(
    () => page.evaluate(async () => (await (await caches.match('/shell'))?.text()) ?? null),
    'the page is kept',
  );
  assert.match(kept, /<html[^>]* lang="en"/);
  assert.doesNotMatch(kept, /lena/);
  assert.deepEqual(problems, []);
  await close();
});

test('a browser without room: everything works, but for what needs room', async () => {
  const { page, problems, close } = await openPage(world.base, PHONE, 'light', { serviceWorkers: 'allow' });
  const author = await world.account('room_author');
  await author.posts('Roomy light');
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('Storage.overrideQuotaForOrigin', { origin: world.base, quotaSize: 1 });
  await signUp(page, 'rosa');
  const rosa = await world.signsIn('rosa');
  await rosa.follows(author);
  await page.goto('/');
  await page.getByText('Roomy light').waitFor();
  await page.getByRole('button', { name: 'Like', exact: true }).click();
  await page.getByText('1 like').waitFor();
  await page.getByRole('link', { name: 'Comment' }).click();
  await page.getByLabel('Add a comment').fill('there is no room');
  await page.keyboard.press('Enter');
  await until(async () => {
    const { items } = await rosa.get('/feed');
    return items[0]?.liked && items[0]?.commentCount === 1 ? true : null;
  }, 'both have arrived');
  assert.deepEqual(
    problems.filter((problem) => !/quota/i.test(problem)),
    [],
  );
  await close();
});
