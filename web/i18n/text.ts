import { type Arguments, formatParts } from '../../core/messages/format.ts';
import { type Key, language, messageOf } from './messages.ts';

/** A text of the catalogue, in the language of the page. */
export function t(key: Key, values: Arguments<string | number> = {}): string {
  return formatParts(messageOf(key), values, language()).join('');
}
