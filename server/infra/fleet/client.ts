/** A few questions to a PostgreSQL server, on a connection of their own, straight and never waiting for ever. */
import pg from 'pg';
import type { Row } from '../database.ts';
import type { Statement } from '../sql.ts';

/** Also what infra/database.ts opens. */
export type Asked = { rows<Shape extends Row>(statement: Statement): Promise<Shape[]> };
export type Client = Asked & {
  /** Text that was put together. */
  text<Shape extends Row>(text: string): Promise<Shape[]>;
};

const CONNECT_MS = 2_000;
const UNDEFINED_DATABASE = '3D000';

/** `answerMs`: for each statement. Throws what pg throws; the connection is closed whatever happens. */
export async function withClient<Result>(
  connection: pg.ClientConfig,
  answerMs: number,
  work: (client: Client) => Promise<Result>,
): Promise<Result> {
  const client = new pg.Client({
    ...connection,
    application_name: 'pinhole shard',
    connectionTimeoutMillis: CONNECT_MS,
    query_timeout: answerMs,
    keepAlive: true,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await work({
      rows: async <Shape extends Row>({ text, values }: Statement) =>
        (await client.query(text, values)).rows as Shape[],
      text: async <Shape extends Row>(text: string) => (await client.query(text)).rows as Shape[],
    });
  } finally {
    // A server that was cut off never says good-bye.
    client.end().catch(() => undefined);
    setTimeout(() => client.connection.stream.destroy(), CONNECT_MS).unref();
  }
}

/** The database named is not there, though the server answers. */
export function isMissingDatabase(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code === UNDEFINED_DATABASE;
}

/** In a few words, for the terminal. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const first = error instanceof AggregateError ? error.errors[0] : undefined;
  return error.message || (first instanceof Error ? first.message : error.name);
}
