/** What the server itself says to people: mails, the app's description, titles. Its catalogues lie with those of the client. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Language } from '../../core/languages.ts';
import { compileMessage } from '../../core/messages/compile.ts';
import { type Arguments, formatParts, type Message } from '../../core/messages/format.ts';
import type texts from '../../web/messages/en/server.json';

type Name = keyof typeof texts & string;

const FOLDER = path.resolve(import.meta.dirname, '../../web/messages');
const read = new Map<Language, Record<string, Message>>();

export function say(
  language: Language,
  key: `server.${Name}`,
  values: Arguments<string | number> = {},
): string {
  const message = catalogueOf(language)[key.slice('server.'.length)] ?? key;
  return formatParts(message, values, language).join('');
}

function catalogueOf(language: Language): Record<string, Message> {
  const known = read.get(language);
  if (known) return known;
  const written: Record<Name, string> = JSON.parse(
    readFileSync(path.join(FOLDER, language, 'server.json'), 'utf8'),
  );
  const catalogue = Object.fromEntries(
    Object.entries(written).map(([name, text]) => [name, compileMessage(text)]),
  );
  read.set(language, catalogue);
  return catalogue;
}
