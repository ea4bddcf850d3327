import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { ImageFailure, type Rendition, startImageWorkers } from './pool.ts';

const fixtures = fileURLToPath(new URL('../../../test/fixtures/', import.meta.url));
/** The whole set of eighteen where it lies beside the checkout, else the four that the project carries. */
const besideCheckout = fileURLToPath(new URL('../../../../shared/photos/orientation', import.meta.url));
const orientations = existsSync(besideCheckout) ? besideCheckout : join(fixtures, 'orientation');
const portrait = join(fixtures, 'orientation/Portrait_6.jpg');

/** A real worker and a folder that go with the test; `send` puts bytes there as an uploaded original and develops it. */
async function startWorld(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'pinhole-images-'));
  const workers = startImageWorkers({ count: 1 });
  t.after(async () => {
    await workers.stop();
    await rm(folder, { recursive: true, force: true });
  });
  const masterPath = join(folder, 'masters', 'master');
  const originalPath = join(folder, 'original');
  async function send(bytes: Uint8Array) {
    await writeFile(originalPath, bytes);
    return workers.develop(originalPath, masterPath);
  }
  const render = (kind: 'photo' | 'avatar' = 'photo', filter: 'none' | 'warm-vintage' = 'none') =>
    workers.render({ originalPath, masterPath, filter, kind });
  return { workers, masterPath, send, render, master: () => readFile(masterPath) };
}

const plain = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 3, background: '#c85028' } });
const shapes = (renditions: Rendition[]) =>
  renditions.map(({ name, width, height }) => [name, width, height]);

for (const kind of ['Landscape', 'Portrait']) {
  test(`a ${kind.toLowerCase()} comes out alike in every orientation`, async (t) => {
    const { workers, masterPath, master } = await startWorld(t);
    const names = readdirSync(orientations).filter((name) => name.startsWith(kind));
    assert.ok(names.length >= 2);
    const develop = async (name: string) => ({
      shape: await workers.develop(join(orientations, name), masterPath),
      pixels: (await master()).subarray(16),
    });
    const expected = await develop(`${kind}_1.jpg`);
    for (const name of names) {
      const { shape, pixels } = await develop(name);
      assert.deepEqual([shape.width, shape.height], [expected.shape.width, expected.shape.height], name);
      assert.equal(shape.sourceWidth > shape.sourceHeight, kind === 'Landscape');
      const difference = pixels.reduce(
        (sum, value, at) => sum + Math.abs(value - (expected.pixels[at] ?? 0)),
        0,
      );
      // The files are compressed each on its own; mirrored ones differ by 40 and more.
      assert.ok(difference / pixels.length < 4, `${name} differs by ${difference / pixels.length}`);
    }
  });
}

test('every format and kind of pixel becomes three channels of 8-bit sRGB', async (t) => {
  const { send, master } = await startWorld(t);
  const colour = [200, 80, 40];
  const grey = [118, 118, 118];
  const image = () => plain(64, 48);
  const half = sharp({
    create: { width: 64, height: 48, channels: 4, background: { r: 0, g: 0, b: 0, alpha: 0.5 } },
  });
  const cases: [string, Buffer, string, number[]][] = [
    ['JPEG', await image().jpeg().toBuffer(), 'jpeg', colour],
    ['progressive JPEG', await image().jpeg({ progressive: true }).toBuffer(), 'jpeg', colour],
    ['PNG', await image().png().toBuffer(), 'png', colour],
    ['palette PNG', await image().png({ palette: true }).toBuffer(), 'png', colour],
    ['16-bit PNG', await image().toColourspace('rgb16').png().toBuffer(), 'png', colour],
    [
      '16-bit PNG in P3',
      await image().toColourspace('rgb16').withIccProfile('p3').png().toBuffer(),
      'png',
      colour,
    ],
    ['JPEG in P3', await image().withIccProfile('p3').jpeg().toBuffer(), 'jpeg', colour],
    ['JPEG with an sRGB profile', await image().withIccProfile('srgb').jpeg().toBuffer(), 'jpeg', colour],
    ['WebP', await image().webp({ lossless: true }).toBuffer(), 'webp', colour],
    ['AVIF', await image().avif({ lossless: true }).toBuffer(), 'avif', colour],
    ['GIF', await image().gif().toBuffer(), 'gif', colour],
    [
      'CMYK JPEG',
      await image().toColourspace('cmyk').withIccProfile('cmyk').jpeg().toBuffer(),
      'jpeg',
      colour,
    ],
    ['grey JPEG', await image().toColourspace('b-w').jpeg().toBuffer(), 'jpeg', grey],
    ['16-bit grey PNG', await image().toColourspace('grey16').png().toBuffer(), 'png', grey],
    ['half clear PNG', await half.png().toBuffer(), 'png', [127, 127, 127]],
  ];
  for (const [name, bytes, format, expected] of cases) {
    const developed = await send(bytes);
    assert.deepEqual([developed.format, developed.width, developed.height], [format, 64, 48], name);
    const pixels = (await master()).subarray(16);
    assert.equal(pixels.length, 64 * 48 * 3, name);
    // CMYK cannot show this red fully; JPEG and AVIF round.
    const tolerance = name.startsWith('CMYK') ? 32 : 3;
    for (const [at, value] of expected.entries()) {
      assert.ok(Math.abs((pixels[at] ?? 0) - value) <= tolerance, `${name}: ${pixels.subarray(0, 3).join()}`);
    }
  }
});

