/**
 * A move of some 300 MB while members of the moving shards like, follow and comment. Every acknowledged act is then looked
 * for on both servers: at its source, and where a job mirrors it.
 */
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { type AnyId, shardOf } from '../core/ids.ts';
import { shardTables } from '../server/infra/shard-tables.ts';
import type { Act, ActsPlan } from './acts.worker.ts';
import type { MoverPlan, MoverReply } from './mover.worker.ts';
import type { Member } from './people.ts';
import { directoryOf, type Place, SHARD, type Side, settle } from './shards-fleet.ts';
import type { Scene } from './shards-ratio.ts';
import { fillRows, LONG_AGO_MS, type Rows } from './shards-rows.ts';
import { type Bench, type Figures, inChild, percentile, startChild, tell } from './system.ts';

const RANGE = { from: 0, to: 2_047 };
/** About 300 MB with their indexes. */
const ACCOUNTS = 16_000;
const POSTS_EACH = 8;
const LIKES_EACH = 3;
const PER_SECOND = 200;
const BEFORE_MS = 2_000;
const AFTER_MS = 1_000;
/** Behind the rows of the scene in time. */
const FROM_MS = LONG_AGO_MS + 86_400_000;

export async function measureMove(bench: Bench, { side, members }: Scene, part: number): Promise<Figures> {
  const [source, target] = side.places;
  if (!target) throw new Error('A move needs two servers.');
  const before = await sizeOf(source);
  const rows = await fillRows(source.server, {
    shards: RANGE,
    accounts: Math.max(RANGE.to + 1, Math.round(ACCOUNTS * part)),
    postsEach: POSTS_EACH,
    likesEach: LIKES_EACH,
    hasPhotos: true,
    fromMs: FROM_MS,
  });
  const moveMiB = ((await sizeOf(source)) - before) / 2 ** 20;
  await source.server.query(SHARD, 'checkpoint');
  const acts = await startActs(bench, side, movingMembers(members), rows);
  await delay(BEFORE_MS);
  const moved = await inChild<MoverReply>(
    bench,
    new URL('./mover.worker.ts', import.meta.url),
    planOf(side, target),
  );
  await delay(AFTER_MS);
  const ledger = await acts.stop();
  const moveSettleMs = await settle(side);
  tellWaits(moved);
  return {
    moveMiB,
    ...figuresOf(moved),
    ...figuresOfActs(ledger),
    moveSettleMs,
    ...(await compare(side, ledger, moved.failure === null)),
  };
}

/** An odd number of them, so that each does everything. */
function movingMembers(members: Member[]): Member[] {
  const moving = members.filter(({ accountId }) => {
    const shard = shardOf(accountId as AnyId);
    return shard >= RANGE.from && shard <= RANGE.to;
  });
  if (moving.length === 0) throw new Error('No member lives where something moves.');
  return moving.slice(0, moving.length - ((moving.length + 1) % 2));
}

export async function startActs(bench: Bench, side: Side, members: Member[], { accountIds, postIds }: Rows) {
  const plan: ActsPlan = { base: side.system.base, members, accountIds, postIds, perSecond: PER_SECOND };
  const child = startChild(bench, new URL('./acts.worker.ts', import.meta.url), plan);
  return {
    async stop(): Promise<Act[]> {
      const answered = once(child, 'message');
      child.send({ isOver: true });
      const [ledger] = (await answered) as [Act[]];
      child.disconnect();
      return ledger;
    },
  };
}

/** Tables and indexes, in bytes. */
async function sizeOf({ server }: Place): Promise<number> {
  const [row] = await server.query<{ bytes: string }>(
    SHARD,
    'select sum(pg_total_relation_size(name::regclass)) as bytes from unnest($1::text[]) as name',
    [shardTables.map(({ name }) => name)],
  );
  return Number(row?.bytes);
}

/** What stood in the way of the pause; like reasons once. */
function tellWaits({ waits, failure }: MoverReply): void {
  const kinds = Map.groupBy(waits, (reason) => reason.replaceAll(/\d+/g, '…'));
  for (const [kind, each] of kinds) tell(`  the move waited ${each.length} times: ${kind}`);
  if (failure !== null) tell(`  the move failed: ${failure}`);
}

function planOf(side: Side, target: Place): MoverPlan {
  const servers = side.places.map(({ name, server }) => ({
    name,
    connection: server.connection(SHARD),
    url: server.url(SHARD),
  }));
  return { fleet: { directory: directoryOf(side), servers }, wish: { ranges: [RANGE], target: target.name } };
}

