import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { pageOf, paths, patterns, safeReturn } from './paths.ts';

test('paths carry odd characters safely', () => {
  assert.equal(paths.hashtag('größe'), '/tags/gr%C3%B6%C3%9Fe');
  assert.equal(paths.explore('a&b'), '/explore?q=a%26b');
  assert.equal(paths.explore(''), '/explore');
  assert.equal(paths.signIn('/p/12?x=1'), '/sign-in?next=%2Fp%2F12%3Fx%3D1');
});

test('handles are found in addresses', () => {
  assert.equal(patterns.profile.exec('/@ann.lee')?.groups?.handle, 'ann.lee');
  assert.equal(patterns.profile.exec('/@ann/followers'), null);
  assert.deepEqual({ ...patterns.profile.exec('/@ann/tagged')?.groups }, { handle: 'ann', tab: 'tagged' });
  assert.equal(patterns.followers.exec('/@ann/followers')?.groups?.handle, 'ann');
});

test('the tabs of a profile are one page', () => {
  assert.equal(paths.profile('ann'), '/@ann');
  assert.equal(paths.profile('ann', 'saved'), '/@ann/saved');
  assert.equal(pageOf(paths.profile('ann', 'tagged')), pageOf(paths.profile('ann')));
  assert.notEqual(pageOf('/@ann'), pageOf('/@bob'));
  assert.equal(pageOf('/@ann/followers'), '/@ann/followers');
});

test('after signing in one returns to a page of our own', () => {
  assert.equal(safeReturn('/p/12?x=1'), '/p/12?x=1');
  assert.equal(safeReturn('/@ann'), '/@ann');
  assert.equal(safeReturn(null), '/');
  assert.equal(safeReturn('/sign-in?next=/p/1'), '/');
});

test('and never anywhere else', () => {
  const elsewhere = [
    'https://evil.example',
    '//evil.example',
    '/\\evil.example',
    '\\/evil.example',
    'javascript:alert(1)',
    'p/12',
    ' //evil.example',
    '/\t/evil.example',
    '/\n/evil.example',
    '/.//evil.example',
    '/..//evil.example',
    '/a\\b',
  ];
  for (const next of elsewhere) assert.equal(safeReturn(next), '/', next);
  fc.assert(
    fc.property(fc.string(), (text) => {
      const url = new URL(safeReturn(`/${text}`), 'https://own.example');
      assert.equal(url.origin, 'https://own.example');
    }),
  );
});
