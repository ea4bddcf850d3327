import { language } from '../i18n/messages.ts';

const MEGA = 1_000_000;

/** "3.4 MB", in the language of the page. */
export function megabytes(bytes: number): string {
  const format = new Intl.NumberFormat(language(), {
    style: 'unit',
    unit: 'megabyte',
    maximumFractionDigits: 1,
  });
  return format.format(bytes / MEGA);
}
