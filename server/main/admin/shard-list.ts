/** ./pinhole shard list: what each server holds and does. One that does not answer is a line among the others. */
import { parseArgs } from 'node:util';
import { reasonOf } from '../../infra/fleet/client.ts';
import { findOpenMove, type OpenMove, type Server, selectOwners } from '../../infra/fleet/servers.ts';
import { isHungry, type Slot } from '../../infra/fleet/slots.ts';
import { observeServer, type ServerState } from '../../infra/fleet/state.ts';
import { mergeRanges, printRanges } from '../../infra/moves/plan.ts';
import { withoutPassword } from '../../infra/server-address.ts';
import { say, step } from '../progress.ts';
import { withFleet } from './shard-fleet.ts';
import { count, inBytes, inTime, printTable } from './shard-print.ts';

type Listed = {
  name: string;
  url: string;
  pooler: string;
  isOpen: boolean;
  logicalShards: number;
  ranges: string;
  state: ServerState | null;
  /** Why there is no state. */
  fault: string | null;
};

const RANGES_SHOWN = 4;

export async function run(args: string[]): Promise<void> {
  const flag = { type: 'boolean', default: false } as const;
  const { values } = parseArgs({ args, options: { exact: flag, json: flag } });
  await withFleet(async ({ directory, servers }) => {
    const [owners, move] = [await selectOwners(directory), await findOpenMove(directory)];
    const looking = Promise.all(servers.map((server) => look(server, owners, values.exact)));
    const listed = values.json ? await looking : await step('Asking the servers', looking);
    if (values.json) say(JSON.stringify({ servers: listed, move }, null, 2));
    else for (const line of describeAll(listed, move)) say(line);
  });
}

async function look(server: Server, owners: readonly string[], isExact: boolean): Promise<Listed> {
  const shards = owners.flatMap((owner, shard) => (owner === server.name ? [shard] : []));
  const listed = {
    name: server.name,
    url: withoutPassword(server.url),
    pooler: server.poolerUrl && withoutPassword(server.poolerUrl),
    isOpen: server.isOpen,
    logicalShards: shards.length,
    ranges: printRanges(mergeRanges(shards.map((shard) => ({ from: shard, to: shard })))),
  };
  try {
    return { ...listed, state: await observeServer(server, isExact), fault: null };
  } catch (error) {
    return { ...listed, state: null, fault: reasonOf(error) };
  }
}

function describeAll(listed: Listed[], move: OpenMove | null): string[] {
  const heading = [
    '',
    '',
    'shards',
    'accounts',
    'rows',
    'size',
    'transactions/s',
    'rows read/s',
    'written/s',
    'connections',
  ];
  const lines = printTable([heading, ...listed.map(rowOf)], 2);
  for (const each of listed) lines.push('', ...describeServer(each));
  if (move) lines.push('', describeMove(move));
  return lines;
}

function rowOf({ name, isOpen, logicalShards, state }: Listed): string[] {
  const start = [name, isOpen ? 'open' : 'closed', count(logicalShards)];
  if (!state) return [...start, ...Array.from({ length: 6 }, () => '–'), 'does not answer'];
  const { transactionsPerSecond, rowsReadPerSecond, rowsWrittenPerSecond } = state;
  return [
    ...start,
    count(state.accounts),
    count(state.rows),
    inBytes(state.bytes),
    ...[transactionsPerSecond, rowsReadPerSecond, rowsWrittenPerSecond].map(count),
    `${state.connections} of ${state.connectionsMax}`,
  ];
}

function describeServer({ name, url, pooler, ranges, state, fault }: Listed): string[] {
  return [
    `${name}  ${url}${pooler ? ` through ${pooler}` : ''}`,
    `  shards   ${shorten(ranges) || 'none'}`,
    ...(fault === null ? [] : [`  ! does not answer: ${fault}`]),
    ...(state?.replicas ?? []).map(describeReplica),
    ...(state?.slots ?? []).map(describeSlot),
  ];
}

function describeReplica({ url, lag, fault }: ServerState['replicas'][number]): string {
  if (!lag) return `! replica  ${url}: does not answer: ${fault}`;
  return `  replica  ${url}: ${inBytes(lag.bytes)}, ${inTime(lag.seconds)} behind`;
}

function describeSlot(slot: Slot): string {
  const use = slot.isLost ? 'lost' : slot.isActive ? 'read' : 'read by nobody';
  return `${isHungry(slot) ? '!' : ' '} slot     ${slot.name}: ${use}, holds back ${inBytes(slot.retainedBytes)} of log`;
}

function describeMove({ ranges, source, target, state, seconds, isDriven }: OpenMove): string {
  const doing = isDriven
    ? 'its mover is at work'
    : 'nobody is at work on it: ./pinhole shard move --resume goes on with it, ./pinhole shard move --undo takes it back';
  return `A move is under way: ${shorten(ranges)} from ${source} to ${target}, ${state}, begun ${inTime(seconds)} ago; ${doing}.`;
}

function shorten(ranges: string): string {
  const all = ranges.split(',');
  const more = all.length - RANGES_SHOWN;
  return more > 1 ? `${all.slice(0, RANGES_SHOWN).join(', ')} and ${more} more ranges` : all.join(', ');
}
