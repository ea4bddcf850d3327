/** What the verbs on servers have in common: the directory and the servers, without a running Pinhole. */
import type pg from 'pg';
import { readConfig, strangeParameters } from '../../config.ts';
import { type Client, isMissingDatabase, reasonOf, withClient } from '../../infra/fleet/client.ts';
import { type Server, selectServers, tryOperatorLock } from '../../infra/fleet/servers.ts';
import { connectionAt, prefixOf } from '../../infra/server-address.ts';
import { isConnectionLost } from '../../infra/server-down.ts';
import { OperatorFault } from '../progress.ts';

export type OperatorFleet = {
  directory: Client;
  servers: Server[];
  directoryName: string;
  connection: pg.ClientConfig;
};

const ANSWER_MS = 10_000;
/** No such table or column. */
const OLD_SCHEMA = new Set(['42P01', '42703']);
const NOT_BEGUN =
  'There is no network at PINHOLE_DATABASE yet. ./pinhole up begins one; servers can be added from then on.';
const OLD =
  'The directory has not got the schema of this version of Pinhole: ./pinhole migrate brings it up to date.';

/** Throws an OperatorFault when there is no fleet, or its directory cannot be used. */
export async function withFleet<Result>(work: (fleet: OperatorFleet) => Promise<Result>): Promise<Result> {
  const { databaseUrl } = readConfig(process.env);
  if (databaseUrl === '')
    throw new OperatorFault(
      'The embedded database is the only server for ever. For several, begin with a PostgreSQL server of your own and name it in PINHOLE_DATABASE, as docs/fleet.md says.',
    );
  const directoryName = `${prefixOf(databaseUrl)}_directory`;
  const connection = connectionAt(databaseUrl, directoryName);
  let isReached = false;
  try {
    return await withClient(connection, ANSWER_MS, async (directory) => {
      const servers = await selectServers(directory, databaseUrl);
      if (servers.length === 0) throw new OperatorFault(NOT_BEGUN);
      isReached = true;
      return await work({ directory, servers, directoryName, connection });
    });
  } catch (error) {
    if (isReached || error instanceof OperatorFault) throw error;
    if (isMissingDatabase(error)) throw new OperatorFault(NOT_BEGUN);
    if (error instanceof Error && 'code' in error && OLD_SCHEMA.has(String(error.code)))
      throw new OperatorFault(OLD);
    const is = isConnectionLost(error) ? 'does not answer' : 'cannot be used';
    throw new OperatorFault(`The server of PINHOLE_DATABASE ${is}: ${reasonOf(error)}.`);
  }
}

export function serverNamed({ servers }: Pick<OperatorFleet, 'servers'>, name: string): Server {
  const found = servers.find((each) => each.name === name);
  if (found) return found;
  throw new OperatorFault(
    `There is no server "${name}". There are: ${servers.map((each) => each.name).join(', ')}.`,
  );
}

/** Until the fleet's connection ends. */
export async function mustBeAlone(directory: Client): Promise<void> {
  if (!(await tryOperatorLock(directory)))
    throw new OperatorFault('Somebody adds or changes a server just now. Run it again when that has ended.');
}

/** Throws unless it is a PostgreSQL address. `what` names it, since the address may hold a password. */
export function mustBeAddress(what: string, text: string): string {
  if (!URL.canParse(text) || !/^postgres(ql)?:$/.test(new URL(text).protocol) || !new URL(text).hostname)
    throw new OperatorFault(
      `${what} must be an address like postgres://user:password@host:5432/pinhole, whose last part is the prefix of the database's name.`,
    );
  const [strange] = strangeParameters(text);
  if (strange)
    throw new OperatorFault(
      `${what} has the parameter "${strange}": only host, port and those that begin with ssl may be there.`,
    );
  return text;
}

export function mustBeFine(faults: string[]): void {
  if (faults.length > 0) throw new OperatorFault(faults.join('\n'));
}
