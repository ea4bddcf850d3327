import { shortCount as shortCountIn } from '../../core/messages/numbers.ts';
import { language } from '../i18n/messages.ts';

/** In the language of the page. */
export function shortCount(count: number): string {
  return shortCountIn(count, language());
}
