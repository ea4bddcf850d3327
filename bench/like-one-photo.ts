/**
 * One photo that everybody likes, each of many members once, and every tenth act takes one back. The members and their
 * sessions are made by SQL. Afterwards the photo's counter, the likes and their mirror are compared with what was answered.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { startAccelerators } from './accelerators.ts';
import { CONNECTIONS, openLikers, refuseLax, UNLIKE_EVERY } from './likes.ts';
import { insertAccounts, insertSessions, tidy } from './network-rows.ts';
import { makeAdmin, makePhoto, makePosts, step } from './people.ts';
import {
  type Bench,
  type Figures,
  percentile,
  type Scenario,
  type System,
  settle,
  startSystem,
  type Wish,
  withDatabase,
} from './system.ts';

const SECONDS = 8;
const WARM_UP_SECONDS = 1;
/** A second's worth of acts for the connections, more than there can be. */
const MEMBERS_PER_SECOND = 5_000;
const LOOK_MS = 10;

export const likeOnePhoto: Scenario = {
  name: 'like-one-photo',
  about: `likes of one photo at ${CONNECTIONS} connections, one in ${UNLIKE_EVERY} taken back; then all is compared`,
  measure,
};

async function measure(bench: Bench, wish: Wish): Promise<Figures> {
  const { settings } = await startAccelerators(bench);
  const system = await startSystem(bench, settings);
  await refuseLax(system);
  const seconds = wish.seconds ?? SECONDS;
  const count = (seconds + WARM_UP_SECONDS) * MEMBERS_PER_SECOND;
  const author = await makeAdmin(system);
  const [post] = await makePosts(system, [author], 1, await makePhoto(320, 400));
  if (!post) throw new Error('There is no photo.');
  const members = await step(`${count} members`, makeMembers(system, count));
  const { act, expected } = openLikers(bench, system, members, [post]);
  await step('warming up', act(WARM_UP_SECONDS));
  await settle(system);
  const watch = watchCounter(system, post.id);
  const measured = await step('likes', act(seconds));
  const updates = await watch.end();
  const settleMs = await settle(system);
  return {
    likesPerSecond: measured.perSecond,
    likeP50Ms: percentile(measured.latenciesMs, 0.5),
    likeP99Ms: percentile(measured.latenciesMs, 0.99),
    settleMs,
    drift: await countDrift(system, post.id, expected.get(post.id) ?? 0),
    counterUpdatesPerSecond: (updates * 1_000) / measured.elapsedMs,
  };
}

function makeMembers(system: System, count: number) {
  return withDatabase(system, 'pinhole_shard', async (client) => {
    const numbers = { from: 0, to: count };
    await insertAccounts(client, numbers);
    const members = await insertSessions(client, numbers);
    await tidy(client);
    return members;
  });
}

/** Counts how often the post's row is another, from the outside; the end gives how often. */
function watchCounter(system: System, postId: string): { end(): Promise<number> } {
  let isOver = false;
  const watching = withDatabase(system, 'pinhole_shard', async (client) => {
    const versions = new Set<string>();
    while (!isOver) {
      const { rows } = await client.query('select xmin from posts where post_id = $1', [postId]);
      versions.add(rows[0]?.xmin);
      await delay(LOOK_MS);
    }
    return versions.size - 1;
  });
  watching.catch(() => undefined);
  return {
    end() {
      isOver = true;
      return watching;
    },
  };
}

/** By how much the counter, the likes and their mirror differ from what was answered, together. */
async function countDrift(system: System, postId: string, expected: number): Promise<number> {
  return withDatabase(system, 'pinhole_shard', async (client) => {
    const { rows } = await client.query<{ count: string }>(
      `select like_count as count from posts where post_id = $1
      union all select count(*) from likes where post_id = $1
      union all select count(*) from post_likes where post_id = $1`,
      [postId],
    );
    return rows.reduce((all, { count }) => all + Math.abs(Number(count) - expected), 0);
  });
}
