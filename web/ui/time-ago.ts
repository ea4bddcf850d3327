const STEPS: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ['week', 604_800],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
];
const WEEKS_SHOWN = 8;

type Formats = { exact: Intl.DateTimeFormat; relative: Intl.RelativeTimeFormat };
/** By language: a phone takes milliseconds to make one, and a feed has many times. */
const formats = new Map<string, Formats>();

/** "5 minutes ago"; a plain date after eight weeks. A moment that lies ahead (a wrong clock) counts as now. */
export function timeAgo(iso: string, nowMs: number, locale: string): string {
  const seconds = Math.max(0, (nowMs - Date.parse(iso)) / 1000);
  if (seconds >= WEEKS_SHOWN * 604_800) return dateOf(iso, nowMs, locale);
  const format = formatsOf(locale).relative;
  for (const [unit, length] of STEPS) {
    if (seconds >= length) return format.format(-Math.floor(seconds / length), unit);
  }
  return format.format(0, 'second');
}

export function exactTime(iso: string, locale: string): string {
  return formatsOf(locale).exact.format(new Date(iso));
}

function formatsOf(locale: string): Formats {
  const made = formats.get(locale) ?? {
    exact: new Intl.DateTimeFormat(locale, { dateStyle: 'long', timeStyle: 'short' }),
    relative: new Intl.RelativeTimeFormat(locale, { numeric: 'auto' }),
  };
  formats.set(locale, made);
  return made;
}

function dateOf(iso: string, nowMs: number, locale: string): string {
  const date = new Date(iso);
  const isThisYear = date.getFullYear() === new Date(nowMs).getFullYear();
  return new Intl.DateTimeFormat(locale, {
    day: 'numeric',
    month: 'long',
    year: isThisYear ? undefined : 'numeric',
  }).format(date);
}
