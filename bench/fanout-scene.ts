/** Authors with few and with very many followers, whose edges are written by SQL; and full lists of 10,000 of them in Redis. */
import type { AccountId } from '../core/ids.ts';
import { fillHome } from '../server/features/feed/feed.ts';
import type { App } from '../server/infra/app.ts';
import type { Redis } from '../server/infra/redis/redis.ts';
import {
  accountIdAs,
  insertAccounts,
  insertFollows,
  insertPosts,
  POSTS_FROM_MS,
  tidy,
} from './network-rows.ts';
import type { Member } from './people.ts';
import { type System, withDatabase } from './system.ts';

/** Numbers of made accounts: first those with lists, then the million. */
export const FANS = 10_000;
export const FANS_OF_SMALL = 1_000;
const FANS_OF_STAR = 1_000_000;
export const MADE_END = FANS + FANS_OF_STAR;
const HOME_MAX = 500;
const FILLED = 2_000;
const PART = 500;

export type Scene = {
  system: System;
  app: App;
  redis: Redis;
  authors: { one: Member; small: Member; large: Member; star: Member };
  /** All follow `large`, the first 1,000 `small`, the first `one`. */
  fans: AccountId[];
};

export async function setScene(system: System, authors: Scene['authors']): Promise<void> {
  const { one, small, large, star } = authors;
  await withDatabase(system, 'pinhole_shard', async (client) => {
    await insertAccounts(client, { from: 0, to: MADE_END });
    await insertPosts(client, {
      accounts: `select ${large.accountId}::bigint as account_id`,
      each: HOME_MAX,
      hasPhotos: false,
      fromMs: POSTS_FROM_MS,
    });
    for (const { target, from, count } of [
      { target: one, from: 0, count: 1 },
      { target: small, from: 0, count: FANS_OF_SMALL },
      { target: large, from: 0, count: FANS },
      { target: star, from: FANS, count: FANS_OF_STAR },
    ])
      await insertFollows(
        client,
        `select ${accountIdAs('n')} as account_id, ${target.accountId}::bigint as target_id
        from generate_series(${from}, ${from + count - 1}) as n`,
      );
    await client.query("update accounts set spread = 'merged' where account_id = $1", [star.accountId]);
    await tidy(client);
  });
}

/**
 * The first lists are made as the product makes them, when somebody reads; the others, which are equal, are copies of one
 * of these. Gives what one takes, in bytes.
 */
export async function fillHomes({ app, redis, fans }: Scene): Promise<number> {
  const before = await readUsedMemory(redis);
  for (let at = 0; at < FILLED; at += 50)
    await Promise.all(fans.slice(at, at + 50).map((fan) => fillHome(app, redis, fan)));
  const homeBytes = ((await readUsedMemory(redis)) - before) / FILLED;
  const source = homeKey(redis, fans[FILLED - 1]);
  await inParts(fans.slice(FILLED), (fan) => redis.command('COPY', source, homeKey(redis, fan)));
  const lengths = await inParts(fans, (fan) => redis.command<number>('LLEN', homeKey(redis, fan)));
  if (lengths.some((length) => length !== 1 + HOME_MAX)) throw new Error('A list is not full.');
  return homeBytes;
}

async function readUsedMemory(redis: Redis): Promise<number> {
  const text = await redis.command<string>('INFO', 'memory');
  return Number(/^used_memory:(\d+)/m.exec(text)?.[1]);
}

/** As features/feed/store.ts makes it. */
export function homeKey(redis: Redis, accountId: AccountId | undefined): string {
  return `home:${redis.generation()}:${accountId}`;
}

/** Commands by the hundred at a time, and not all at once. */
export async function inParts<Item, Reply>(
  items: Item[],
  ask: (item: Item) => Promise<Reply>,
): Promise<Reply[]> {
  const replies: Reply[] = [];
  for (let at = 0; at < items.length; at += PART)
    replies.push(...(await Promise.all(items.slice(at, at + PART).map(ask))));
  return replies;
}
