/** Two servers with people on both, who follow one another across, and things that not everybody may see. */
import assert from 'node:assert/strict';
import type { PostCard } from '../core/shapes.ts';
import type { ShardServer } from '../server/infra/shards.ts';
import { checkAll } from '../server/main/admin/check.ts';
import type { PostgresServer, ServerOptions } from './fleet.ts';
import { openFleetWorld } from './fleet-world.ts';
import { everyday, isError, type Load, quantile, startLoad } from './isolation-load.ts';
import { type Person, type Reply, until } from './world.ts';

/** No answer may take longer, whatever is broken: 3 s, and what a busy machine adds. */
const JOBS_BACK_MS = 120_000;
const ANSWER_MAX_MS = 4_000;
const HEAL_MAX_MS = 5_000;
/** Of one process at one server: 2 + 12 + 4 + 2, a probe, and the watcher of the map. */
const CONNECTIONS_MAX = 22;
const OWN_REQUESTS = 20;
const OWN_MAX_MS = 100;
const CALM_MS = 1_000;
const FAULT_MS = 1_500;
/** In captions that only followers of a private account may read. */
const SECRET = 'SECRET';

export type IsolationWorld = Awaited<ReturnType<typeof openIsolationWorld>>;
type Scene = Awaited<ReturnType<typeof setScene>>;

export async function openIsolationWorld(options: ServerOptions) {
  const fleetWorld = await openFleetWorld({ servers: 2, ...options });
  const [main, pg2] = fleetWorld.fleet.servers;
  assert.ok(pg2);
  return { ...fleetWorld, main, pg2, scene: await setScene(fleetWorld) };
}

async function setScene({ accountOn, world }: Awaited<ReturnType<typeof openFleetWorld>>) {
  const people = {
    ann: await accountOn('main', 'ann'),
    bob: await accountOn('main', 'bob'),
    /** Of main; follows people of both. */
    mia: await accountOn('main', 'mia'),
    pia: await accountOn('pg2', 'pia'),
    pol: await accountOn('pg2', 'pol'),
    /** Of pg2; follows people of both. */
    max: await accountOn('pg2', 'max'),
    hidden: await accountOn('pg2', 'hidden', { isPrivate: true }),
    recluse: await accountOn('main', 'recluse', { isPrivate: true }),
    stranger: await accountOn('main', 'stranger'),
    outsider: await accountOn('pg2', 'outsider'),
    /** Blocked by pia and by ann. */
    bad: await accountOn('main', 'bad'),
    worse: await accountOn('pg2', 'worse'),
  };
  const { ann, bob, mia, pia, pol, max, hidden, recluse, bad, worse } = people;
  /** The hashtags that come with it live on that server. */
  async function firstWith(name: string, work: () => Promise<PostCard>): Promise<PostCard> {
    const { servers } = world.app.shards;
    for (const server of servers) server.isOpen = server.name === name;
    const post = await work();
    await world.settled();
    for (const server of servers) server.isOpen = true;
    return post;
  }
  const posts = {
    ann: await ann.posts('a day #sea'),
    bob: await firstWith('main', () => bob.posts('another day #atmain')),
    pia: await pia.posts('a boat #sea'),
    pol: await firstWith('pg2', () => pol.posts('two boats #atpg2')),
    mia: await mia.posts('the harbour #atmain #atpg2'),
    max: await max.posts('the lighthouse #atmain #atpg2'),
    hidden: await hidden.posts(`${SECRET} at pg2 #sea`),
    recluse: await recluse.posts(`${SECRET} at main #sea`),
  };
  for (const me of [mia, max])
    for (const each of [ann, bob, pia, pol, hidden, recluse]) await me.follows(each);
  await Promise.all([ann.follows(bob), bob.follows(ann), pia.follows(pol), pol.follows(pia)]);
  await world.settled();
  for (const owner of [hidden, recluse]) for (const me of [mia, max]) await owner.accepts(me);
  for (const post of [posts.mia, posts.max])
    for (const me of [ann, pol]) {
      await me.likes(post);
      await me.comments(post, `from ${me.handle}`);
    }
  for (const owner of [ann, pia]) for (const me of [bad, worse]) await owner.blocks(me);
  await world.settled();
  // Followers of the private ones see them, so that what others do not see means something.
  for (const [owner, post] of [
    [hidden, posts.hidden],
    [recluse, posts.recluse],
  ] as const)
    assert.equal((await mia.act('GET', `/posts/${post.id}`)).body.account.id, owner.id);
  return { people, posts };
}

