import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PostCard } from '../../core/shapes.ts';
import { beginChanges, changeOf } from './post-changes.ts';

const account = { id: '7', handle: 'bob', name: '', isPrivate: false, avatarUrl: null };
const photo = (mediaId: string) => ({ mediaId, altText: `alt ${mediaId}`, people: [] as object[] });
const post = {
  caption: 'before',
  placeName: null,
  audience: 'everyone',
  takesComments: true,
  hidesLikeCount: false,
  photos: [photo('1'), { ...photo('2'), people: [{ account, x: 0.5, y: 0.5 }] }],
} as unknown as PostCard;
const begun = beginChanges(post);
const [first, second] = begun.photos;
assert.ok(first && second);

test('what is as it was is not sent', () => {
  assert.equal(changeOf(post, begun), null);
  assert.equal(changeOf(post, { ...begun, caption: ' before ' }), null);
});

test('words and choices are sent alone', () => {
  const choices = { ...begun.choices, placeName: ' Porto ', takesComments: false };
  assert.deepEqual(changeOf(post, { ...begun, caption: 'after', choices }), {
    caption: 'after',
    placeName: 'Porto',
    takesComments: false,
  });
  const placed = { ...post, placeName: 'Porto' };
  const emptied = { ...beginChanges(placed), choices: { ...beginChanges(placed).choices, placeName: ' ' } };
  assert.deepEqual(changeOf(placed, emptied), { placeName: null });
});

test('with another order or another description all photos are named, people only where they have changed', () => {
  assert.deepEqual(changeOf(post, { ...begun, photos: [second, first] })?.photos, [
    { mediaId: '2', altText: 'alt 2' },
    { mediaId: '1', altText: 'alt 1' },
  ]);
  assert.deepEqual(changeOf(post, { ...begun, photos: [first, { ...second, people: [] }] })?.photos, [
    { mediaId: '1', altText: 'alt 1' },
    { mediaId: '2', altText: 'alt 2', people: [] },
  ]);
  const named = { ...first, people: [{ account, x: 0.1, y: 0.2 }] };
  assert.deepEqual(changeOf(post, { ...begun, photos: [named, second] })?.photos, [
    { mediaId: '1', altText: 'alt 1', people: [{ accountId: '7', x: 0.1, y: 0.2 }] },
    { mediaId: '2', altText: 'alt 2' },
  ]);
});
