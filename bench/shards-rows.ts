/**
 * Members' data by the hundred thousand, written by SQL in the shape in which the product writes it: both sides of every
 * like, and counters that are right. Handles are not in the directory: these accounts never sign in.
 */
import type { PostgresServer } from '../test/fleet.ts';
import { SHARD } from './shards-fleet.ts';

/** `shards`: those of the rows, both ends within. Every account has `postsEach` posts, every post `likesEach` likes. */
export type Amount = {
  shards: { from: number; to: number };
  accounts: number;
  postsEach: number;
  likesEach: number;
  hasPhotos: boolean;
  /** Apart from other rows made so: ids are made of times from here on, ms since 2010. */
  fromMs: number;
};
export type Rows = { accountIds: string[]; postIds: string[] };

/** Since 2010: 2024-01-01. */
export const LONG_AGO_MS = Date.UTC(2024, 0, 1) - Date.UTC(2010, 0, 1);

export const PHOTO = JSON.stringify(
  [
    ['w1080', 1_080, 1_350],
    ['w640', 640, 800],
    ['w320', 320, 400],
    ['s150', 150, 150],
  ].map(([name, width, height]) => ({ name, width, height, sizeBytes: 123_456, sha256: 'a'.repeat(64) })),
);

export async function fillRows(server: PostgresServer, amount: Amount): Promise<Rows> {
  const { shards, accounts, postsEach, likesEach, fromMs } = amount;
  const posts = accounts * postsEach;
  const shard = (number: string) => `((${number}) % ${shards.to - shards.from + 1} + ${shards.from})`;
  const id = (ms: string, number: string) =>
    `(((${fromMs} + ${ms})::bigint << 23) | (${shard(number)}::bigint << 10))`;
  const [accountId, postId] = [
    (number: string) => id(number, number),
    // Behind all accounts in time; a post has the shard of its author.
    (number: string) => id(`${accounts} + ${number}`, `(${number}) % ${accounts}`),
  ];
  const photos = `
    insert into media (media_id, account_id, state, format, size_bytes, sha256, width, height, thumbhash, average_colour,
      renditions, shelf)
    select ${postId('n')} + 1, ${accountId(`n % ${accounts}`)}, 'ready', 'jpeg', 234567, md5(n::text) || md5('x' || n), 1080, 1350,
      left(md5('t' || n), 28), '#808080', '${PHOTO}', 'public' from generate_series(0, ${posts - 1}) as n;
    insert into post_media (post_id, position, media_id, alt_text)
    select ${postId('n')}, 0, ${postId('n')} + 1, 'A photograph of the benchmark' from generate_series(0, ${posts - 1}) as n;`;
  const liker = `(n / ${likesEach} * 7 + n % ${likesEach}) % ${accounts}`;
  const likeId = id(`${accounts + posts} + n`, liker);
  const [liked, likes] = [`n / ${likesEach}`, `generate_series(0, ${posts * likesEach - 1}) as n`];
  const edges = `
    insert into likes (account_id, post_id, like_id) select ${accountId(liker)}, ${postId(liked)}, ${likeId} from ${likes};
    insert into post_likes (post_id, account_id, like_id) select ${postId(liked)}, ${accountId(liker)}, ${likeId} from ${likes};`;
  await server.query(
    SHARD,
    `begin;
    set local session_replication_role = replica;
    insert into accounts (account_id, handle, name, email, post_count)
    select ${accountId('n')}, 'made' || ${accountId('n')}, 'Made by the benchmark', 'made' || n || '@example.org', ${postsEach}
    from generate_series(0, ${accounts - 1}) as n;
    insert into posts (post_id, account_id, caption, state, like_count)
    select ${postId('n')}, ${accountId(`n % ${accounts}`)}, 'One of the photographs of the benchmark', 'published', ${likesEach}
    from generate_series(0, ${posts - 1}) as n;
    ${amount.hasPhotos ? photos : ''}
    ${likesEach > 0 ? edges : ''}
    commit;
    analyze accounts, posts, media, post_media, likes, post_likes`,
  );
  const select = async (numbered: string, count: number) =>
    (
      await server.query<{ id: string }>(
        SHARD,
        `select ${numbered} as id from generate_series(0, ${count - 1}) as n`,
      )
    ).map((row) => row.id);
  return { accountIds: await select(accountId('n'), accounts), postIds: await select(postId('n'), posts) };
}
