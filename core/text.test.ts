import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { limits } from './limits.ts';
import { foldHandle, foldHashtag, handleFault, hashtagsIn, mentionsIn, skeleton, splitText } from './text.ts';

/** Texts that are dense with what the grammar is made of. */
const texts = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.string({
    unit: fc.constantFrom(...'@@##aAbZ9_.., \n/&éяあ１½ﷺ\u0301\u200b\u212a\u017f', '📷', 'e\u0301'),
    maxLength: 200,
  }),
);

const LINEAR_MS = 250;

test('hashtags are found in any script, once each, folded', () => {
  for (const [text, ...tags] of [
    ['#pier', 'pier'],
    ['#Pier #PIER #pier', 'pier'],
    ['at the #pier, by #night.', 'pier', 'night'],
    ['#日本 #привет #café #cafe\u0301', '日本', 'привет', 'café'],
    ['#a1 #1a #_ #2024 #１２', 'a1', '1a', '_'],
    ['#ＡＢＣ #ﬁlm', 'abc', 'film'],
    ['a#b ##c &#39; https://x.org/#d #', ''],
    [`#${'x'.repeat(60)} #${'y'.repeat(61)}`, 'x'.repeat(60)],
    ['#a#b #a-b', 'a'],
    ['#ﷺ #½ #⑴a', ''],
  ])
    assert.deepEqual(hashtagsIn(text ?? ''), tags.filter(Boolean), text);
});

test('mentions are found where a handle may stand, once each, folded', () => {
  for (const [text, ...handles] of [
    ['@ann', 'ann'],
    ['@Ann, @ANN and @bob.lee.', 'ann', 'bob.lee'],
    ['(@ann) "@bob" @c_', 'ann', 'bob', 'c_'],
    ['mail ann@example.org @@ann x/@ann .@ann @', ''],
    [`@${'x'.repeat(30)} @${'y'.repeat(31)}`, 'x'.repeat(30)],
    ['@аnn @\u212aate @\u017fam @.ann @ ann', ''],
  ])
    assert.deepEqual(mentionsIn(text ?? ''), handles.filter(Boolean), text);
});

test('the parts of a text, joined, are the text', () => {
  fc.assert(
    fc.property(texts, (text) => {
      const parts = splitText(text);
      assert.equal(parts.map((part) => part.text).join(''), text);
      for (const part of parts) assert.ok(part.text !== '');
    }),
    { numRuns: 2_000 },
  );
});

test('the parts of a text are the hashtags and mentions that are found in it', () => {
  fc.assert(
    fc.property(texts, (raw) => {
      const text = raw.normalize('NFC');
      const targets = (kind: string) => [
        ...new Set(splitText(text).flatMap((part) => (part.kind === kind ? [part.target] : []))),
      ];
      assert.deepEqual(targets('hashtag'), hashtagsIn(text));
      assert.deepEqual(targets('mention'), mentionsIn(text));
    }),
    { numRuns: 2_000 },
  );
});

test('a hashtag that was found is found again by its folded form, and fits into an address', () => {
  fc.assert(
    fc.property(texts, (text) => {
      for (const tag of hashtagsIn(text)) {
        assert.deepEqual(hashtagsIn(`#${tag}`), [tag]);
        assert.equal(foldHashtag(tag), tag);
        assert.ok([...tag].length <= limits.hashtagMax);
      }
    }),
    { numRuns: 2_000 },
  );
});

test('a mention that was found is made of the letters of a handle', () => {
  fc.assert(
    fc.property(texts, (text) => {
      for (const handle of mentionsIn(text)) {
        assert.match(handle, /^[a-z0-9._]+$/);
        assert.ok(handle.length <= limits.handleMax);
      }
    }),
    { numRuns: 2_000 },
  );
});

test('100 kB of marks and letters take no longer than their length asks for', () => {
  const units = [
    '@',
    '#',
    'a',
    '.',
    '_',
    '@a',
    '#a',
    '@.',
    'a.',
    '#é',
    'é',
    '@@a#',
    '@a.',
    '1',
    '#1',
    ' ',
    '\u0301',
    '📷',
  ];
  const ends = ['', '@', '#', '!'];
  for (const unit of units)
    for (const end of ends) {
      const text = unit.repeat(100_000 / unit.length) + end;
      const startMs = performance.now();
      hashtagsIn(text);
      mentionsIn(text);
      splitText(text);
      handleFault(text);
      const tookMs = performance.now() - startMs;
      assert.ok(tookMs < LINEAR_MS, `${JSON.stringify(unit + end)} took ${tookMs} ms`);
    }
});

test('a good handle is made of a to z, digits, dots and underscores, and is not reserved', () => {
  for (const handle of ['ann', 'Ann.Lee', 'a1', '1a', 'ann_', 'a.b_c', 'x'.repeat(30)])
    assert.equal(handleFault(handle), null, handle);
  for (const handle of [
    '',
    'a',
    'x'.repeat(31),
    '.a',
    'a.',
    '_a',
    'a..b',
    'a b',
    'a-b',
    'é',
    'аnn',
    '\u212aate',
    'a\n',
    'ab\n',
  ])
    assert.match(handleFault(handle)?.message ?? '', /^A handle .*\.$/, JSON.stringify(handle));
  for (const handle of ['admin', 'Adm1n', 'a.d_min', 'adrnin', 'r00t', 'P1nhole', 'vvebmaster'])
    assert.equal(handleFault(handle)?.code, 'handle_reserved', handle);
});

test('every handle that is taken is plain ASCII, equal to its fold but for case, and has a skeleton', () => {
  const handles = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 35 }),
    fc.string({ unit: fc.constantFrom(...'aAlI10o._rnvw5s\u212a\u0131'), maxLength: 35 }),
  );
  fc.assert(
    fc.property(handles, (handle) => {
      if (handleFault(handle) !== null) return;
      const folded = foldHandle(handle);
      assert.match(folded, /^[a-z0-9._]{2,30}$/);
      assert.equal(foldHandle(folded), folded);
      assert.equal(skeleton(handle), skeleton(folded));
      assert.notEqual(skeleton(folded), '');
    }),
    { numRuns: 2_000 },
  );
});