type Side = { dead: 'main' | 'pg2' };

function urlOf(post: PostCard): string {
  const url = post.photos[0]?.renditions[0]?.url;
  assert.ok(url);
  return url;
}

/** Groups: living, dying, mixed, and those who must not be shown something. */
export function startMembers({ world, scene }: IsolationWorld, { dead }: Side): Load {
  const { people, posts } = scene;
  const main = {
    me: people.ann,
    other: people.bob,
    mixed: people.mia,
    own: posts.mia,
    post: posts.bob,
    mine: posts.ann,
  };
  const pg2 = {
    me: people.pia,
    other: people.pol,
    mixed: people.max,
    own: posts.max,
    post: posts.pol,
    mine: posts.pia,
  };
  const [living, dying] = dead === 'pg2' ? [main, pg2] : [pg2, main];
  const { mixed } = living;
  return startLoad([
    { group: 'living', acts: everyday(living.me, living.other, living.post) },
    { group: 'living', acts: everyday(living.other, living.me, living.mine) },
    { group: 'dying', acts: everyday(dying.me, dying.other, dying.post), check: mustBeClean },
    {
      group: 'mixed',
      acts: {
        feed: () => mixed.act('GET', '/feed'),
        comments: () => mixed.act('GET', `/posts/${living.own.id}/comments`),
        likers: () => mixed.act('GET', `/posts/${living.own.id}/likes`),
        following: () => mixed.act('GET', `/accounts/${mixed.id}/following`),
        activity: () => mixed.act('GET', '/activity'),
        // The names of hashtags are in the directory, on main.
        ...(dead === 'pg2' ? { hashtag: () => mixed.act('GET', '/hashtags/atmain') } : {}),
      },
    },
    {
      group: 'single',
      acts: {
        post: () => mixed.act('GET', `/posts/${dying.mine.id}`),
        anonymous: () => world.call('GET', `/posts/${dying.mine.id}`),
        profile: () => mixed.act('GET', `/accounts/${dying.me.id}`),
        photo: () => world.call('GET', urlOf(dying.mine)),
        like: () => mixed.act('PUT', `/posts/${dying.post.id}/like`),
        unlike: () => mixed.act('DELETE', `/posts/${dying.post.id}/like`),
        comment: (n) =>
          mixed.act('POST', `/posts/${dying.post.id}/comments`, { body: { text: `across ${n}` } }),
        unfollow: () => mixed.act('DELETE', `/accounts/${dying.other.id}/follow`),
        follow: () => mixed.act('PUT', `/accounts/${dying.other.id}/follow`),
      },
      check: mustBeThere,
    },
    { group: 'peeping', acts: peeps(world.call, scene, people.stranger), check: mustBeHidden },
    { group: 'peeping', acts: peeps(world.call, scene, people.outsider), check: mustBeHidden },
    { group: 'blocked', acts: looks(scene, people.bad), check: mustBeBlocked },
    { group: 'blocked', acts: looks(scene, people.worse), check: mustBeBlocked },
  ]);
}

type CallApi = IsolationWorld['world']['call'];

