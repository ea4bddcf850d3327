/**
 * ICU messages → what format.ts reads, so that the browser needs no parser. Runs when the client is built, in the server and in tests.
 * Throws for a message that is not well-formed, or uses what the client does not format.
 */
import { type MessageFormatElement, parse, TYPE } from '@formatjs/icu-messageformat-parser';
import type { Message, Part } from './format.ts';

export function compileMessage(text: string): Message {
  const parts = partsOf(parse(text, { requiresOtherClause: true, ignoreTag: true }));
  return parts.every((part) => typeof part === 'string') ? parts.join('') : parts;
}

function partsOf(elements: MessageFormatElement[]): Part[] {
  return elements.map((element): Part => {
    switch (element.type) {
      case TYPE.literal:
        return element.value;
      case TYPE.argument:
        return { name: element.value };
      case TYPE.number:
        return { name: element.value, as: 'number' };
      case TYPE.pound:
        return { as: 'count' };
      case TYPE.plural:
        return {
          name: element.value,
          as: element.pluralType === 'ordinal' ? 'ordinal' : 'plural',
          cases: casesOf(element.options),
        };
      case TYPE.select:
        return { name: element.value, as: 'select', cases: casesOf(element.options) };
      default:
        throw new Error('Only texts, arguments, numbers, plurals and choices are possible in a message.');
    }
  });
}

function casesOf(options: Record<string, { value: MessageFormatElement[] }>): Record<string, Part[]> {
  return Object.fromEntries(Object.entries(options).map(([name, { value }]) => [name, partsOf(value)]));
}
