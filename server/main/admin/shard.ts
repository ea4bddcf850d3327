/** ./pinhole shard: many PostgreSQL servers. */
import { OperatorFault } from '../progress.ts';

type SubVerb = { usage: string; load(): Promise<{ run(args: string[]): Promise<void> }> };

const subVerbs: Record<string, SubVerb> = {
  add: {
    usage: `add NAME URL [--pooler URL] [--replica URL]… [--closed]
      Make a PostgreSQL server a part of the network; it gets shards by move or rebalance.`,
    load: () => import('./shard-add.ts'),
  },
  list: {
    usage: `list [--exact] [--json]
      What each server holds and does; its replicas and replication slots; the move under way.`,
    load: () => import('./shard-list.ts'),
  },
  move: {
    usage: `move RANGE --to NAME [--dry-run]; move --resume; move --undo
      Move logical shards, such as 0-99,4096-8191, while members use them.`,
    load: () => import('./shard-move.ts'),
  },
  set: {
    usage: `set NAME [--open | --closed] [--pooler URL | none] [--replica URL]… [--no-replicas]
      How a server is reached, and whether newcomers come to it. --replica: all that there are.`,
    load: () => import('./shard-set.ts'),
  },
  rebalance: {
    usage: `rebalance [--yes]
      Propose the fewest moves that even out bytes and load between the open servers; --yes makes them.`,
    load: () => import('./shard-rebalance.ts'),
  },
};

export async function run([name = '', ...args]: string[]): Promise<void> {
  const subVerb = Object.hasOwn(subVerbs, name) ? subVerbs[name] : undefined;
  if (!subVerb)
    throw new OperatorFault(
      ['Usage:', ...Object.values(subVerbs).map(({ usage }) => `  ./pinhole shard ${usage}`)].join('\n'),
    );
  await (await subVerb.load()).run(args);
}
