/** ./pinhole shard rebalance: proposes the fewest moves that even out bytes and load, and makes them on --yes. */
import { parseArgs } from 'node:util';
import { isBalanced, type Placement, planBalance } from '../../infra/fleet/balance.ts';
import { reasonOf, withClient } from '../../infra/fleet/client.ts';
import { findOpenMove, type Server, selectOwners } from '../../infra/fleet/servers.ts';
import { type ServerWeight, weighServer, weighShards } from '../../infra/fleet/weights.ts';
import { printRanges } from '../../infra/moves/plan.ts';
import { connectionAt, shardDatabaseAt } from '../../infra/server-address.ts';
import { OperatorFault, say, step } from '../progress.ts';
import { type OperatorFleet, withFleet } from './shard-fleet.ts';
import { run as runMove } from './shard-move.ts';
import { count, inBytes, printTable } from './shard-print.ts';

const WEIGH_MS = 10 * 60_000;

export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({ args, options: { yes: { type: 'boolean', default: false } } });
  const { servers, placement } = await withFleet(async (fleet) => {
    const move = await findOpenMove(fleet.directory);
    if (move)
      throw new OperatorFault(
        `A move from ${move.source} to ${move.target} has not ended. ./pinhole shard list shows it; end it first.`,
      );
    return { servers: fleet.servers, placement: await step('Weighing the shards', weighAll(fleet)) };
  });
  const open = servers.filter(({ isOpen }) => isOpen).map(({ name }) => name);
  const plan = planBalance(placement, open);
  sayClosed(servers, placement);
  for (const line of describe(placement, open)) say(line);
  if (plan.moves.length === 0) {
    say(
      isBalanced(placement, open)
        ? `\nNothing to move: ${open.length < 2 ? 'fewer than two servers are open' : 'all open servers are within 10 % of their mean'}.`
        : '\nNo move would even this out: single shards are too heavy, or lie too scattered.',
    );
    return;
  }
  say(`\n${plan.moves.length === 1 ? 'One move evens' : `${plan.moves.length} moves even`} this out:`);
  for (const [at, { source, target, ranges, bytes }] of plan.moves.entries())
    say(
      `  ${at + 1}. from ${source} to ${target}, about ${inBytes(bytes)}: ./pinhole shard move ${printRanges(ranges)} --to ${target}`,
    );
  say('\nAfterwards:');
  for (const line of describe(plan.placement, open)) say(line);
  if (!isBalanced(plan.placement, open))
    say(
      'These moves make it no more even than that: single shards are too heavy, or lie too scattered for one move.',
    );
  if (!values.yes)
    return say(
      '\nNothing was moved. ./pinhole shard rebalance --yes makes these moves, one after the other.',
    );
  for (const [at, move] of plan.moves.entries()) {
    say(`\nMove ${at + 1} of ${plan.moves.length}`);
    await runMove([printRanges(move.ranges), '--to', move.target]);
  }
}

async function weighAll({ directory, servers }: OperatorFleet): Promise<Placement> {
  const owners = await selectOwners(directory);
  const nowMs = Date.now();
  const weighed = servers
    .filter(({ isOpen }) => isOpen)
    .map(async ({ name, url }): Promise<ServerWeight> => {
      try {
        return await withClient(connectionAt(url, shardDatabaseAt(url)), WEIGH_MS, (client) =>
          weighServer(name, client, nowMs),
        );
      } catch (error) {
        throw new OperatorFault(`${name} could not be weighed: ${reasonOf(error)}. Nothing was moved.`);
      }
    });
  return weighShards(owners, await Promise.all(weighed));
}

function sayClosed(servers: Server[], placement: Placement): void {
  const closed = servers.filter(({ isOpen }) => !isOpen);
  for (const { name } of closed) {
    const shards = placement.filter(({ server }) => server === name).length;
    say(`${name} is closed, so it is left out: it keeps its ${count(shards)} shards.`);
  }
}

/** What each server holds, and how far that is from the mean. */
function describe(placement: Placement, open: readonly string[]): string[] {
  const sums = open.map((name) => {
    const own = placement.filter(({ server }) => server === name);
    const bytes = own.reduce((sum, each) => sum + each.bytes, 0);
    const load = own.reduce((sum, each) => sum + each.load, 0);
    return { name, shards: own.length, bytes, load };
  });
  const mean = (of: 'bytes' | 'load') => sums.reduce((sum, each) => sum + each[of], 0) / sums.length;
  const [bytes, load] = [mean('bytes'), mean('load')];
  return printTable([
    ['', 'shards', 'bytes', 'of the mean', 'rows made in 7 days', 'of the mean'],
    ...sums.map((each) => [
      each.name,
      count(each.shards),
      inBytes(each.bytes),
      inPercent(each.bytes, bytes),
      count(each.load),
      inPercent(each.load, load),
    ]),
  ]);
}

function inPercent(part: number, mean: number): string {
  return mean > 0 ? `${Math.round((part / mean) * 100)} %` : '–';
}