function peeps(call: CallApi, { people, posts }: Scene, me: Person) {
  const acts: Record<string, () => Promise<Reply>> = { sea: () => me.act('GET', '/hashtags/sea') };
  for (const [owner, post] of [
    [people.hidden, posts.hidden],
    [people.recluse, posts.recluse],
  ] as const) {
    acts[`${owner.handle} posts`] = () => me.act('GET', `/accounts/${owner.id}/posts`);
    acts[`${owner.handle} post`] = () => me.act('GET', `/posts/${post.id}`);
    acts[`${owner.handle} comments`] = () => me.act('GET', `/posts/${post.id}/comments`);
    acts[`${owner.handle} followers`] = () => me.act('GET', `/accounts/${owner.id}/followers`);
    acts[`${owner.handle} photo`] = () => call('GET', urlOf(post), { token: me.token });
  }
  return acts;
}

function mustBeHidden(reply: Reply, act: string): void {
  assert.ok(!reply.text.includes(SECRET), `${act}: a stranger is shown what is private`);
  const isOpen = act === 'sea';
  assert.ok(isOpen || [404, 503].includes(reply.status), `${act}: ${reply.status}`);
}

/** Lists of others' as well: whoever blocks is in none of them. */
function looks({ people, posts }: Scene, me: Person) {
  const acts: Record<string, () => Promise<Reply>> = {
    sea: () => me.act('GET', '/hashtags/sea'),
    followers: () => me.act('GET', `/accounts/${people.bob.id}/followers`),
    'followers there': () => me.act('GET', `/accounts/${people.pol.id}/followers`),
    feed: () => me.act('GET', '/feed'),
  };
  for (const [owner, post] of [
    [people.ann, posts.ann],
    [people.pia, posts.pia],
  ] as const) {
    acts[`${owner.handle} single`] = () => me.act('GET', `/accounts/${owner.id}`);
    acts[`${owner.handle} post single`] = () => me.act('GET', `/posts/${post.id}`);
    acts[`${owner.handle} like single`] = () => me.act('PUT', `/posts/${post.id}/like`);
  }
  return acts;
}

function mustBeBlocked(reply: Reply, act: string): void {
  const isSingle = act.includes('single');
  assert.ok(!isSingle || [404, 503].includes(reply.status), `${act}: ${reply.status}`);
  for (const handle of ['ann', 'pia'])
    assert.ok(!reply.text.includes(`"handle":"${handle}"`), `${act}: who is blocked is shown ${handle}`);
}

/** Not found would say that it does not exist. */
function mustBeThere(reply: Reply, act: string): void {
  assert.ok(
    reply.status < 300 || reply.status === 503,
    `${act}: ${reply.status} ${reply.text.slice(0, 200)}`,
  );
}

function mustBeClean(reply: Reply, act: string): void {
  if (reply.status < 300) return;
  assert.deepEqual(
    [reply.status, reply.body?.error?.code, Number(reply.headers.get('retry-after')) > 0],
    [503, 'database_unavailable', true],
    `${act}: ${reply.text.slice(0, 200)}`,
  );
}

export type Fault = { dead: 'main' | 'pg2'; begin(): Promise<void>; end(): Promise<void> };
export type Times = { calmMs?: number; faultMs?: number };

/** Members act before, during and after the fault; gives what was seen, for whoever wants more than what must hold. */
export async function endure(isolation: IsolationWorld, fault: Fault, times: Times = {}): Promise<Load> {
  const { scene } = isolation;
  const { people } = scene;
  const dead = fault.dead === 'pg2' ? people.pia : people.ann;
  const load = startMembers(isolation, fault);
  try {
    await load.lasts(times.calmMs ?? CALM_MS);
    load.phase('fault');
    await fault.begin();
    const own = await Promise.all([dead.act('GET', '/feed'), dead.act('POST', '/uploads')]);
    for (const reply of own) assert.deepEqual([reply.status, mustBeClean(reply, 'own')], [503, undefined]);
    await until(
      async () => (serverNamed(isolation, fault.dead).database.isDown() ? true : null),
      'the server is known to be down',
    );
    await refusesAtOnce(dead);
    await load.lasts(times.faultMs ?? FAULT_MS);
    await fault.end();
    await until(
      async () => ((await dead.act('GET', '/feed')).status === 200 ? true : null),
      'it heals',
      HEAL_MAX_MS,
    );
    await load.lasts(300);
    load.phase('after');
    await load.lasts(times.calmMs ?? CALM_MS);
  } finally {
    await load.stop();
  }
  mustBeIsolated(load);
  return load;
}

