/**
 * A network by the million, written by SQL in the shape in which the product writes it: accounts, both sides of follows,
 * published posts. Counters of followers and posts are right; following_count, which no feed reads, stays 0. Handles are
 * not in the directory.
 */
import { randomBytes } from 'node:crypto';
import type pg from 'pg';
import { type AccountId, LOGICAL_SHARDS, type PostId, shardOf } from '../core/ids.ts';
import { hashToken } from '../server/features/accounts/sessions.ts';
import type { Member } from './people.ts';
import { LONG_AGO_MS, PHOTO } from './shards-rows.ts';

/** Made accounts are numbered; `to` is the first that is not meant. */
export type Numbers = { from: number; to: number };

const TOKEN_BYTES = 34;
/** Follows and posts are younger than all accounts: ids are made of times, ms since LONG_AGO_MS. */
const FOLLOWS_FROM_MS = 10_000_000;
export const POSTS_FROM_MS = 100_000_000;

/** `number`: as SQL, a number or a column. */
export function accountIdAs(number: string | number): string {
  return idAs(`${LONG_AGO_MS} + ${number}`, `(${number}) % ${LOGICAL_SHARDS}`);
}

export function accountIdOf(number: number): AccountId {
  const id = (BigInt(LONG_AGO_MS + number) << 23n) | (BigInt(number % LOGICAL_SHARDS) << 10n);
  return String(id) as AccountId;
}

function idAs(ms: string, shard: string): string {
  return `((${ms})::bigint << 23 | ((${shard})::bigint << 10))`;
}

/** An ID of the account's own shard. */
function idBesideAs(ms: string, accountId: string): string {
  return idAs(ms, `id_logical_shard(${accountId})`);
}

export async function insertAccounts(client: pg.Client, { from, to }: Numbers): Promise<void> {
  await asCopy(
    client,
    `insert into accounts (account_id, handle, name, email)
    select ${accountIdAs('n')}, 'made' || n, 'Made by the benchmark', 'made' || n || '@example.org'
    from generate_series(${from}, ${to - 1}) as n`,
  );
}

/** Sessions of made accounts: members who act, without having signed up. */
export async function insertSessions(client: pg.Client, { from, to }: Numbers): Promise<Member[]> {
  const members: Member[] = [];
  const hashes: Buffer[] = [];
  for (let number = from; number < to; number++) {
    const accountId = accountIdOf(number);
    const bytes = randomBytes(TOKEN_BYTES);
    bytes.writeUInt16BE(shardOf(accountId), 0);
    hashes.push(hashToken(bytes));
    members.push({ accountId, handle: `made${number}`, token: bytes.toString('base64url') });
  }
  await client.query(
    `insert into sessions (token_hash, session_id, account_id, kind, expires_at)
    select token_hash, account_id + 1, account_id, 'bearer', now() + interval '1 day'
    from unnest($1::bytea[], $2::bigint[]) as made (token_hash, account_id)`,
    [hashes, members.map(({ accountId }) => accountId)],
  );
  return members;
}

/** Accepted ones. `edges`: a query for account_id and target_id, which may give a pair twice. */
export async function insertFollows(client: pg.Client, edges: string): Promise<void> {
  const followId = idBesideAs(`${LONG_AGO_MS + FOLLOWS_FROM_MS} + at`, 'account_id');
  await asCopy(
    client,
    `create temp table new_follows on commit drop as
      select account_id, target_id, row_number() over () as at
      from (select distinct account_id, target_id from (${edges}) as edge where account_id <> target_id) as pair;
    insert into follows (account_id, target_id, follow_id, state)
    select account_id, target_id, ${followId}, 'accepted' from new_follows order by account_id, target_id;
    insert into followers (account_id, follower_id, follow_id, state)
    select target_id, account_id, ${followId}, 'accepted' from new_follows order by target_id, account_id;
    update accounts set follower_count = follower_count + new_count
    from (select target_id, count(*) as new_count from new_follows group by target_id) as counted
    where account_id = target_id`,
  );
}

/**
 * Published posts, `each` of every account that the query `accounts` gives, the accounts taking turns. `fromMs`: apart from
 * other posts made so.
 */
export async function insertPosts(
  client: pg.Client,
  wish: { accounts: string; each: number; hasPhotos: boolean; fromMs: number },
): Promise<void> {
  const { accounts, each, hasPhotos, fromMs } = wish;
  const photos = `
    insert into media (media_id, account_id, state, format, size_bytes, sha256, width, height, thumbhash, average_colour,
      renditions, shelf)
    select post_id + 1, account_id, 'ready', 'jpeg', 234567, md5(at::text) || md5('x' || at), 1080, 1350,
      left(md5('t' || at), 28), '#808080', '${PHOTO}', 'public' from new_posts;
    insert into post_media (post_id, position, media_id, alt_text)
    select post_id, 0, post_id + 1, 'A photograph of the benchmark' from new_posts;`;
  await asCopy(
    client,
    `create temp table new_posts on commit drop as
      select account_id, at, ${idBesideAs(`${LONG_AGO_MS + fromMs} + at`, 'account_id')} as post_id
      from (
        select account_id, row_number() over (order by turn, account_id) as at
        from (${accounts}) as author, generate_series(1, ${each}) as turn) as numbered;
    insert into posts (post_id, account_id, caption, state)
    select post_id, account_id, 'One of the photographs of the benchmark', 'published' from new_posts;
    ${hasPhotos ? photos : ''}
    update accounts set post_count = post_count + ${each}
    from (${accounts}) as author where accounts.account_id = author.account_id`,
  );
}

/** Published just now, without photos, and not spread yet; the oldest first. */
export async function insertNewPosts(
  client: pg.Client,
  accountId: AccountId,
  count: number,
): Promise<PostId[]> {
  const { rows } = await client.query<{ post_id: PostId }>(
    `insert into posts (post_id, account_id, state)
    select next_id(id_logical_shard($1)), $1, 'published' from generate_series(1, $2::integer) returning post_id`,
    [accountId, count],
  );
  return rows.map((row) => row.post_id);
}

/** As a move copies rows: without triggers. */
async function asCopy(client: pg.Client, statements: string): Promise<void> {
  await client.query(`begin; set local session_replication_role = replica; ${statements}; commit`);
}

/** What a server would do by itself within minutes is done at once, and does not disturb what is measured. */
export async function tidy(client: pg.Client): Promise<void> {
  await client.query('vacuum (analyze)');
  await client.query('checkpoint');
}
