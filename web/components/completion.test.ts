import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withWord, wordAt } from './completion.ts';

test('what is being typed at the caret is found, and nothing else', () => {
  const cases: [text: string, kind: string | null, query?: string][] = [
    ['with @an|', 'mention', 'an'],
    ['@ann.l|', 'mention', 'ann.l'],
    ['@a|nn and more', 'mention', 'ann'],
    ['at the #pi|', 'hashtag', 'pi'],
    ['#зима|', 'hashtag', 'зима'],
    ['#ligh|t. And', 'hashtag', 'light'],
    ['(@bob|', 'mention', 'bob'],
    ['@|', null],
    ['#|', null],
    ['ann@example|', null],
    ['word#tag|', null],
    ['@ann |', null],
    ['nothing here|', null],
    ['|', null],
  ];
  for (const [marked, kind, query] of cases) {
    const caret = marked.indexOf('|');
    const word = wordAt(marked.replace('|', ''), caret);
    assert.deepEqual([word?.kind ?? null, word?.query], [kind, query], marked);
  }
});

test('a word takes the place of what was typed, with one space behind it', () => {
  const complete = (marked: string, chosen: string) => {
    const caret = marked.indexOf('|');
    const text = marked.replace('|', '');
    const word = wordAt(text, caret);
    assert.ok(word);
    const after = withWord(text, word, chosen);
    return `${after.text.slice(0, after.caret)}|${after.text.slice(after.caret)}`;
  };
  assert.equal(complete('with @an|', '@ann'), 'with @ann |');
  assert.equal(complete('with @an| and bob', '@ann'), 'with @ann |and bob');
  assert.equal(complete('#li|ght!', '#lights'), '#lights |!');
  assert.equal(complete('@b|\nnext', '@bob'), '@bob\n|next');
});
