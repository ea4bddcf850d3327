/**
 * Column: accounts.spread; reads sessions. Redis, role feeds: home:{generation}:{account}: a list of state, then post ids, oldest first; and
 * home:{generation}:{account}:merged: a set of accounts that are followed and whose posts are not pushed.
 * Both can be rebuilt from the shards (`rebuild feeds`, or by the next read).
 *
 * The state at the head: a number below 4 (1: there are more posts in the shards; 2: there is a set of merged accounts), or,
 * below 0, the token of whoever fills the list just now. What is pushed meanwhile is already kept: whatever he read before it
 * was written, he finds it here.
 */
import type { AccountId, PostId } from '../../../core/ids.ts';
import type { Database, Transaction } from '../../infra/database.ts';
import { isFull } from '../../infra/redis/optional.ts';
import { IF_CURRENT, type Redis } from '../../infra/redis/redis.ts';
import { script } from '../../infra/redis/script.ts';
import { readAt, readEach, type Shards } from '../../infra/shards.ts';
import { sql } from '../../infra/sql.ts';

export type Spread = 'pushed' | 'turning' | 'merged';

/** `isWhole`: the feed ends where the list ends. */
export type Home = { postIds: PostId[]; merged: AccountId[]; isWhole: boolean };

export const HOME_MAX = 500;
/** A list may grow so far beyond, so that it is not cut with each push. */
export const SLACK = 50;
const HOME_SECONDS = 30 * 86_400;
/** Of posts that come later than so many newer ones lists are given up: putting them in their place would keep others waiting. */
const LATE_MAX = 20;
/** Whoever fills a list has this long. */
const FILLING_SECONDS = 20;
const KEYS_MAX = 500;
/** More would keep those waiting who read. */
const PARTS_AT_ONCE = 4;
const HAS_MORE = 1;
const HAS_MERGED = 2;

function homeKey(redis: Redis, accountId: AccountId): string {
  return `home:${redis.generation()}:${accountId}`;
}

function mergedKey(redis: Redis, accountId: AccountId): string {
  return `${homeKey(redis, accountId)}:merged`;
}

/** Decimal texts of up to 19 digits: more than Lua's numbers hold. */
const OLDER = `
  local function older(a, b) return #a < #b or (#a == #b and a < b) end`;

const READ = script(`${OLDER}
  local state = redis.call('LINDEX', KEYS[1], 0)
  if not state or tonumber(state) < 0 then return false end
  state = tonumber(state)
  local merged = {}
  if state >= ${HAS_MERGED} then
    merged = redis.call('SMEMBERS', KEYS[2])
    if #merged == 0 then return false end
    redis.call('EXPIRE', KEYS[2], ARGV[3])
  end
  redis.call('EXPIRE', KEYS[1], ARGV[3])
  local limit = tonumber(ARGV[2])
  local ids = {}
  local from = -1
  while #ids < limit do
    local part = redis.call('LRANGE', KEYS[1], from - limit, from)
    for at = #part, 1, -1 do
      if #ids < limit and #part[at] > 1 and older(part[at], ARGV[1]) then ids[#ids + 1] = part[at] end
    end
    if #part <= limit then break end
    from = from - limit - 1
  end
  return { state % 2, merged, ids }`);

/** Null when there is no list, or it is being filled: then the shards know. Newest first. */
export async function readHome(
  redis: Redis,
  accountId: AccountId,
  before: string,
  limit: number,
): Promise<Home | null> {
  const keys = [homeKey(redis, accountId), mergedKey(redis, accountId)];
  const found = await redis.run<[number, AccountId[], PostId[]] | null>(READ, keys, [
    before,
    String(limit),
    String(HOME_SECONDS),
  ]);
  if (!found) return null;
  const [hasMore, merged, postIds] = found;
  return { postIds, merged, isWhole: hasMore === 0 };
}

const BEGIN = script(`
  local state = redis.call('LINDEX', KEYS[1], 0)
  if state and tonumber(state) < 0 then return 0 end
  redis.call('DEL', KEYS[1])
  redis.call('RPUSH', KEYS[1], ARGV[1])
  redis.call('EXPIRE', KEYS[1], ${FILLING_SECONDS})
  return 1`);

/** From now on what is pushed is kept. False when another fills it already. `token`: a number below 0. */
export async function beginHome(redis: Redis, accountId: AccountId, token: string): Promise<boolean> {
  return (await redis.run<number>(BEGIN, [homeKey(redis, accountId)], [token])) === 1;
}

