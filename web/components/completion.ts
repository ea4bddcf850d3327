/** A mention or a hashtag that is being typed: where it stands in the text, and what of it is there. */
export type Word = { kind: 'mention' | 'hashtag'; query: string; start: number; end: number };

// As core/text.ts has them, but unfinished.
const MENTION = /(?<![\p{L}\p{M}\p{N}_./@])@([A-Za-z0-9._]{1,30})$/u;
const HASHTAG = /(?<![\p{L}\p{M}\p{N}_&#/])#([\p{L}\p{M}\p{N}_]{1,60})$/u;
const REST = /^[\p{L}\p{M}\p{N}_.]*/u;

/** The word that ends at the caret, or in which it stands; null where there is none. */
export function wordAt(text: string, caret: number): Word | null {
  const before = text.slice(0, caret);
  const mention = MENTION.exec(before);
  const found = mention ?? HASHTAG.exec(before);
  if (!found) return null;
  const rest = REST.exec(text.slice(caret))?.[0] ?? '';
  const query = (found[1] ?? '') + (mention ? rest : rest.replaceAll('.', ''));
  return { kind: mention ? 'mention' : 'hashtag', query, start: found.index, end: caret + rest.length };
}

/** The text with the word in place of what was typed of it, and a space behind it. */
export function withWord(text: string, { start, end }: Word, word: string): { text: string; caret: number } {
  const after = text.slice(end);
  const space = /^\s/.test(after) ? '' : ' ';
  return { text: text.slice(0, start) + word + space + after, caret: start + word.length + 1 };
}
