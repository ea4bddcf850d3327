/** As the language writes it; from ten thousand on short: 1.2M, 1,2 Mio. */
export function shortCount(count: number, language: string): string {
  const isLong = count >= 10_000;
  return new Intl.NumberFormat(
    language,
    isLong ? { notation: 'compact', maximumFractionDigits: 1 } : {},
  ).format(count);
}
