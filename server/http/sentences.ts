/** What a schema finds wrong → a sentence for whoever sent it, which a client can show beside the field. */
type Fault = { keyword: string; message?: string | undefined; params: object };

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

export function sentenceOf({ keyword, message = '', params }: Fault): string {
  const { expected, origin, minimum, maximum, values, keys } = params as Record<string, unknown>;
  switch (keyword) {
    case 'invalid_type':
      if (message.endsWith('received undefined')) return 'This is missing.';
      return `This must be ${KINDS[String(expected)] ?? String(expected)}.`;
    case 'too_big':
      return `At most ${Number(maximum).toLocaleString('en')}${unitOf(origin, maximum)} possible.`;
    case 'too_small':
      return `At least ${Number(minimum).toLocaleString('en')}${unitOf(origin, minimum)} needed.`;
    case 'invalid_value':
      return `This must be one of: ${(values as unknown[]).map(String).join(', ')}.`;
    case 'unrecognized_keys':
      return `There is no field ${(keys as string[]).slice(0, NAMES_MAX).map(quote).join(', ')}.`;
    case 'invalid_format':
      return params && 'format' in params && params.format === 'email'
        ? 'This is not an e-mail address.'
        : 'This does not have the right form.';
    default:
      return /^[A-Z].*\.$/.test(message) ? message : 'This cannot be used.';
  }
}

function unitOf(origin: unknown, count: unknown): string {
  if (origin === 'string') return count === 1 ? ' character is' : ' characters are';
  if (origin === 'array') return count === 1 ? ' entry is' : ' entries are';
  return ' is';
}

function quote(name: string): string {
  return JSON.stringify(name.slice(0, NAME_MAX));
}
