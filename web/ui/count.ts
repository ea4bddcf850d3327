import { language } from '../i18n/messages.ts';
import { shortCount as shortCountIn } from '../i18n/numbers.ts';

/** In the language of the page. */
export function shortCount(count: number): string {
  return shortCountIn(count, language());
}
