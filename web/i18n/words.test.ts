/** Whatever a member reads comes out of a catalogue: no text stands in the code, and no code of the server is without one. */
import assert from 'node:assert/strict';
import { glob, readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { FILTER_LABELS } from '../../core/look/filters.ts';
import { readCatalogue } from './catalogues.ts';

const root = path.resolve(import.meta.dirname, '../..');
const errors = await readCatalogue('en', 'errors');

test('no text stands in the code of the screens', async () => {
  const found: string[] = [];
  for (const [file, code] of await read('web/**/*.tsx')) {
    // Seen while developing only.
    if (file.startsWith('web/styleguide/')) continue;
    const words = [...inMarkup(code), ...inAttributes(code)].filter((text) => /\p{L}/u.test(text));
    found.push(...words.filter((text) => !/^(Pinhole|@|#)$/.test(text)).map((text) => `${file}: ${text}`));
  }
  assert.deepEqual(found, []);
});

test('text in the code would be found', () => {
  assert.deepEqual(inMarkup('<p className="a">\n  Two words\n</p>'), ['Two words']);
  assert.deepEqual(inMarkup('<p>{count} of them</p>'), ['of them']);
  assert.deepEqual(inAttributes('<a title="Go home" className="wide" aria-label="Home">'), [
    'Go home',
    'Home',
  ]);
});

test('every code with which the server refuses has a message', async () => {
  const codes = new Set(['handle_taken', 'email_taken', 'wrong_sign_in']);
  for (const [file, code] of await read('server/{http,features,infra/images}/**/*.ts', 'server/errors.ts'))
    for (const found of codesIn(file, code)) codes.add(found);
  for (const sure of [
    'unauthenticated',
    'not_found',
    'internal',
    'limited',
    'image_type',
    'headers_too_large',
  ])
    assert.ok(codes.has(sure), `the code ${sure} is not seen in the sources`);
  assert.deepEqual([...codes].filter((code) => !(code in errors)).sort(), []);
});

/** Else the list above would not be all of them. */
test('where the server refuses, the code stands in the sources', async () => {
  const made =
    /new (?:(?:Invalid|Conflict|Forbidden|Unavailable)\(|(?:Unusable|ExpectedError)\(\s*[^,]+,)\s*([^\s',][^',]*)/g;
  const found: string[] = [];
  for (const [file, code] of await read('server/{http,features,hydrate}/**/*.ts'))
    found.push(...[...code.matchAll(made)].map(([, what = '']) => `${file}: ${what.replaceAll('$', '')}`));
  assert.deepEqual(found.sort(), [
    'server/features/accounts/accounts.ts: `{field}_taken`',
    'server/features/media/media.ts: error.code',
    'server/features/media/media.ts: error.code',
  ]);
});

test('every fault of a field has a message', async () => {
  const codes = ['handle_taken', 'handle_alike', 'email_taken', 'common_password', 'hashtags', 'mentions'];
  for (const [, code] of await read('server/http/sentences.ts', 'core/text.ts'))
    for (const [, found = ''] of code.matchAll(/(?:code: |string: |array: |\?\? )'([a-z_]+)'/g))
      codes.push(found);
  for (const [, code] of await read('server/features/**/*.ts'))
    for (const [, found = ''] of code.matchAll(/(?:\{ path[^{}]*\b|return \{\s*)code: '([a-z_]+)'/g))
      codes.push(found);
  for (const sure of ['too_long', 'handle_form', 'draft_alt_long', 'draft_photo_gone'])
    assert.ok(codes.includes(sure), `the code ${sure} is not seen in the sources`);
  assert.deepEqual(
    codes.filter((code) => !(`field_${code}` in errors) && !(code in errors)),
    [],
  );
});

test('filters have one name in English, in the catalogue and in contact sheets', async () => {
  assert.deepEqual(await readCatalogue('en', 'filters'), FILTER_LABELS);
});

async function read(...patterns: string[]): Promise<[file: string, code: string][]> {
  const found: [string, string][] = [];
  for await (const file of glob(patterns, { cwd: root }))
    if (!file.includes('.test.'))
      found.push([file, withoutComments(await readFile(path.join(root, file), 'utf8'))]);
  return found;
}

function withoutComments(code: string): string {
  return code.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
}

/** What stands between tags and braces. Signs that only code has rule out what lies between two comparisons. */
function inMarkup(code: string): string[] {
  return [...code.matchAll(/(?:["'a-z]|[^=\s]\s|\/|\})(?:>|\})([^<>{}]*)(?=<\/|\{|<[A-Za-z])/g)]
    .map(([, text = '']) => text.replace(/\s+/g, ' ').trim())
    .filter(
      (text) =>
        text !== '' &&
        !/[=;&|\\`]|^[:),(-]|\w\(|^(async|export|const|function|return|if|else|type)\b/.test(text),
    );
}

function inAttributes(code: string): string[] {
  const attribute =
    /\b(?:aria-(?:label|description|roledescription|valuetext)|title|placeholder|label|alt|hint|text|confirm|cancel|empty|fault|doneLabel)="([^"]+)"/g;
  return [...code.matchAll(attribute)].map(([, text = '']) => text);
}

function codesIn(file: string, code: string): string[] {
  const thrown =
    /(?:new (?:Invalid|Conflict|Forbidden|Unavailable|Unauthenticated|ImageFailure)\(\s*|(?:new (?:Unusable|ExpectedError)|super)\(\s*\d{3},\s*|\[\d{3}, |\bcode = |\| )'([a-z_]+)'/g;
  const told = /\bcode: '([a-z_]+)'/g;
  const isTold = file === 'server/http/errors.ts' || file.startsWith('server/features/media/');
  const isThrown = (found: string) =>
    !file.includes('infra/images') || found.startsWith('image_') || found === 'busy';
  return [...code.matchAll(thrown), ...(isTold ? code.matchAll(told) : [])]
    .map(([match, found = '']) => (match.startsWith('|') && !file.endsWith('sniff.ts') ? '' : found))
    .filter((found) => found !== '' && isThrown(found));
}
