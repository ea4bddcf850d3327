import pg from 'pg';

/** A database server that does not answer just now, or a request that has waited for databases as long as it may. */
export class ServerDown extends Error {
  override readonly name = 'ServerDown';
  readonly server: string;

  constructor(server: string, reason: string, options?: ErrorOptions) {
    super(`${server}: ${reason}`, options);
    this.server = server;
  }
}

/** Also of a copy of its properties, as pg-boss makes them. */
export function isServerDown(error: { name?: unknown }): boolean {
  return error.name === 'ServerDown';
}

/** Connection lost, refused, not yet or no longer accepted: not an answer to what was asked. */
const LOST_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOENT',
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
  '08001',
  '08003',
  '08006',
  '08P01',
  '57P01',
  '57P02',
  '57P03',
]);
const LOST_MESSAGES =
  /Connection terminated|connection is closed|not queryable|timeout exceeded when trying to connect|timeout expired|Query read timeout/i;

export function isConnectionLost(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ('code' in error && typeof error.code === 'string' && LOST_CODES.has(error.code)) return true;
  return !(error instanceof pg.DatabaseError) && LOST_MESSAGES.test(error.message);
}
