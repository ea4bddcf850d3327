import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Photo } from '../../core/shapes.ts';
import { frameRatio, sizesOf, squareSources, wholeSources } from './photo-sources.ts';

function photo(width: number, height: number, altText = ''): Photo {
  const sized = (name: string, w: number, h: number) => ({
    name,
    url: `/media/${name}.jpg`,
    width: w,
    height: h,
  });
  const scaled = (name: string, w: number) => sized(name, w, Math.round((w * height) / width));
  return {
    mediaId: '1',
    state: 'ready',
    stage: 'ready',
    failure: null,
    failureCode: null,
    altText,
    filter: 'none',
    width,
    height,
    thumbhash: null,
    averageColour: null,
    takenAt: null,
    place: null,
    renditions: [scaled('w1080', 1080), scaled('w640', 640), scaled('w320', 320), sized('s150', 150, 150)],
    people: [],
  };
}

test('one photo has a frame of its own shape, from 1.91:1 to 4:5', () => {
  assert.equal(frameRatio([photo(1910, 1000)]), 1.91);
  assert.equal(frameRatio([photo(1000, 1200)]), 1000 / 1200);
  assert.equal(frameRatio([photo(1000, 3000)]), 4 / 5);
  assert.equal(frameRatio([photo(3000, 1000)]), 1.91);
});

test('on its own page one photo keeps its own shape, however tall', () => {
  assert.equal(frameRatio([photo(1000, 3000)], true), 1 / 3);
  assert.equal(frameRatio([photo(1000, 3000), photo(1000, 3000)], true), 4 / 5);
});

test('of several photos the first decides, no taller than 4:5', () => {
  assert.equal(frameRatio([photo(1500, 1000), photo(1000, 1000)]), 1.5);
  assert.equal(frameRatio([photo(900, 1600), photo(1500, 1000)]), 4 / 5);
});

test('beside upright photos the frame is at least a square', () => {
  assert.equal(frameRatio([photo(1500, 1000), photo(900, 1600)]), 1);
});

test('a post without known sizes gets a square frame', () => {
  assert.equal(frameRatio([]), 1);
});

test('the square rendition is never offered for a whole photo', () => {
  const { src, srcSet } = wholeSources(photo(1080, 1350));
  assert.equal(src, '/media/w640.jpg');
  assert.equal(srcSet, '/media/w1080.jpg 1080w, /media/w640.jpg 640w, /media/w320.jpg 320w');
});

test('a large photo offers its largest rendition where it is shown whole, and not in a grid', () => {
  const small = photo(2048, 1365);
  const large = {
    ...small,
    renditions: [{ name: 'w2048', url: '/media/w2048.jpg', width: 2048, height: 1365 }, ...small.renditions],
  };
  assert.match(wholeSources(large).srcSet ?? '', /w2048\.jpg 2048w/);
  assert.equal(wholeSources(large).src, '/media/w640.jpg');
  assert.doesNotMatch(squareSources(large).srcSet ?? '', /w2048/);
});

test('the width that is fetched is that which is shown, also of upright photos beside others', () => {
  const slot = [
    ['(min-width: 768px)', '560px'],
    [null, '100vw'],
  ] as const;
  assert.equal(
    sizesOf(slot, '86vh', 1.5, photo(1500, 1000)),
    '(min-width: 768px) min(560px, 86vh * 1.500), min(100vw, 86vh * 1.500)',
  );
  assert.equal(
    sizesOf([[null, '100vw']], '86vh', 1, photo(750, 1000)),
    'calc(min(100vw, 86vh * 1.000) * 0.750)',
  );
});

test('a grid square counts the shorter side of each rendition', () => {
  assert.match(squareSources(photo(1910, 1000)).srcSet ?? '', /w320\.jpg 168w/);
  assert.match(squareSources(photo(1000, 1910)).srcSet ?? '', /w320\.jpg 320w/);
});

test('a photo that is still developing has no sources', () => {
  assert.deepEqual(wholeSources({ ...photo(10, 10), renditions: [] }), { src: undefined, srcSet: undefined });
});
