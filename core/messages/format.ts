/** A compiled message and its arguments → text, or parts where an argument is more than text (a link, a time). */
import { directionOf, isLanguage } from '../languages.ts';
import { shortCount } from './numbers.ts';

export type Part =
  | string
  | { name: string; as?: 'number' }
  | { as: 'count' }
  | { name: string; as: 'plural' | 'ordinal' | 'select'; cases: Record<string, Part[]> };
export type Message = string | Part[];
export type Arguments<Value> = Readonly<Record<string, Value | string | number>>;

/** Numbers are written as the language does, large ones short. What is not given is left out. */
export function formatParts<Value>(
  message: Message,
  values: Arguments<Value>,
  language: string,
  count?: number,
): (Value | string)[] {
  if (typeof message === 'string') return [message];
  return message.flatMap((part): (Value | string)[] => {
    if (typeof part === 'string') return [part];
    if (part.as === 'count') return [shortCount(count ?? 0, language)];
    const value = values[part.name];
    if (!('cases' in part)) return value === undefined ? [] : [written(value, language)];
    const chosen = part.cases[caseOf(part.as, value, part.cases, language)] ?? part.cases.other ?? [];
    return formatParts(chosen, values, language, typeof value === 'number' ? value : count);
  });
}

function written<Value>(value: Value | string | number, language: string): Value | string {
  if (typeof value === 'number') return shortCount(value, language);
  return typeof value === 'string' && isRightToLeft(language) ? isolated(value) : value;
}

/** A handle or a file name keeps its own direction among Arabic words: Unicode's "first strong isolate" around it. */
function isolated(text: string): string {
  return `\u2068${text}\u2069`;
}

function isRightToLeft(language: string): boolean {
  return isLanguage(language) && directionOf(language) === 'rtl';
}

function caseOf(
  kind: 'plural' | 'ordinal' | 'select',
  value: unknown,
  cases: Record<string, unknown>,
  language: string,
): string {
  if (kind === 'select') return String(value);
  if (`=${value}` in cases) return `=${value}`;
  const type = kind === 'plural' ? 'cardinal' : 'ordinal';
  return new Intl.PluralRules(language, { type }).select(Number(value));
}