export function serverNamed({ world }: IsolationWorld, name: string): ShardServer {
  const server = world.app.shards.servers.find((each) => each.name === name);
  assert.ok(server);
  return server;
}

async function refusesAtOnce(member: Person): Promise<void> {
  const took = [];
  for (let n = 0; n < OWN_REQUESTS; n++) {
    const startMs = performance.now();
    mustBeClean(await member.act('GET', '/feed'), 'own');
    took.push({ ms: performance.now() - startMs });
  }
  assert.ok(quantile(took, 0.5) <= OWN_MAX_MS, `median of its own: ${quantile(took, 0.5)} ms`);
}

function mustBeIsolated(load: Load): void {
  for (const group of ['living', 'mixed']) {
    const all = load.of(group);
    const errors = all.filter(isError);
    assert.ok(
      errors.length <= all.length / 1_000,
      `${group}: ${errors.length} errors of ${all.length}, ${errors[0]?.act}`,
    );
  }
  const slowest = load.answers.toSorted((a, b) => b.ms - a.ms)[0];
  assert.ok((slowest?.ms ?? 0) <= ANSWER_MAX_MS, `${slowest?.group} ${slowest?.act}: ${slowest?.ms} ms`);
  const without = load.answers.filter(({ phase, isPartial }) => phase !== 'fault' && isPartial);
  assert.equal(without.length, 0, `partial without a fault: ${without[0]?.group} ${without[0]?.act}`);
  const partial = new Set(
    load.of('mixed', 'fault').flatMap(({ act, isPartial }) => (isPartial ? [act] : [])),
  );
  const lists = new Set(load.of('mixed').map(({ act }) => act));
  assert.deepEqual([...partial].sort(), [...lists].sort());
  for (const phase of ['calm', 'after']) {
    const bad = load.answers.filter((each) => each.phase === phase && isError(each));
    assert.equal(bad.length, 0, `${phase}: ${bad.length} errors, ${bad[0]?.group} ${bad[0]?.act}`);
  }
  const own = load.of('dying', 'fault');
  assert.ok(own.filter(isError).length > own.length / 2);
}

/** After all faults: what was done meanwhile stands on both sides, nothing was given up, and no connection is left over. */
export async function mustBeWhole(isolation: IsolationWorld): Promise<void> {
  const { app } = isolation.world;
  await until(
    async () => (app.shards.servers.some(({ database }) => database.isDown()) ? null : true),
    'all servers are known to answer',
  );
  // Jobs that ran when the server died come back after their heartbeat was missed, and was looked for.
  await isolation.world.settled(JOBS_BACK_MS);
  assert.equal((await app.queue.counts()).dead, 0);
  await mustHaveLetGo(isolation);
  assert.equal(await checkAll(app, false, () => undefined), 0);
}

async function mustHaveLetGo(isolation: IsolationWorld): Promise<void> {
  const { main, pg2, fleet } = isolation;
  const count = async (server: PostgresServer, database: string) => {
    const rows = await server.query<{ count: string }>(
      'postgres',
      'select count(*) from pg_stat_activity where datname = $1',
      [`${fleet.prefix}_${database}`],
    );
    return Number(rows[0]?.count);
  };
  await until(async () => {
    const counts = await Promise.all([count(main, 'shard'), count(main, 'directory'), count(pg2, 'shard')]);
    return counts.every((each) => each <= CONNECTIONS_MAX) ? true : null;
  }, 'connections are within their bound');
}
