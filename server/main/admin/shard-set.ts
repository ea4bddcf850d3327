/** ./pinhole shard set NAME: how a server is reached, and whether newcomers come to it. Running processes take it over. */
import { parseArgs } from 'node:util';
import { reasonOf } from '../../infra/fleet/client.ts';
import { type Server, selectOwners, updateServer } from '../../infra/fleet/servers.ts';
import { checkPooler, checkReplica } from '../../infra/fleet/ways.ts';
import { shardDatabaseAt, withoutPassword } from '../../infra/server-address.ts';
import { FIRST_SERVER } from '../../infra/shard-map.ts';
import { OperatorFault, say, step } from '../progress.ts';
import {
  mustBeAddress,
  mustBeAlone,
  mustBeFine,
  type OperatorFleet,
  serverNamed,
  withFleet,
} from './shard-fleet.ts';

type Change = Partial<Pick<Server, 'isOpen' | 'poolerUrl' | 'replicaUrls'>>;

const USAGE =
  'Usage: ./pinhole shard set NAME [--open | --closed] [--pooler URL | none] [--replica URL]… [--no-replicas]';

export async function run(args: string[]): Promise<void> {
  const { name, change } = changeOf(args);
  await withFleet(async (fleet) => {
    await mustBeAlone(fleet.directory);
    const before = serverNamed(fleet, name);
    const server = { ...before, ...change };
    await step('Looking where it leads', mustLeadThere(fleet, server, change));
    await updateServer(fleet.directory, server);
    const owners = new Set(await selectOwners(fleet.directory));
    const others = fleet.servers.filter((each) => each.name !== name);
    const isNobodyOpen = ![server, ...others].some((each) => each.isOpen && owners.has(each.name));
    say(describe(server));
    if (isNobodyOpen) say('Note: no server with shards is open now, so nobody can sign up.');
  });
}

function changeOf(args: string[]): { name: string; change: Change } {
  const flag = { type: 'boolean', default: false } as const;
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      open: flag,
      closed: flag,
      pooler: { type: 'string' },
      replica: { type: 'string', multiple: true },
      'no-replicas': flag,
    },
  });
  const [name, ...more] = positionals;
  const isBoth = (values.open && values.closed) || (values.replica && values['no-replicas']);
  if (name === undefined || more.length > 0 || isBoth) throw new OperatorFault(USAGE);
  const change: Change = {};
  if (values.open || values.closed) change.isOpen = values.open;
  if (values.pooler !== undefined)
    change.poolerUrl = values.pooler === 'none' ? '' : mustBeAddress('--pooler', values.pooler);
  if (values['no-replicas']) change.replicaUrls = [];
  if (values.replica) change.replicaUrls = values.replica.map((url) => mustBeAddress('--replica', url));
  if (Object.keys(change).length === 0) throw new OperatorFault(USAGE);
  return { name, change };
}

/** Looks at what is new alone: a server that is down can be closed. */
async function mustLeadThere(
  { directoryName }: OperatorFleet,
  server: Server,
  change: Change,
): Promise<void> {
  const faults: string[] = [];
  try {
    if (change.poolerUrl) {
      // The directory lies on the first server, and goes by way of its pooler.
      const directory = server.name === FIRST_SERVER ? [directoryName] : [];
      const databases = [shardDatabaseAt(change.poolerUrl), ...directory];
      faults.push(...(await checkPooler(change.poolerUrl, server.url, databases)));
    }
    for (const url of change.replicaUrls ?? []) faults.push(...(await checkReplica(url, server.url)));
  } catch (error) {
    throw new OperatorFault(
      `${server.name} does not answer, so that it cannot be compared with what is to lead there: ${reasonOf(error)}.`,
    );
  }
  mustBeFine(faults);
}

function describe({ name, isOpen, poolerUrl, replicaUrls }: Server): string {
  const lines = [
    `${name} is ${isOpen ? 'open' : 'closed'} to newcomers.`,
    `  pooler    ${poolerUrl ? withoutPassword(poolerUrl) : 'none'}`,
    `  replicas  ${replicaUrls.map(withoutPassword).join(', ') || 'none'}`,
  ];
  return lines.join('\n');
}
