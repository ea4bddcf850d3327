/**
 * A statement with its values: sql`select 1 where ${x} = 2` is sent as text with $1, never with the value inside.
 * Each place in the code that writes a statement gets one name, so that PostgreSQL parses and plans it once.
 */
import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';

/** `isWrite`: it changes something, so it may wait for locks and the disk. */
export type Statement = { name: string; text: string; isWrite: boolean; values: unknown[] };

const NAMES_MAX = 1_000;
const WRITES = /^\s*(insert|update|delete|with\b.*\b(insert into|update|delete from)\b)/is;
const prepared = new WeakMap<TemplateStringsArray, Omit<Statement, 'values'>>();

export function sql(parts: TemplateStringsArray, ...values: unknown[]): Statement {
  let known = prepared.get(parts);
  if (!known) {
    const text = parts.reduce((before, part, index) => `${before}$${index}${part}`);
    known = { name: nameOf(text), text, isWrite: WRITES.test(text) };
    prepared.set(parts, known);
  }
  return { ...known, values };
}

const names = new LRUCache<string, string>({ max: NAMES_MAX });

/** The name under which PostgreSQL keeps a statement prepared: the same for the same text. */
export function nameOf(text: string): string {
  const known = names.get(text);
  if (known) return known;
  const name = createHash('sha256').update(text).digest('base64url').slice(0, 20);
  names.set(text, name);
  return name;
}
