import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import {
  addRecentSearch,
  clearRecentSearches,
  nameOf,
  type RecentSearch,
  readRecentSearches,
  removeRecentSearch,
} from './recent-searches.ts';

const kept = new Map<string, string>();
Object.assign(globalThis, {
  localStorage: {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => kept.set(key, value),
    removeItem: (key: string) => kept.delete(key),
  },
});
beforeEach(() => kept.clear());

const ann: RecentSearch = {
  kind: 'account',
  account: { id: '7', handle: 'ann', name: 'Ann', isPrivate: false, avatarUrl: null },
};
const tag = (name: string): RecentSearch => ({ kind: 'hashtag', tag: name });
const names = (accountId: string) => readRecentSearches(accountId).map(nameOf);

test('what was opened last comes first, and once', () => {
  addRecentSearch('1', ann);
  addRecentSearch('1', tag('fog'));
  addRecentSearch('1', ann);
  assert.deepEqual(names('1'), ['ann', '#fog']);
});

test('the oldest go when there are many', () => {
  for (let at = 0; at < 20; at++) addRecentSearch('1', tag(`t${at}`));
  assert.equal(names('1').length, 12);
  assert.equal(names('1')[0], '#t19');
});

test('one is removed, or all', () => {
  addRecentSearch('1', ann);
  addRecentSearch('1', tag('fog'));
  removeRecentSearch('1', ann);
  assert.deepEqual(names('1'), ['#fog']);
  clearRecentSearches();
  assert.deepEqual(names('1'), []);
});

test('another account sees nothing of it', () => {
  addRecentSearch('1', ann);
  assert.deepEqual(names('2'), []);
  addRecentSearch('2', tag('fog'));
  assert.deepEqual(names('1'), []);
});

test('what cannot be read counts as nothing', () => {
  for (const text of [
    'nonsense',
    'null',
    '7',
    '{"accountId":"1"}',
    '{"accountId":"1","items":[{"kind":"account"},{"kind":"hashtag"}]}',
  ]) {
    kept.set('pinhole.recent-searches', text);
    assert.deepEqual(names('1'), [], text);
  }
});
