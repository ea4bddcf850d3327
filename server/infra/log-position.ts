/** As PostgreSQL writes it, like 16/B374D848; '' : none, 0. */
export function parseLogPosition(text: unknown): bigint {
  const [, high, low] = /^([0-9A-F]{1,8})\/([0-9A-F]{1,8})$/.exec(String(text)) ?? [];
  return high && low ? (BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`) : 0n;
}
