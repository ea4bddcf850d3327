/** ./pinhole shard add NAME URL: makes a PostgreSQL server a part of the network. Killed anywhere, it can be run again. */
import path from 'node:path';
import { parseArgs } from 'node:util';
import { reasonOf } from '../../infra/fleet/client.ts';
import { inspectServer, withServer } from '../../infra/fleet/inspect.ts';
import { type Fault, judgeMember, judgeServer } from '../../infra/fleet/judge.ts';
import { prepareShardServer } from '../../infra/fleet/prepare.ts';
import { insertServer, type Server } from '../../infra/fleet/servers.ts';
import { checkPooler, checkReplica, findSame } from '../../infra/fleet/ways.ts';
import { shardDatabaseAt, withoutPassword } from '../../infra/server-address.ts';
import { isConnectionLost } from '../../infra/server-down.ts';
import { OperatorFault, say, step } from '../progress.ts';
import { mustBeAddress, mustBeAlone, mustBeFine, type OperatorFleet, withFleet } from './shard-fleet.ts';

const USAGE = 'Usage: ./pinhole shard add NAME URL [--pooler URL] [--replica URL]… [--closed]';

const MIGRATIONS = path.resolve(import.meta.dirname, '../../../db/shard');

export async function run(args: string[]): Promise<void> {
  const server = serverOf(args);
  await withFleet(async (fleet) => {
    await mustBeAlone(fleet.directory);
    const taken = fleet.servers.find(({ name }) => name === server.name);
    if (taken)
      throw new OperatorFault(
        `There is a server ${server.name} already, at ${withoutPassword(taken.url)}. ./pinhole shard set changes how it is reached.`,
      );
    await step(`Looking at ${withoutPassword(server.url)}`, mustBeFit(fleet, server));
    await step('Making its database', prepare(server.url));
    if (server.poolerUrl)
      mustBeFine(await checkPooler(server.poolerUrl, server.url, [shardDatabaseAt(server.poolerUrl)]));
    await insertServer(fleet.directory, server);
  });
  say(
    `${server.name} is a part of the network${server.isOpen ? '' : ', closed to newcomers'}. It holds no shards yet, so nobody lives there.`,
  );
  say('What comes next, one of them:');
  say('  ./pinhole shard rebalance                        proposes moves that even out all servers');
  say(`  ./pinhole shard move 4096-8191 --to ${server.name.padEnd(12)} moves the shards of your choice`);
}

function serverOf(args: string[]): Server {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      pooler: { type: 'string', default: '' },
      replica: { type: 'string', multiple: true, default: [] },
      closed: { type: 'boolean', default: false },
    },
  });
  const [name, url, ...more] = positionals;
  if (name === undefined || url === undefined || more.length > 0) throw new OperatorFault(USAGE);
  if (!/^[a-z][a-z0-9-]{0,30}$/.test(name))
    throw new OperatorFault(
      `"${name}" cannot be the name of a server: a small letter, then up to 30 small letters, digits and hyphens.`,
    );
  return {
    name,
    url: mustBeAddress('The URL', url),
    isOpen: !values.closed,
    poolerUrl: values.pooler && mustBeAddress('--pooler', values.pooler),
    replicaUrls: values.replica.map((each) => mustBeAddress('--replica', each)),
  };
}

async function mustBeFit({ directory, servers }: OperatorFleet, server: Server): Promise<void> {
  const shown = withoutPassword(server.url);
  try {
    const same = await findSame(server.url, servers);
    if (same) throw new OperatorFault(`${shown} is registered already: it is the server ${same.name}.`);
    const facts = await withServer(server.url, (client) => inspectServer(client, directory, server.url));
    const { faults, warnings } = judgeServer(facts, shardDatabaseAt(server.url));
    const ofReplicas = await Promise.all(server.replicaUrls.map((url) => checkReplica(url, server.url)));
    faults.push(...ofReplicas.flat().map((says) => ({ says })));
    if (faults.length > 0) throw new OperatorFault(describeFaults(shown, faults, warnings));
    for (const warning of warnings) say(`Note: ${describe(warning)}`);
    await noteFirst(directory, servers);
  } catch (error) {
    if (error instanceof OperatorFault) throw error;
    const isLost = isConnectionLost(error);
    throw new OperatorFault(`${shown} ${isLost ? 'does not answer' : 'cannot be used'}: ${reasonOf(error)}.`);
  }
}

async function prepare(url: string): Promise<void> {
  try {
    await prepareShardServer(url, MIGRATIONS, say);
  } catch (error) {
    if (error instanceof Error && 'isForOperator' in error) throw error;
    throw new OperatorFault(
      `${withoutPassword(url)}: ${reasonOf(error)}. It is not a part of the network yet; what was made there stays. Run this again when the cause is gone.`,
    );
  }
}

/** Its shards are the ones that will be moved. */
async function noteFirst(directory: OperatorFleet['directory'], [first]: Server[]): Promise<void> {
  if (!first) return;
  const facts = await withServer(first.url, (client) => inspectServer(client, directory, first.url));
  for (const fault of judgeMember(facts)) say(`Note: ${first.name}: ${describe(fault)}`);
}

const describe = ({ says, cure }: Fault) => (cure ? `${says}\n        ${cure.line}` : says);

function describeFaults(shown: string, faults: Fault[], warnings: Fault[]): string {
  const isConf = faults.some(({ cure }) => cure?.in === 'postgresql.conf');
  const isPsql = faults.some(({ cure }) => cure?.in === 'psql');
  return [
    `${shown} cannot be added yet, and nothing was changed there:`,
    ...faults.map((fault) => `  - ${describe(fault)}`),
    ...warnings.map((warning) => `  - (may stay) ${describe(warning)}`),
    ...(isConf
      ? ['Put the lines with = into its postgresql.conf (psql -c "show config_file"), and restart it.']
      : []),
    ...(isPsql ? ['Run the statements that end with ; there as a superuser.'] : []),
    'Then run this again.',
  ].join('\n');
}
