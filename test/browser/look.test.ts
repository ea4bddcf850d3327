/** The look engine in real Chromium, in a module Worker, under the policies that pages and code have: the same bytes as here. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { after, test } from 'node:test';
import sharp from 'sharp';
import { build } from 'vite';
import { type Look, PLAIN_LOOK } from '../../core/edits.ts';
import { applyLook, openEngine, type Pixels } from '../../core/look/engine.ts';
import { FILTER_NAMES } from '../../core/look/filters.ts';
import { findPhotographs } from '../photos.ts';
import { openWorld } from '../world.ts';
import { DESKTOP, openPage } from './browser.ts';
import type { LookReply, LookRequest } from './look.worker.ts';

const root = path.resolve(import.meta.dirname, '../..');
const PHOTOS = 2;
const kernel = await readFile(path.join(root, 'core/look/kernel.wasm'));
const photos = await Promise.all((await findPhotographs(PHOTOS)).slice(0, PHOTOS).map(prepare));
const site = await serve(await readPolicies());
after(() => site.close());

const looks: Look[] = [
  ...FILTER_NAMES.map((filter) => ({ ...PLAIN_LOOK, filter })),
  ...FILTER_NAMES.map((filter) => ({ ...PLAIN_LOOK, filter, strength: 45 })),
  {
    filter: 'warm-vintage',
    strength: 80,
    adjustments: {
      brightness: 20,
      contrast: -30,
      warmth: 40,
      saturation: 25,
      highlights: -60,
      shadows: 70,
      fade: 30,
      vignette: 50,
      sharpen: 60,
      grain: 40,
    },
  },
];

test('the WebAssembly in Chromium makes the same bytes as in Node, by every filter, of real photographs', async () => {
  const { page, problems, close } = await openPage(site.base, DESKTOP);
  const engine = await openEngine(new Uint8Array(kernel));
  const reply = await runIn(page, '/page');
  assert.equal(reply.kind, 'wasm');
  assert.deepEqual(reply.means, photos.map(engine.meanGrey));
  for (const [at, photo] of photos.entries()) {
    for (const [index, look] of looks.entries()) {
      const data = new Uint8Array(photo.data);
      applyLook(engine, { ...photo, data }, look);
      const expected = createHash('sha256').update(data).digest('hex');
      assert.equal(reply.sums[at]?.[index], expected, `photo ${at}, ${look.filter} at ${look.strength}`);
    }
  }
  assert.deepEqual(problems, []);
  await close();
});

test('where a policy forbids WebAssembly, Chromium makes the same bytes by the twin', async () => {
  const { page, close } = await openPage(site.base, DESKTOP);
  const [free, strict] = [await runIn(page, '/page'), await runIn(page, '/strict/page')];
  assert.equal(strict.kind, 'typescript');
  const refused = await page.evaluate(
    (code) =>
      WebAssembly.compile(new Uint8Array(code)).then(
        () => null,
        (error: Error) => error.message,
      ),
    [...kernel],
  );
  assert.match(`${refused}`, /Content Security Policy/, 'a page may not do what its worker may');
  assert.deepEqual(strict.sums, free.sums);
  await close();
});

async function runIn(
  page: Awaited<ReturnType<typeof openPage>>['page'],
  address: string,
): Promise<LookReply> {
  await page.goto(address);
  const request: LookRequest = { photos: photos.map((_, at) => `/photo/${at}.png`), looks };
  return await page.evaluate(
    ([script, message]) =>
      new Promise<LookReply>((resolve, reject) => {
        const worker = new Worker(script, { type: 'module' });
        worker.onmessage = (event) => resolve(event.data);
        worker.onerror = (event) => reject(new Error(event.message));
        worker.postMessage(message);
      }),
    [address.replace('page', 'worker.js'), request] as const,
  );
}

async function prepare(file: string): Promise<Pixels> {
  const { data, info } = await sharp(file)
    .autoOrient()
    .resize({ width: 1080, height: 1350, fit: 'inside' })
    .toColourspace('srgb')
    .removeAlpha()
    .ensureAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height, channels: 4 };
}

type Policies = { page: string; code: string };

/** Of Pinhole's own answers. */
async function readPolicies(): Promise<Policies> {
  const world = await openWorld();
  const page = await fetch(world.base);
  const script = /\/assets\/[^"]+\.js/.exec(await page.text())?.[0];
  assert.ok(script);
  const code = await fetch(world.base + script);
  const policyOf = ({ headers }: Response) => headers.get('content-security-policy') ?? '';
  const policies = { page: policyOf(page), code: policyOf(code) };
  for (const policy of Object.values(policies)) assert.match(policy, /default-src 'self'/);
  return policies;
}

/** The worker as Vite builds it, the kernel and the photographs; below /strict, WebAssembly is forbidden to the worker, too. */
async function serve(policies: Policies) {
  const worker = await buildWorker();
  const pngs = await Promise.all(
    photos.map(({ data, width, height }) =>
      sharp(data, { raw: { width, height, channels: 4 } })
        .png()
        .toBuffer(),
    ),
  );
  const files: Record<string, [type: string, body: string | Buffer]> = {
    '/page': ['text/html', '<!doctype html><title>Looks</title>'],
    '/worker.js': ['text/javascript', worker],
    '/look/kernel.wasm': ['application/wasm', kernel],
    ...Object.fromEntries(pngs.map((png, at) => [`/photo/${at}.png`, ['image/png', png]] as const)),
  };
  const server = createServer((request, response) => {
    const isStrict = request.url?.startsWith('/strict/');
    const [type, body] = files[(request.url ?? '').replace('/strict', '')] ?? ['text/plain', ''];
    response.writeHead(200, {
      'content-type': type,
      'content-security-policy': type === 'text/javascript' && !isStrict ? policies.code : policies.page,
    });
    response.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { base: `http://127.0.0.1:${port}`, close: () => server.close() };
}

async function buildWorker(): Promise<string> {
  const built = await build({
    configFile: false,
    root,
    logLevel: 'error',
    build: {
      write: false,
      target: 'es2022',
      rollupOptions: { input: path.join(import.meta.dirname, 'look.worker.ts') },
    },
  });
  const [output] = Array.isArray(built) ? built : [built];
  const chunk = output && 'output' in output ? output.output[0] : undefined;
  if (!chunk) throw new Error('Vite built nothing');
  return chunk.code;
}
