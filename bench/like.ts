/**
 * Likes over many posts by many accounts: each a pair that is new, and every tenth act takes one back. An answer means
 * that the like is on the disk. Afterwards the jobs finish, and every counter is compared with what was answered.
 */
import { CONNECTIONS, openLikers, refuseLax, UNLIKE_EVERY } from './likes.ts';
import {
  call,
  type Member,
  makeAdmin,
  makeMembers,
  makePhoto,
  makePosts,
  type Post,
  step,
  together,
} from './people.ts';
import { cpuBetween, readCpu } from './processes.ts';
import {
  type Bench,
  type Figures,
  percentile,
  type Scenario,
  type System,
  settle,
  startSystem,
  type Wish,
} from './system.ts';

const MEMBERS_EACH = 8;
const AUTHORS = 20;
const POSTS_EACH = 12;
const SECONDS = 8;
const WARM_UP_SECONDS = 1;

export const like: Scenario = {
  name: 'like',
  about: `likes at ${CONNECTIONS} connections, one in ${UNLIKE_EVERY} taken back; then every counter is compared`,
  measure,
};

async function measure(bench: Bench, wish: Wish): Promise<Figures> {
  const system = await startSystem(bench);
  await refuseLax(system);
  const { members, posts } = await step(
    `${CONNECTIONS * MEMBERS_EACH} accounts and ${AUTHORS * POSTS_EACH} posts`,
    setScene(system),
  );
  const { act, expected } = openLikers(bench, system, members, posts);
  await step('warming up', act(WARM_UP_SECONDS));
  await settle(system);
  const before = await readCpu(system.pid());
  const measured = await step('likes', act(wish.seconds ?? SECONDS));
  const likeSettleMs = await settle(system);
  const cpu = cpuBetween(before, await readCpu(system.pid()));
  return {
    likesPerSecond: measured.perSecond,
    likeP50Ms16: percentile(measured.latenciesMs, 0.5),
    likeP99Ms16: percentile(measured.latenciesMs, 0.99),
    likeNodeCpuMs: cpu.node / measured.total,
    likePgCpuMs: cpu.postgres / measured.total,
    likeSettleMs,
    likeDrift: await countDrift(system, members, expected),
  };
}

async function setScene(system: System) {
  await makeAdmin(system);
  const members = await makeMembers(system, 'fan', CONNECTIONS * MEMBERS_EACH);
  const posts = await makePosts(system, members.slice(0, AUTHORS), POSTS_EACH, await makePhoto(320, 400));
  await settle(system);
  return { members, posts };
}

/** By how much the counters, as a member sees them, differ from what was answered. */
async function countDrift(
  system: System,
  [member]: Member[],
  expected: Map<string, number>,
): Promise<number> {
  const differences = await together([...expected], async ([postId, count]) => {
    const token = member?.token ?? '';
    const { likeCount } = await call<Post>(system.base, 'GET', `/posts/${postId}`, { token });
    return Math.abs(likeCount - count);
  });
  return differences.reduce((all, each) => all + each, 0);
}
