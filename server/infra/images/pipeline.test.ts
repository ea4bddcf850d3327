import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import sharp from 'sharp';
import { PLAIN_LOOK } from '../../../core/edits.ts';
import {
  fixtures,
  framed,
  isFailure,
  plainPicture,
  shapesOf,
  startImageWorld,
} from '../../../test/image-world.ts';
import { ImageFailure } from './pool.ts';

/** The whole set of eighteen where it lies beside the checkout, else the four that the project carries. */
const besideCheckout = path.join(fixtures, '../../../shared/photos/orientation');
const orientations = existsSync(besideCheckout) ? besideCheckout : path.join(fixtures, 'orientation');
const portrait = path.join(fixtures, 'orientation/Portrait_6.jpg');
const warm = { look: { ...PLAIN_LOOK, filter: 'warm-vintage' } } as const;

for (const kind of ['Landscape', 'Portrait']) {
  test(`a ${kind.toLowerCase()} comes out alike in every orientation`, async (t) => {
    const { workers, masterPath, masterPixels } = await startImageWorld(t);
    const names = readdirSync(orientations).filter((name) => name.startsWith(kind));
    assert.ok(names.length >= 2);
    const develop = async (name: string) => ({
      shape: await workers.develop(path.join(orientations, name), masterPath),
      pixels: await masterPixels(),
    });
    const expected = await develop(`${kind}_1.jpg`);
    for (const name of names) {
      const { shape, pixels } = await develop(name);
      assert.deepEqual([shape.width, shape.height], [expected.shape.width, expected.shape.height], name);
      assert.equal(shape.sourceWidth > shape.sourceHeight, kind === 'Landscape');
      // The files are compressed each on its own; mirrored ones differ by 40 and more.
      const difference = meanDifference(pixels, expected.pixels);
      assert.ok(difference < 4, `${name} differs by ${difference}`);
    }
  });
}

test('every format and kind of pixel becomes three channels of 8-bit sRGB', async (t) => {
  const { send, masterPixels } = await startImageWorld(t);
  const colour = [200, 80, 40];
  const grey = [118, 118, 118];
  const image = () => plainPicture(64, 48);
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
    assert.deepEqual([developed.sourceFormat, developed.width, developed.height], [format, 64, 48], name);
    const pixels = await masterPixels();
    assert.equal(pixels.length, 64 * 48 * 3, name);
    // CMYK cannot show this red fully; JPEG and AVIF round.
    const tolerance = name.startsWith('CMYK') ? 32 : 3;
    for (const [at, value] of expected.entries()) {
      assert.ok(Math.abs((pixels[at] ?? 0) - value) <= tolerance, `${name}: ${pixels.subarray(0, 3).join()}`);
    }
  }
});

test('a HEIC of a phone held upright comes out upright, in sRGB, and is rendered like any other', async (t) => {
  const { send, render, masterPixels } = await startImageWorld(t);
  const developed = await send(await readFile(path.join(fixtures, 'turned.heic')));
  const { sourceFormat, sourceWidth, sourceHeight, width, height, takenAt, place } = developed;
  assert.deepEqual([sourceFormat, sourceWidth, sourceHeight, width, height], ['heic', 240, 320, 240, 320]);
  assert.equal(takenAt, '2024-05-31T18:20:07');
  assert.ok(place && Math.abs(place.latitude - 51.51) < 1e-9 && Math.abs(place.longitude + 0.125) < 1e-9);
  const pixels = await masterPixels();
  const corners: [number, number, number[]][] = [
    [30, 30, [200, 60, 50]],
    [210, 30, [70, 180, 80]],
    [30, 290, [50, 80, 190]],
    [210, 290, [225, 215, 90]],
  ];
  for (const [x, y, colour] of corners) {
    const at = (y * 240 + x) * 3;
    const found = [...pixels.subarray(at, at + 3)];
    assert.ok(
      found.every((value, channel) => Math.abs(value - (colour[channel] ?? 0)) <= 4),
      `${x}, ${y}: ${found}`,
    );
  }
  assert.deepEqual(shapesOf(await render('photo', warm)), [
    ['w1080', 240, 320],
    ['w640', 240, 320],
    ['w320', 240, 320],
    ['s150', 150, 150],
  ]);
  assert.deepEqual(shapesOf(await render('photo', framed({ turns: 1 })))[0], ['w1080', 320, 240]);
});

