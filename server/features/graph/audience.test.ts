import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { maySee } from './audience.ts';

const facts = fc.record({
  isSelf: fc.boolean(),
  isActive: fc.boolean(),
  isPrivate: fc.boolean(),
  blocksViewer: fc.boolean(),
  viewerBlocks: fc.boolean(),
  isFollower: fc.boolean(),
});
const RANK = { nothing: 0, header: 1, all: 2 } as const;
const holds = (rule: (given: Parameters<typeof maySee>[0]) => void) =>
  fc.assert(fc.property(facts, rule), { numRuns: 500 });

test('of an account that is gone nobody sees anything, not even itself', () => {
  holds((given) => assert.equal(maySee({ ...given, isActive: false }), 'nothing'));
});

test('one always sees all of oneself', () => {
  holds((given) => assert.equal(maySee({ ...given, isActive: true, isSelf: true }), 'all'));
});

test('a block, by either, hides everything, whatever else is between the two', () => {
  holds((given) => {
    const other = { ...given, isSelf: false };
    assert.equal(maySee({ ...other, blocksViewer: true }), 'nothing');
    assert.equal(maySee({ ...other, viewerBlocks: true }), 'nothing');
  });
});

test('without a block, all is seen of a public account, and of a private one by its followers; others see the header', () => {
  holds((given) => {
    const other = { ...given, isSelf: false, isActive: true, blocksViewer: false, viewerBlocks: false };
    assert.equal(maySee(other), !given.isPrivate || given.isFollower ? 'all' : 'header');
  });
});

test('becoming private or blocking never shows more, becoming a follower never less', () => {
  holds((given) => {
    const now = RANK[maySee(given)];
    assert.ok(RANK[maySee({ ...given, isPrivate: true })] <= now);
    assert.ok(RANK[maySee({ ...given, blocksViewer: true })] <= now);
    assert.ok(RANK[maySee({ ...given, viewerBlocks: true })] <= now);
    assert.ok(RANK[maySee({ ...given, isFollower: true })] >= now);
  });
});
