/**
 * What a schema finds wrong → a sentence for whoever sent it, which a client can show beside the field, and the code of
 * it with its numbers, for clients in other languages.
 */
import type { FieldFault } from '../errors.ts';

type Fault = { keyword: string; message?: string | undefined; params: object };
type Described = Omit<FieldFault, 'path'>;

const KINDS: Record<string, string> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
};
const NAMES_MAX = 3;
const NAME_MAX = 40;

export function describeFault({ keyword, message = '', params }: Fault): Described {
  const { expected, origin, minimum, maximum, values, keys } = params as Record<string, unknown>;
  switch (keyword) {
    case 'invalid_type':
      if (message.endsWith('received undefined')) return { code: 'missing', message: 'This is missing.' };
      return { code: 'type', message: `This must be ${KINDS[String(expected)] ?? String(expected)}.` };
    case 'too_big':
      return {
        code: TOO_BIG[String(origin)] ?? 'too_large',
        message: `At most ${Number(maximum).toLocaleString('en')}${unitOf(origin, maximum)} possible.`,
        params: { count: Number(maximum) },
      };
    case 'too_small':
      return {
        code: TOO_SMALL[String(origin)] ?? 'too_small',
        message: `At least ${Number(minimum).toLocaleString('en')}${unitOf(origin, minimum)} needed.`,
        params: { count: Number(minimum) },
      };
    case 'invalid_value':
      return {
        code: 'choice',
        message: `This must be one of: ${(values as unknown[]).map(String).join(', ')}.`,
      };
    case 'unrecognized_keys':
      return {
        code: 'unknown',
        message: `There is no field ${(keys as string[]).slice(0, NAMES_MAX).map(quote).join(', ')}.`,
      };
    case 'invalid_format':
      return 'format' in params && params.format === 'email'
        ? { code: 'email', message: 'This is not an e-mail address.' }
        : { code: 'form', message: 'This does not have the right form.' };
    default:
      return { code: 'unusable', message: /^[A-Z].*\.$/.test(message) ? message : 'This cannot be used.' };
  }
}

const TOO_BIG: Record<string, string> = { string: 'too_long', array: 'too_many' };
const TOO_SMALL: Record<string, string> = { string: 'too_short', array: 'too_few' };

function unitOf(origin: unknown, count: unknown): string {
  if (origin === 'string') return count === 1 ? ' character is' : ' characters are';
  if (origin === 'array') return count === 1 ? ' entry is' : ' entries are';
  return ' is';
}

function quote(name: string): string {
  return JSON.stringify(name.slice(0, NAME_MAX));
}