test('what a photo says of its place, time and camera never leaves', async (t) => {
  const { workers, send, render, sourcePath } = await startImageWorld(t);
  const jpeg = await plainPicture(2400, 1800)
    .withExif({
      IFD0: { Make: 'SecretMaker', Copyright: 'SecretOwner' },
      IFD2: { DateTimeOriginal: '2024:05:31 18:20:07', BodySerialNumber: 'SecretSerial' },
      IFD3: {
        GPSLatitudeRef: 'N',
        GPSLatitude: '51/1 30/1 3600/100',
        GPSLongitudeRef: 'W',
        GPSLongitude: '0/1 7/1 3000/100',
      },
    })
    .withXmp('<x:xmpmeta xmlns:x="adobe:ns:meta/"><SecretXmp/></x:xmpmeta>')
    .withIccProfile('p3')
    .jpeg()
    .toBuffer();
  const secrets = /Secret|Exif|ICC_PROFILE|xmpmeta|Photoshop/;
  for (const original of [jpeg, await readFile(path.join(fixtures, 'turned.heic'))]) {
    assert.match(original.toString('latin1'), secrets);
    const { takenAt, place } = await send(original);
    assert.equal(takenAt, '2024-05-31T18:20:07');
    assert.ok(place && Math.abs(place.latitude - 51.51) < 1e-9 && Math.abs(place.longitude + 0.125) < 1e-9);
    const made = await Promise.all([
      render('photo'),
      render('photo', framed({ degrees: 3, turns: 1 })),
      render('avatar'),
      render('large'),
    ]);
    const files = made.flatMap(({ renditions }) => renditions.map(({ bytes }) => bytes));
    files.push((await workers.proof(sourcePath)).bytes);
    assert.equal(files.length, original === jpeg ? 13 : 12);
    for (const bytes of files) {
      assert.doesNotMatch(bytes.toString('latin1'), secrets);
      const { exif, icc, xmp, iptc, orientation } = await sharp(bytes).metadata();
      assert.deepEqual([exif, icc, xmp, iptc, orientation], Array.from({ length: 5 }));
    }
  }
});

test('a photo and an avatar are rendered in their sizes, as plain JPEG, and never enlarged', async (t) => {
  const { send, render } = await startImageWorld(t);
  const developed = await send(await plainPicture(2000, 2500).png().toBuffer());
  assert.deepEqual(developed, {
    ...developed,
    width: 1080,
    height: 1350,
    sourceWidth: 2000,
    sourceHeight: 2500,
    takenAt: null,
    place: null,
    averageColour: '#c85028',
  });
  const photo = await render('photo');
  const { renditions, ...about } = photo;
  const { thumbhash, averageColour } = developed;
  assert.deepEqual(about, { width: 1080, height: 1350, thumbhash, averageColour });
  assert.deepEqual(shapesOf(photo), [
    ['w1080', 1080, 1350],
    ['w640', 640, 800],
    ['w320', 320, 400],
    ['s150', 150, 150],
  ]);
  assert.deepEqual(shapesOf(await render('avatar')), [
    ['s512', 512, 512],
    ['s150', 150, 150],
    ['s64', 64, 64],
  ]);
  for (const { bytes, width, height } of renditions) {
    const found = await sharp(bytes).metadata();
    assert.deepEqual([found.width, found.height, found.format], [width, height, 'jpeg']);
    assert.deepEqual([found.chromaSubsampling, found.isProgressive, found.channels], ['4:2:0', false, 3]);
  }
  assert.notEqual((await render('photo', warm)).averageColour, averageColour);
  await send(await plainPicture(500, 100).jpeg().toBuffer());
  assert.deepEqual(shapesOf(await render('photo')), [
    ['w1080', 500, 100],
    ['w640', 500, 100],
    ['w320', 320, 64],
    ['s150', 100, 100],
  ]);
  await send(await plainPicture(1, 1).png().toBuffer());
  assert.deepEqual(shapesOf(await render('avatar', warm)), [
    ['s512', 1, 1],
    ['s150', 1, 1],
    ['s64', 1, 1],
  ]);
});

test('a large rendition is made when it shows clearly more, and looks like the others', async (t) => {
  const { send, render } = await startImageWorld(t);
  await send(await sharp(portrait).autoOrient().resize(3000, 4000, { fit: 'fill' }).jpeg().toBuffer());
  const [large, photo] = [await render('large', warm), await render('photo', warm)];
  assert.deepEqual(shapesOf(large), [['w2048', 1536, 2048]]);
  assert.deepEqual([large.width, large.height, large.thumbhash, large.averageColour], [1080, 1440, '', '']);
  const [one, other] = await Promise.all(
    [large, photo].map(async ({ renditions }) => rawOf(renditions[0]?.bytes, 270, 360)),
  );
  assert.ok(one && other && meanDifference(one, other) < 1.5, 'both have the same colours');
  const half = framed({ crop: { left: 0.25, top: 0.25, width: 0.5, height: 0.5 } });
  assert.deepEqual(shapesOf(await render('large', half)), [['w2048', 1500, 2000]]);
  const little = framed({ crop: { left: 0.25, top: 0.25, width: 0.4, height: 0.3 } });
  assert.deepEqual(shapesOf(await render('large', little)), []);
  await send(await plainPicture(1080, 1350).jpeg().toBuffer());
  assert.deepEqual(await render('large'), {
    width: 1080,
    height: 1350,
    renditions: [],
    thumbhash: '',
    averageColour: '',
  });
});

