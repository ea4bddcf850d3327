/** Members who like at full speed, and take back every tenth: what was answered is kept, to be compared with what stands then. */
import { type LoadRequest, type LoadResult, load } from './load.ts';
import type { Member } from './people.ts';
import { type Bench, type System, withDatabase } from './system.ts';

export const CONNECTIONS = 16;
export const UNLIKE_EVERY = 10;
/** A prime, hence no factor of the number of pairs: each comes up once. */
const STRIDE = 7_919;

export type Post = { id: string };
type Act = { member: Member; post: Post; isLike: boolean };
export type Likers = {
  /** Goes on where it ended the last time; ends early when all pairs are used up. */
  act(seconds: number): Promise<LoadResult>;
  /** Likes by post, by what was answered. */
  expected: Map<string, number>;
};

/** The members are dealt out to the connections: one each, or as many as there are for each. */
export function openLikers(bench: Bench, system: System, members: Member[], posts: Post[]): Likers {
  const each = Math.floor(members.length / CONNECTIONS);
  let rest = Array.from({ length: CONNECTIONS }, (_, at) =>
    planActs(members.slice(at * each, (at + 1) * each), posts),
  );
  const expected = new Map(posts.map(({ id }) => [id, 0]));
  return {
    expected,
    async act(seconds) {
      const { port } = system;
      const result = await load(bench, { port, lanes: rest.map(requestsOf), repeats: false, seconds });
      for (const [at, acts] of rest.entries())
        for (const { post, isLike } of acts.slice(0, result.done[at]))
          expected.set(post.id, (expected.get(post.id) ?? 0) + (isLike ? 1 : -1));
      rest = rest.map((acts, at) => acts.slice(result.done[at]));
      return result;
    },
  };
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

/** Figures of a database that may lose what it acknowledged would say nothing. */
export async function refuseLax(system: System): Promise<void> {
  await withDatabase(system, 'postgres', async (client) => {
    for (const name of ['fsync', 'synchronous_commit', 'full_page_writes']) {
      const { rows } = await client.query('select current_setting($1) as value', [name]);
      if (rows[0]?.value !== 'on') throw new Error(`${name} is not on.`);
    }
  });
}
