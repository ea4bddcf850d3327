/**
 * Small writes of many members, committed together: those that come while a transaction is under way wait for it, and go into
 * the next one, as the records of PostgreSQL's own log do. A transaction costs the same for one as for fifty, so the more there
 * is to do the less each costs, and one alone waits for nobody. (Called group commit since DeWitt et al., 1984.)
 */
import { type AnyId, shardOf } from '../../core/ids.ts';
import type { Transaction } from './database.ts';
import {
  addMarks,
  newRequestContext,
  REQUEST_TURNS,
  type RequestContext,
  requestContext,
  runInContext,
  TURN_MS,
} from './request-context.ts';
import { ServerDown } from './server-down.ts';
import { type ShardServer, type Shards, serverOfShard, writeEach } from './shards.ts';

type Wait<Item, Result> = {
  at: AnyId;
  item: Item;
  context: RequestContext | undefined;
  /** On performance.now(). */
  sinceMs: number;
  resolve(result: Result): void;
  reject(error: unknown): void;
};
type Line<Item, Result> = { waits: Wait<Item, Result>[]; isBusy: boolean };

const TOGETHER_MAX = 64;
/** So many may wait for one server. */
const WAITS_MAX = 1_000;
const WAIT_MAX_MS = REQUEST_TURNS * TURN_MS;

/**
 * `work` gives a result for each item, in their order. It may be run again, when it turns out that a shard is elsewhere; when
 * it throws for several they are tried one by one, so that each answers for itself.
 */
export function groupCommit<App extends { shards: Shards }, Item, Result>(
  work: (app: App, tx: Transaction, items: Item[]) => Promise<Result[]>,
): (app: App, at: AnyId, item: Item) => Promise<Result> {
  const lines = new WeakMap<ShardServer, Line<Item, Result>>();

  async function commit(app: App, waits: Wait<Item, Result>[]): Promise<Map<Wait<Item, Result>, Result>> {
    const results = new Map<Wait<Item, Result>, Result>();
    await writeEach(
      app.shards,
      waits.map(({ at }) => at),
      async (tx, share) => {
        const here = new Set(share);
        const mine = waits.filter(({ at }) => here.has(at));
        const made = await work(
          app,
          tx,
          mine.map(({ item }) => item),
        );
        for (const [place, wait] of mine.entries()) results.set(wait, made[place] as Result);
      },
    );
    return results;
  }

  /** In a context of its own: the patience of one member is not that of the others, but all have written. */
  async function settle(app: App, waits: Wait<Item, Result>[]): Promise<void> {
    const context = newRequestContext(null);
    try {
      const results = await runInContext(context, () => commit(app, waits));
      for (const wait of waits) {
        if (wait.context) addMarks(wait.context, context);
        wait.resolve(results.get(wait) as Result);
      }
    } catch (error) {
      if (waits.length === 1 || error instanceof ServerDown) for (const { reject } of waits) reject(error);
      else for (const wait of waits) await settle(app, [wait]);
    }
  }

  async function run(app: App, line: Line<Item, Result>): Promise<void> {
    line.isBusy = true;
    while (line.waits.length > 0) {
      const nowMs = performance.now();
      const late = (wait: Wait<Item, Result>) => nowMs - wait.sinceMs > WAIT_MAX_MS;
      const next = line.waits.splice(0, TOGETHER_MAX);
      for (const wait of next.filter(late)) wait.reject(new ServerDown('servers', 'too many wait for one'));
      const inTime = next.filter((wait) => !late(wait));
      if (inTime.length > 0) await settle(app, inTime);
    }
    line.isBusy = false;
  }

  return (app, at, item) => {
    const server = serverOfShard(app.shards, shardOf(at));
    const line = lines.get(server) ?? { waits: [], isBusy: false };
    lines.set(server, line);
    if (line.waits.length >= WAITS_MAX)
      return Promise.reject(new ServerDown(server.name, 'too many wait for it'));
    return new Promise((resolve, reject) => {
      line.waits.push({
        at,
        item,
        context: requestContext(),
        sinceMs: performance.now(),
        resolve,
        reject,
      });
      if (!line.isBusy) void run(app, line);
    });
  };
}
