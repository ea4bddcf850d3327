/** "1 like", "2 likes", "1.2M likes". */
export function counted(count: number, one: string, many: string): string {
  return `${shortCount(count)} ${new Intl.PluralRules('en').select(count) === 'one' ? one : many}`;
}

export function shortCount(count: number, locale?: string): string {
  const isLong = count >= 10_000;
  return new Intl.NumberFormat(
    locale,
    isLong ? { notation: 'compact', maximumFractionDigits: 1 } : {},
  ).format(count);
}