test('a crop has the colours that it has in the whole picture, though a look goes by the mean', async (t) => {
  const { send, render } = await startImageWorld(t);
  const dark = await plainPicture(2000, 2400).modulate({ brightness: 0.3 }).png().toBuffer();
  await send(
    await plainPicture(4000, 2400)
      .composite([{ input: dark, left: 0, top: 0 }])
      .png()
      .toBuffer(),
  );
  const colourAt = async (kind: 'photo' | 'large', frame: Parameters<typeof framed>[0]) => {
    const { renditions } = await render(kind, { ...warm, ...framed(frame) });
    return (await rawOf(renditions[0]?.bytes, 90, 60)).subarray(-3);
  };
  const whole = await colourAt('photo', {});
  const crop = { left: 0.5, top: 0, width: 0.5, height: 1 };
  for (const found of [await colourAt('photo', { crop }), await colourAt('large', { crop })])
    assert.ok(meanDifference(found, whole) <= 2, `${[...found]} instead of ${[...whole]}`);
});

test('a proof is the whole unedited picture, upright, at most 2048 pixels long', async (t) => {
  const { workers } = await startImageWorld(t);
  const { bytes, ...shape } = await workers.proof(portrait);
  const { width, height } = await sharp(portrait)
    .autoOrient()
    .toBuffer({ resolveWithObject: true })
    .then(({ info }) => info);
  assert.deepEqual(shape, { width, height });
  const [found, expected] = [await rawOf(bytes, 90, 120), await rawOf(await readFile(portrait), 90, 120)];
  assert.ok(meanDifference(found, expected) < 1.5);
});

test('a proof of a larger photo is made smaller', async (t) => {
  const { workers, send, sourcePath } = await startImageWorld(t);
  await send(await plainPicture(3000, 1500).jpeg().toBuffer());
  const { bytes, ...shape } = await workers.proof(sourcePath);
  assert.deepEqual(shape, { width: 2048, height: 1024 });
  const { width, height, format, isProgressive } = await sharp(bytes).metadata();
  assert.deepEqual([width, height, format, isProgressive], [2048, 1024, 'jpeg', false]);
});

test('a header is inspected without decoding what follows it', async (t) => {
  const { workers, send, sourcePath } = await startImageWorld(t);
  const whole = await readFile(portrait);
  const { width, height } = await workers.inspect(portrait);
  assert.ok(height > width, 'upright');
  await writeFile(sourcePath, whole.subarray(0, 120_000));
  assert.deepEqual(await workers.inspect(sourcePath), { format: 'jpeg', width, height, takenAt: null });
  await writeFile(sourcePath, await readFile(path.join(fixtures, 'turned.heic')));
  assert.deepEqual(await workers.inspect(sourcePath), {
    format: 'heic',
    width: 240,
    height: 320,
    takenAt: '2024-05-31T18:20:07',
  });
  await assert.rejects(send(Buffer.from('no photo')), isFailure('image_type'));
  await assert.rejects(workers.inspect(sourcePath), isFailure('image_type'));
});

test('a master that is gone or damaged is developed anew', async (t) => {
  const { send, render, masterPath } = await startImageWorld(t);
  await send(await readFile(portrait));
  assert.equal((await stat(masterPath)).mode & 0o777, 0o600);
  const whole = await readFile(masterPath);
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
    assert.ok(whole.equals(await readFile(masterPath)), name);
  }
});

test('a source that is not there is no fault of the photo', async (t) => {
  const { render, send } = await startImageWorld(t);
  await assert.rejects(render(), (error) => !(error instanceof ImageFailure) && /ENOENT/.test(String(error)));
  await send(await plainPicture(40, 30).jpeg().toBuffer());
});

async function rawOf(bytes: Buffer | undefined, width: number, height: number): Promise<Buffer> {
  return sharp(bytes).autoOrient().resize(width, height, { fit: 'fill' }).raw().toBuffer();
}

function meanDifference(one: Uint8Array, other: Uint8Array): number {
  return one.reduce((sum, value, at) => sum + Math.abs(value - (other[at] ?? 0)), 0) / one.length;
}
