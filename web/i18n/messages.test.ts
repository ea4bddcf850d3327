/** The catalogues are whole: every language says everything, with the same arguments, and nothing that nobody asks for. */
import assert from 'node:assert/strict';
import { glob, readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { languages } from '../../core/languages.ts';
import { compileMessage } from '../../core/messages/compile.ts';
import { formatParts, type Message, type Part } from '../../core/messages/format.ts';
import { listAreas, readCatalogue } from './catalogues.ts';

const areas = await listAreas();
const written = new Map<string, string>();
for (const language of languages)
  for (const area of areas)
    for (const [name, text] of Object.entries(await readCatalogue(language, area)))
      written.set(`${language}/${area}.${name}`, text);
const english = [...written].filter(([key]) => key.startsWith('en/')).map(([key]) => key.slice(3));

test('every language says everything, and nothing else', () => {
  for (const language of languages) {
    const own = [...written.keys()].filter((key) => key.startsWith(`${language}/`));
    assert.deepEqual(own.map((key) => key.slice(language.length + 1)).sort(), english.toSorted(), language);
  }
});

/** `count` may come in besides: other languages have plurals of verbs. */
test('every message is well-formed, and uses the arguments of the English one', () => {
  for (const key of english) {
    const wanted = argumentsOf(compile('en', key));
    for (const language of languages) {
      const used = argumentsOf(compile(language, key)).filter(
        (name) => name !== 'count' || wanted.includes('count'),
      );
      assert.deepEqual(used, wanted, `${language}/${key}`);
    }
  }
});

test('plurals have the forms that their language needs', () => {
  for (const language of languages) {
    const needed = new Intl.PluralRules(language).resolvedOptions().pluralCategories;
    for (const key of english)
      for (const cases of pluralsOf(compile(language, key)))
        assert.deepEqual(
          needed.filter((form) => !(form in cases) && form !== 'other' && !coversAll(cases, language, form)),
          [],
          `${language}/${key}`,
        );
  }
});

test('every message is asked for somewhere', async () => {
  let code = '';
  for await (const file of glob('{web,core,server}/**/*.{ts,tsx}', { cwd: root }))
    code += await readFile(path.join(root, file), 'utf8');
  assert.deepEqual(
    english.filter((key) => !code.includes(`'${key}'`) && !code.includes(`id="${key}"`) && !isMade(key)),
    [],
  );
});

test('counts, choices and parts that are no text', () => {
  const message = compileMessage('{count, plural, =0 {Nobody} one {{who} alone} other {{who} and # others}}');
  const say = (count: number, who: unknown) => formatParts(message, { count, who }, 'en');
  const link = { href: '/@ann' };
  assert.deepEqual(say(0, link), ['Nobody']);
  assert.deepEqual(say(1, link), [link, ' alone']);
  assert.deepEqual(say(12_345, link), [link, ' and ', '12.3K', ' others']);
  const arabic = compileMessage('{n, plural, zero {z} one {o} two {t} few {f #} many {m #} other {x #}}');
  const forms = [0, 1, 2, 3, 11, 100].map((n) => formatParts(arabic, { n }, 'ar').join(''));
  assert.deepEqual(
    forms.map((form) => form[0]),
    ['z', 'o', 't', 'f', 'm', 'x'],
  );
  assert.deepEqual(
    formatParts(compileMessage("it''s {kind, select, a {A} other {B}}"), { kind: 'c' }, 'en'),
    ["it's ", 'B'],
  );
});

const root = path.resolve(import.meta.dirname, '../..');

/** Keys that are put together from a code of the server, or the name of something. */
function isMade(key: string): boolean {
  return /^(errors|filters)\./.test(key);
}

function compile(language: string, key: string): Message {
  return compileMessage(written.get(`${language}/${key}`) ?? '');
}

/** Names and kinds, sorted; those of all cases together. */
function argumentsOf(message: Message): string[] {
  const of = (part: Part): string[] => {
    if (typeof part === 'string' || part.as === 'count') return [];
    return 'cases' in part ? [part.name, ...Object.values(part.cases).flat().flatMap(of)] : [part.name];
  };
  return typeof message === 'string' ? [] : [...new Set(message.flatMap(of))].sort();
}

function pluralsOf(message: Message): Record<string, Part[]>[] {
  if (typeof message === 'string') return [];
  return message.flatMap((part) => {
    if (typeof part === 'string' || !('cases' in part)) return [];
    const inside = Object.values(part.cases).flatMap((parts) => pluralsOf(parts));
    return part.as === 'plural' ? [part.cases, ...inside] : inside;
  });
}

/** "=1" stands for "one" where one is all that it is. */
function coversAll(cases: Record<string, Part[]>, language: string, form: string): boolean {
  const rules = new Intl.PluralRules(language);
  const numbers = Array.from({ length: 200 }, (_, n) => n).filter((n) => rules.select(n) === form);
  return numbers.every((n) => `=${n}` in cases);
}
