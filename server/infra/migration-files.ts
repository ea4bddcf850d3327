/** The numbered SQL files of a folder, and what they may hold. The rules for their authors: docs/migrations.md. */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';

/** `statements` of a file that runs outside a transaction; null for one that runs within one. */
export type MigrationFile = { name: string; text: string; statements: string[] | null };

const OUTSIDE = '-- outside a transaction';
const TOKENS = /'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|;|[^'"\-;]+|[\s\S]/g;

/** What may be run again after a crash in the middle of its file, and has the same outcome then. */
const REPEATABLE = [
  /^create (unique )?index concurrently if not exists /,
  /^drop index concurrently if exists /,
  /^create or replace trigger /,
  /^alter table \S+ (replica identity|validate constraint) /,
];

/** In the order of their numbers. */
export async function readMigrations(folder: string): Promise<MigrationFile[]> {
  const names = (await readdir(folder)).filter((name) => /^\d{4}_[a-z0-9_]+\.sql$/.test(name)).sort();
  return Promise.all(
    names.map(async (name) => {
      const text = await readFile(path.join(folder, name), 'utf8');
      return { name, text, statements: text.startsWith(`${OUTSIDE}\n`) ? splitFile(name, text) : null };
    }),
  );
}

/**
 * Statements without comments. Throws when one could not be run twice, and where it could not tell their ends for sure
 * (function bodies, block comments, backslashes).
 */
function splitFile(name: string, text: string): string[] {
  const statements = splitStatements(text);
  const wrong = /\$|\/\*|\\/.test(statements.join('\n'))
    ? 'function bodies, block comments and backslashes are for files within a transaction'
    : statements.find((each) => !REPEATABLE.some((form) => form.test(flat(each))));
  if (wrong) throw new Error(`${name} cannot run outside a transaction: ${wrong}`);
  return statements;
}

/** At the semicolons that stand in no string, name or comment. */
export function splitStatements(text: string): string[] {
  const tokens = text.match(TOKENS) ?? [];
  const statements = [''];
  for (const token of tokens) {
    if (token === ';') statements.push('');
    else if (!token.startsWith('--')) statements[statements.length - 1] += token;
  }
  return statements.map((each) => each.trim()).filter((each) => each !== '');
}

/** In small letters with single spaces, as patterns expect it. */
export function flat(statement: string): string {
  return `${statement.toLowerCase().replace(/\s+/g, ' ')} `;
}
