import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shortCount } from '../../core/messages/numbers.ts';
import { timeAgo } from './time-ago.ts';

const now = Date.parse('2026-11-20T12:00:00Z');
const ago = (seconds: number) => timeAgo(new Date(now - seconds * 1000).toISOString(), now, 'en');

test('the time is told in the largest unit that fits', () => {
  assert.equal(ago(0), 'now');
  assert.equal(ago(59), 'now');
  assert.equal(ago(60), '1 minute ago');
  assert.equal(ago(3_599), '59 minutes ago');
  assert.equal(ago(3_600), '1 hour ago');
  assert.equal(ago(86_400), 'yesterday');
  assert.equal(ago(6 * 86_400), '6 days ago');
  assert.equal(ago(7 * 86_400), 'last week');
  assert.equal(ago(21 * 86_400), '3 weeks ago');
});

test('after eight weeks it is a date, with the year if it is another', () => {
  assert.match(ago(100 * 86_400), /^August 12$/);
  assert.match(ago(400 * 86_400), /October 16, 2025/);
});

test('what lies ahead, by a wrong clock, is now', () => {
  assert.equal(ago(-86_400), 'now');
});

test('counts are short', () => {
  assert.equal(shortCount(9_999, 'en'), '9,999');
  assert.equal(shortCount(1_234_567, 'en'), '1.2M');
});