/** Of a move that failed, most are no numbers. */
function figuresOf({ rows, bytes, tookMs, pauses, reachedMs, failure }: MoverReply): Figures {
  const openedMs = reachedMs.opened ?? Number.NaN;
  return {
    moveSeconds: failure === null ? tookMs / 1_000 : Number.NaN,
    moveCopySeconds: (reachedMs.copied ?? Number.NaN) / 1_000,
    moveOpenSeconds: openedMs / 1_000,
    moveClearSeconds: (tookMs - openedMs) / 1_000,
    movePauseMs: pauses.length > 0 ? Math.max(...pauses.map(({ ms }) => ms)) : Number.NaN,
    movePausesTakenBack: pauses.filter(({ isTakenBack }) => isTakenBack).length,
    moveRows: rows,
    moveRowsMiB: bytes / 2 ** 20,
  };
}

export const isAnswered = ({ status }: Act) => status >= 200 && status < 300;

function figuresOfActs(ledger: Act[]): Figures {
  const refused = ledger.filter((act) => !isAnswered(act));
  for (const { status, kind, atMs } of refused.slice(0, 5))
    tell(`  a ${kind} was answered ${status}, ${Math.round(atMs)} ms in`);
  const tookMs = ledger.filter(isAnswered).map((act) => act.tookMs);
  const lastMs = Math.max(...ledger.map(({ atMs }) => atMs));
  return {
    moveWrites: ledger.length,
    moveWritesPerSecond: (ledger.length * 1_000) / lastMs,
    moveRefused: refused.length,
    moveWriteP50Ms: percentile(tookMs, 0.5),
    moveWriteP99Ms: percentile(tookMs, 0.99),
    moveWriteMaxMs: Math.max(...tookMs),
  };
}

// the ledger ----------------------------------------------------------------------------------------------------

type Table = { name: string; key: [string, string]; owner: string };
/** Where an act stands: key is who and what. */
const TABLES: Record<Act['kind'], Table[]> = {
  like: [
    { name: 'likes', key: ['account_id', 'post_id'], owner: 'account_id' },
    { name: 'post_likes', key: ['account_id', 'post_id'], owner: 'post_id' },
  ],
  follow: [
    { name: 'follows', key: ['account_id', 'target_id'], owner: 'account_id' },
    { name: 'followers', key: ['follower_id', 'account_id'], owner: 'account_id' },
  ],
  comment: [{ name: 'comments', key: ['account_id', 'comment_id'], owner: 'comment_id' }],
};

/**
 * lost: acknowledged, and not where it is owned. doubled: more than once on the two servers; while a move has not ended, of
 * the rows that are owned. drift: of the posts' counters.
 */
async function compare(side: Side, ledger: Act[], hasEnded: boolean): Promise<Figures> {
  const found = { moveLost: 0, moveDoubled: 0 };
  for (const [kind, tables] of Object.entries(TABLES)) {
    const acts = ledger.filter((act) => act.kind === kind && isAnswered(act));
    for (const table of tables) {
      const counts = await Promise.all(side.places.map((place) => countRows(place, table, acts)));
      for (const at of acts.keys()) {
        const [owned, all] = [0, 1].map((of) => counts.reduce((sum, each) => sum + (each[at]?.[of] ?? 0), 0));
        if (owned === 0) found.moveLost++;
        if (((hasEnded ? all : owned) ?? 0) > 1) found.moveDoubled++;
      }
    }
  }
  const drifts = await Promise.all(side.places.map(countDrift));
  return { ...found, moveDrift: drifts.reduce((sum, each) => sum + each, 0) };
}

/** Of each act, in order: its rows that the server owns, and all that it has. */
async function countRows({ server }: Place, { name, key, owner }: Table, acts: Act[]): Promise<number[][]> {
  const [who, what] = key;
  const rows = await server.query<{ owned: number; all: number }>(
    SHARD,
    `select count(${name}.${who}) filter (where is_owned(${name}.${owner}))::integer as owned,
       count(${name}.${who})::integer as "all"
     from unnest($1::bigint[], $2::bigint[]) with ordinality as act (who, what, at)
     left join ${name} on ${name}.${who} = act.who and ${name}.${what} = act.what group by at order by at`,
    [acts.map(({ accountId }) => accountId), acts.map(({ commentId, targetId }) => commentId ?? targetId)],
  );
  return rows.map(({ owned, all }) => [owned, all]);
}

async function countDrift({ server }: Place): Promise<number> {
  const [row] = await server.query<{ drift: string }>(
    SHARD,
    `select coalesce(sum(abs(like_count - coalesce(likes, 0)) + abs(comment_count - coalesce(comments, 0))), 0) as drift
     from posts left join (select post_id, count(*) as likes from post_likes group by 1) as l using (post_id)
     left join (select post_id, count(*) as comments from comments group by 1) as c using (post_id)
     where is_owned(post_id)`,
  );
  return Number(row?.drift);
}