test('what a photo says of its place, time and camera never leaves', async (t) => {
  const { send, render } = await startWorld(t);
  const original = await plain(1200, 900)
    .withExif({
      IFD0: { Make: 'SecretMaker', Copyright: 'SecretOwner' },
      IFD2: { DateTimeOriginal: '2024:05:31 18:20:07', BodySerialNumber: 'SecretSerial' },
      IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '51/1 30/1 3230/100' },
    })
    .withXmp('<x:xmpmeta xmlns:x="adobe:ns:meta/"><SecretXmp/></x:xmpmeta>')
    .withIccProfile('p3')
    .jpeg()
    .toBuffer();
  const secrets = /Secret|Exif|ICC_PROFILE|xmpmeta|Photoshop/;
  assert.match(original.toString('latin1'), secrets);
  assert.equal((await send(original)).takenAt, '2024-05-31T18:20:07');
  for (const kind of ['photo', 'avatar'] as const) {
    for (const { name, bytes } of (await render(kind)).renditions) {
      assert.doesNotMatch(bytes.toString('latin1'), secrets, name);
      const { exif, icc, xmp, iptc, orientation } = await sharp(bytes).metadata();
      assert.deepEqual(
        [exif, icc, xmp, iptc, orientation],
        [undefined, undefined, undefined, undefined, undefined],
      );
    }
  }
});

test('a photo and an avatar are rendered in their sizes, as plain JPEG, and never enlarged', async (t) => {
  const { send, render } = await startWorld(t);
  const developed = await send(await plain(2000, 2500).png().toBuffer());
  assert.deepEqual(developed, {
    ...developed,
    width: 1080,
    height: 1350,
    sourceWidth: 2000,
    sourceHeight: 2500,
  });
  assert.deepEqual([developed.takenAt, developed.averageColour], [null, '#c85028']);
  const { renditions, ...about } = await render('photo');
  const { thumbhash, averageColour } = developed;
  assert.deepEqual(about, { width: 1080, height: 1350, thumbhash, averageColour });
  assert.deepEqual(shapes(renditions), [
    ['w1080', 1080, 1350],
    ['w640', 640, 800],
    ['w320', 320, 400],
    ['s150', 150, 150],
  ]);
  assert.deepEqual(shapes((await render('avatar')).renditions), [
    ['s320', 320, 320],
    ['s150', 150, 150],
  ]);
  for (const { bytes, width, height } of renditions) {
    const found = await sharp(bytes).metadata();
    assert.deepEqual([found.width, found.height, found.format], [width, height, 'jpeg']);
    assert.deepEqual([found.chromaSubsampling, found.isProgressive, found.channels], ['4:2:0', false, 3]);
  }
  assert.notEqual((await render('photo', 'warm-vintage')).averageColour, averageColour);
  await send(await plain(500, 100).jpeg().toBuffer());
  const small = (await render('photo')).renditions;
  assert.deepEqual(shapes(small), [
    ['w1080', 500, 100],
    ['w640', 500, 100],
    ['w320', 320, 64],
    ['s150', 100, 100],
  ]);
  await send(await plain(1, 1).png().toBuffer());
  assert.deepEqual(shapes((await render('avatar', 'warm-vintage')).renditions), [
    ['s320', 1, 1],
    ['s150', 1, 1],
  ]);
});

test('a master that is gone or damaged is developed anew', async (t) => {
  const { send, render, master, masterPath } = await startWorld(t);
  await send(await readFile(portrait));
  assert.equal((await stat(masterPath)).mode & 0o777, 0o600);
  const whole = await master();
  const { renditions } = await render();
  const damages: [string, () => Promise<void>][] = [
    ['gone', () => rm(masterPath)],
    ['empty', () => truncate(masterPath, 0)],
    ['cut short', () => truncate(masterPath, 100_000)],
    ['zeros at its end', () => writeFile(masterPath, Buffer.from(whole).fill(0, 200_000))],
    ['not a master', () => writeFile(masterPath, 'x'.repeat(200))],
  ];
  for (const [name, damage] of damages) {
    await damage();
    const again = (await render()).renditions;
    assert.ok(
      again.every(({ bytes }, at) => renditions[at]?.bytes.equals(bytes)),
      name,
    );
    assert.ok(whole.equals(await master()), name);
  }
});

test('an original that is not there is no fault of the photo', async (t) => {
  const { render, send } = await startWorld(t);
  await assert.rejects(render(), (error) => !(error instanceof ImageFailure) && /ENOENT/.test(String(error)));
  await send(await plain(40, 30).jpeg().toBuffer());
});