const FINISH = script(`${OLDER}
  if redis.call('LINDEX', KEYS[1], 0) ~= ARGV[1] then return 0 end
  local ids, there = {}, {}
  local function add(id)
    if not there[id] then there[id] = true; ids[#ids + 1] = id end
  end
  for at = 6, 5 + tonumber(ARGV[4]) do add(ARGV[at]) end
  for _, id in ipairs(redis.call('LRANGE', KEYS[1], 1, -1)) do add(id) end
  table.sort(ids, older)
  local max = tonumber(ARGV[3])
  local state = tonumber(ARGV[2])
  if #ids > max and state % 2 == 0 then state = state + ${HAS_MORE} end
  redis.call('DEL', KEYS[1], KEYS[2])
  redis.call('RPUSH', KEYS[1], state)
  for at = math.max(1, #ids - max + 1), #ids do redis.call('RPUSH', KEYS[1], ids[at]) end
  for at = 6 + tonumber(ARGV[4]), #ARGV do redis.call('SADD', KEYS[2], ARGV[at]) end
  redis.call('EXPIRE', KEYS[1], ARGV[5])
  redis.call('EXPIRE', KEYS[2], ARGV[5])
  return 1`);

/** False when the list was forgotten meanwhile: what was read for it may be out of date. */
export async function finishHome(
  redis: Redis,
  accountId: AccountId,
  token: string,
  home: Home,
): Promise<boolean> {
  const state = (home.isWhole ? 0 : HAS_MORE) + (home.merged.length > 0 ? HAS_MERGED : 0);
  const keys = [homeKey(redis, accountId), mergedKey(redis, accountId)];
  const head = [token, state, HOME_MAX, home.postIds.length, HOME_SECONDS].map(String);
  return (await redis.run<number>(FINISH, keys, [...head, ...home.postIds, ...home.merged])) === 1;
}

/**
 * What comes late is put in its place among the newest; a list in which its place is further back is given up, and filled anew.
 * What is older than all of a list that has an end in the shards belongs behind that end.
 */
const PUSH = script(`${IF_CURRENT}${OLDER}
  local id, max, slack = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
  local there = 0
  local function put_late(key)
    local state = tonumber(redis.call('LINDEX', key, 0))
    if state >= 0 and state % 2 == 1 and older(id, redis.call('LINDEX', key, 1)) then return end
    local newest = redis.call('LRANGE', key, -${LATE_MAX}, -1)
    if #newest == ${LATE_MAX} and older(id, newest[1]) then
      if not redis.call('LPOS', key, id) then redis.call('UNLINK', key) end
      return
    end
    local newer = {}
    while older(id, newest[#newest]) do
      newer[#newer + 1] = redis.call('RPOP', key)
      newest[#newest] = nil
    end
    if newest[#newest] ~= id then redis.call('RPUSH', key, id) end
    for at = #newer, 1, -1 do redis.call('RPUSH', key, newer[at]) end
  end
  for _, key in ipairs(KEYS) do
    local last = redis.call('LINDEX', key, -1)
    if last then
      there = there + 1
      if older(last, id) then
        local length = redis.call('RPUSH', key, id)
        if length > max + slack + 1 then
          local state = tonumber(redis.call('LPOP', key))
          redis.call('LPOP', key, length - max - 1)
          if state >= 0 and state % 2 == 0 then state = state + ${HAS_MORE} end
          redis.call('LPUSH', key, string.format('%.0f', state))
        end
      elseif last ~= id then
        put_late(key)
      end
    end
  end
  return there`);

const TAKE_OUT = script(`${IF_CURRENT}
  local there = 0
  for _, key in ipairs(KEYS) do
    local state = redis.call('LINDEX', key, 0)
    if state and tonumber(state) < 0 then redis.call('DEL', key)
    else there = there + redis.call('LREM', key, 1, ARGV[1]) end
  end
  return there`);

/**
 * Into the lists that there are, in its place; twice is once. Not below the oldest of a list that goes on in the shards: they
 * may have more between the two. Gives how many there are.
 */
export function pushToHomes(redis: Redis, accountIds: AccountId[], postId: PostId): Promise<number> {
  return inParts(redis, accountIds, async (keys) => {
    try {
      return await redis.change<number>(PUSH, keys, [postId, String(HOME_MAX), String(SLACK)]);
    } catch (error) {
      if (!isFull(error)) throw error;
      // No room for it: without the list the shards are asked.
      await redis.forget(keys);
      return 0;
    }
  });
}

