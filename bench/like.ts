/**
 * Likes over many posts by many accounts: each a pair that is new, and every tenth act takes one back. An answer means
 * that the like is on the disk. Afterwards the jobs finish, and every counter is compared with what was answered.
 */
import { type LoadRequest, load } from './load.ts';
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
  withDatabase,
} from './system.ts';

const CONNECTIONS = 16;
const MEMBERS_EACH = 8;
const AUTHORS = 20;
const POSTS_EACH = 12;
/** A prime, hence no factor of the number of pairs: each comes up once. */
const STRIDE = 7_919;
const UNLIKE_EVERY = 10;
const SECONDS = 8;
const WARM_UP_SECONDS = 1;

export const like: Scenario = {
  name: 'like',
  about: `likes at ${CONNECTIONS} connections, one in ${UNLIKE_EVERY} taken back; then every counter is compared`,
  measure,
};

type Act = { member: Member; post: Post; isLike: boolean };

async function measure(bench: Bench, wish: Wish): Promise<Figures> {
  const system = await startSystem(bench);
  await refuseLax(system);
  const { members, posts } = await step(
    `${CONNECTIONS * MEMBERS_EACH} accounts and ${AUTHORS * POSTS_EACH} posts`,
    setScene(system),
  );
  const lanes = Array.from({ length: CONNECTIONS }, (_, at) =>
    planActs(members.slice(at * MEMBERS_EACH, (at + 1) * MEMBERS_EACH), posts),
  );
  const expected = new Map(posts.map(({ id }) => [id, 0]));
  let rest = lanes;
  const act = async (seconds: number) => {
    const { port } = system;
    const result = await load(bench, { port, lanes: rest.map(requestsOf), repeats: false, seconds });
    for (const [at, acts] of rest.entries())
      for (const { post, isLike } of acts.slice(0, result.done[at]))
        expected.set(post.id, (expected.get(post.id) ?? 0) + (isLike ? 1 : -1));
    rest = rest.map((acts, at) => acts.slice(result.done[at]));
    return result;
  };
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

/** Figures of a database that may lose what it acknowledged would say nothing. */
async function refuseLax(system: System): Promise<void> {
  await withDatabase(system, 'postgres', async (client) => {
    for (const name of ['fsync', 'synchronous_commit', 'full_page_writes']) {
      const { rows } = await client.query('select current_setting($1) as value', [name]);
      if (rows[0]?.value !== 'on') throw new Error(`${name} is not on.`);
    }
  });
}

async function setScene(system: System) {
  await makeAdmin(system);
  const members = await makeMembers(system, 'fan', CONNECTIONS * MEMBERS_EACH);
  const posts = await makePosts(system, members.slice(0, AUTHORS), POSTS_EACH, await makePhoto(320, 400));
  await settle(system);
  return { members, posts };
}

/** All pairs of these members and posts, in an order in which neither repeats soon. */
function planActs(members: Member[], posts: Post[]): Act[] {
  const acts: Act[] = [];
  const pairs = members.length * posts.length;
  for (let turn = 0; turn < pairs; turn++) {
    const pair = (turn * STRIDE) % pairs;
    const member = members[pair % members.length];
    const post = posts[Math.floor(pair / members.length)];
    if (!member || !post) continue;
    acts.push({ member, post, isLike: true });
    const earlier = acts.at(-UNLIKE_EVERY / 2);
    if (turn % UNLIKE_EVERY === UNLIKE_EVERY - 2 && earlier) acts.push({ ...earlier, isLike: false });
  }
  return acts;
}

function requestsOf(acts: Act[]): LoadRequest[] {
  return acts.map(({ member, post, isLike }) => ({
    method: isLike ? 'PUT' : 'DELETE',
    path: `/api/v1/posts/${post.id}/like`,
    token: member.token,
  }));
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