/** Whoever fills a list just now may have read the post before: he is not to write what he has read. */
export function takeFromHomes(redis: Redis, accountIds: AccountId[], postId: PostId): Promise<number> {
  return inParts(redis, accountIds, (keys) => redis.change<number>(TAKE_OUT, keys, [postId]));
}

export function forgetHomes(redis: Redis, accountIds: AccountId[]): Promise<number> {
  return inParts(redis, accountIds, redis.forget);
}

/** Bounded scripts, which Redis gets one behind the other and runs between other members' questions. */
async function inParts(
  redis: Redis,
  accountIds: AccountId[],
  work: (keys: string[]) => Promise<number>,
): Promise<number> {
  const prefix = `home:${redis.generation()}:`;
  const parts: string[][] = [];
  for (let at = 0; at < accountIds.length; at += KEYS_MAX)
    parts.push(accountIds.slice(at, at + KEYS_MAX).map((accountId) => prefix + accountId));
  let count = 0;
  const waiting = parts.values();
  const lane = async () => {
    for (const part of waiting) {
      const there = await work(part);
      count += there;
    }
  };
  await Promise.all(Array.from({ length: PARTS_AT_ONCE }, lane));
  return count;
}

// how an account's posts are spread -----------------------------------------------------------------------------

/** Those whose posts a reader merges himself. */
export async function selectMerged(shards: Shards, accountIds: AccountId[]): Promise<AccountId[]> {
  const rows = await readEach<{ account_id: AccountId }, AccountId>(
    shards,
    accountIds,
    (share) => sql`select account_id from accounts where account_id = any(${share}) and spread <> 'pushed'`,
  );
  return rows.map((row) => row.account_id);
}

export async function selectSpread(shards: Shards, accountId: AccountId) {
  const [row] = await readAt<{ spread: Spread; follower_count: string }>(
    shards,
    accountId,
    sql`select spread, follower_count from accounts where account_id = ${accountId} and state = 'active'`,
  );
  return row ?? null;
}

/** Gives which turn it is; null when it is not spread as it was. */
export async function beginTurn(
  tx: Transaction,
  accountId: AccountId,
  from: Spread,
  to: Spread,
): Promise<number | null> {
  const [row] = await tx.rows<{ spread_turn: number }>(sql`
    update accounts set spread = ${to}, spread_turn = spread_turn + 1
    where account_id = ${accountId} and spread = ${from} returning spread_turn`);
  return row?.spread_turn ?? null;
}

/** Unless it was overtaken. */
export async function endTurn(tx: Transaction, accountId: AccountId, turn: number): Promise<void> {
  await tx.rows(sql`
    update accounts set spread = 'merged'
    where account_id = ${accountId} and spread = 'turning' and spread_turn = ${turn}`);
}

// making lists for all who come ---------------------------------------------------------------------------------

const PLACE_SECONDS = 86_400;

const placeKey = (redis: Redis, part: string, server: string) =>
  `rebuild:${part}:${redis.generation()}:${server}`;

/** How far a rebuild has come on a server; null: not begun, or at its end. */
export function readPlace(redis: Redis, part: string, server: string): Promise<string | null> {
  return redis.command<string | null>('GET', placeKey(redis, part, server));
}

export async function writePlace(
  redis: Redis,
  part: string,
  server: string,
  place: string | null,
): Promise<void> {
  const key = placeKey(redis, part, server);
  if (place === null) await redis.command('UNLINK', key);
  else await redis.command('SET', key, place, 'EX', String(PLACE_SECONDS));
}

/** Accounts of one server that were here within the time that lists live, in the order of their ids. */
export async function selectRecent(database: Database, after: string, limit: number): Promise<AccountId[]> {
  const rows = await database.rows<{ account_id: AccountId }>(sql`
    select distinct account_id from sessions
    where last_used_at > now() - ${HOME_SECONDS} * interval '1 second' and account_id > ${after} and is_owned(account_id)
    order by account_id limit ${limit}`);
  return rows.map((row) => row.account_id);
}

export async function countRecent(database: Database): Promise<number> {
  const [row] = await database.rows<{ count: string }>(sql`
    select count(distinct account_id) from sessions
    where last_used_at > now() - ${HOME_SECONDS} * interval '1 second' and is_owned(account_id)`);
  return Number(row?.count);
}
