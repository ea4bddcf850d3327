/**
 * Members who post, follow, block, delete, like and read all the while that Redis and Memcached fail, and others who try to see
 * what is not for them. What must hold all the while: no error, no waiting, no post twice, nothing private, nothing deleted,
 * no card that is out of date. And when all is well again: each feed is what plain SQL says.
 */
import assert from 'node:assert/strict';
import { sql } from '../server/infra/sql.ts';
import { expectedFeed, idsOf, insertPosts, type Page, readToEnd, warm } from './home-feeds.ts';
import { type Act, isError, quantile, startLoad } from './isolation-load.ts';
import type { RedisServer } from './redis.ts';
import { type Person, type Reply, until, type World } from './world.ts';

export type Members = {
  all: Person[];
  /** What runs while they act, through each of the processes in turn; then it is looked at how they fared. */
  during(ways: Way[], work: (lasts: (ms: number) => Promise<void>) => Promise<void>): Promise<void>;
  /** Every feed to its end through this process, by pages of several sizes: first as it is served, then when there are lists. */
  mustBeRight(way: Way, redis: RedisServer): Promise<void>;
};
export type Way = Pick<World, 'app' | 'call'>;
type Scene = {
  world: World;
  members: Person[];
  /** A private account's. */
  secret: Set<string>;
  deleted: Set<string>;
  own: Map<string, string[]>;
  /** Post → the number of its last edit that was acknowledged. */
  edits: Map<string, number>;
  random(): number;
};

const USUAL_MS = 1_500;
/** What nobody gets, however busy the machine is. */
const HANGS_MS = 5_000;
const PAGE_SIZES = [23, 60];

/** `world`: a process that lives all the while. */
export async function openMembers(world: World, seed: number): Promise<Members> {
  const names = ['ann', 'bob', 'carol', 'dan', 'quiet', 'star', 'stranger', 'blocked', 'former'];
  const everybody: Person[] = [];
  for (const name of names) everybody.push(await world.account(name, { isPrivate: name === 'quiet' }));
  const [ann, bob, carol, dan, quiet, star, stranger, blocked, former] = everybody as [Person, ...Person[]] &
    Record<1 | 2 | 3 | 4 | 5 | 6 | 7 | 8, Person>;
  const members = [ann, bob, carol, dan, quiet, star];
  for (const fan of [ann, bob, carol, dan, former]) await fan.follows(star);
  for (const friend of [ann, bob, former]) {
    await friend.follows(quiet);
    await world.settled();
    await quiet.accepts(friend);
  }
  await ann.follows(bob);
  await bob.follows(ann);
  await carol.follows(ann);
  for (const owner of [quiet, star]) await owner.blocks(blocked);
  const scene: Scene = {
    world,
    members,
    secret: new Set(await insertPosts(world.app, quiet.id, 3)),
    deleted: new Set(),
    own: new Map(),
    edits: new Map(),
    random: randomOf(seed),
  };
  for (const author of [ann, star])
    scene.edits.set((await author.posts(`a photo by ${author.handle}`)).id, 0);
  await world.settled();
  await former.get('/feed');
  await quiet.removes(former);
  await world.settled();
  const groupsOf = (ways: Way[]) => {
    const inTurn = (person: Person) => {
      const each = ways.map((way) => through(person, way));
      return (n: number) => each[n % each.length] ?? person;
    };
    return [
      ...members.map((me) => ({
        group: me.handle,
        acts: { act: (n: number) => act(scene, me, inTurn(me)(n)) },
      })),
      ...[stranger, blocked, former].map((other) => ({
        group: other.handle,
        acts: probesOf(scene, quiet, inTurn(other)),
      })),
    ];
  };

  return {
    all: everybody,
    during: (ways, work) => actWhile(groupsOf(ways), work),
    async mustBeRight(way, redis) {
      await world.settled();
      for (const person of everybody) await feedMustBeRight(world, way, through(person, way), redis);
    },
  };
}

async function actWhile(
  groups: { group: string; acts: Record<string, Act> }[],
  work: (lasts: (ms: number) => Promise<void>) => Promise<void>,
): Promise<void> {
  const load = startLoad(groups);
  try {
    await work(load.lasts);
  } finally {
    await load.stop();
  }
  assert.deepEqual(load.answers.filter(isError), [], 'no member gets an error');
  const [usual, slowest] = [quantile(load.answers, 0.98), quantile(load.answers, 1)];
  assert.ok(usual < USUAL_MS && slowest < HANGS_MS, `answers took ${usual} ms, one ${slowest} ms`);
  for (const { group } of groups) assert.ok(load.of(group).length > 0, `${group} did something`);
}

/** The same person, whose requests go to this process. */
export function through(person: Person, way: Way): Person {
  const act: Person['act'] = (method, at, more = {}) =>
    way.call(method, at, { ...more, token: person.token });
  return { ...person, act, get: async (at) => (await act('GET', at)).body };
}

async function feedMustBeRight(world: World, way: Way, person: Person, redis: RedisServer): Promise<void> {
  for (const isWarm of [false, true]) {
    if (isWarm) await warm(way.app, redis, person);
    for (const limit of PAGE_SIZES) {
      const expected = await expectedFeed(world, person.id);
      let read: string[] = [];
      const isRight = async () => {
        read = await readToEnd(person, limit);
        return JSON.stringify(read) === JSON.stringify(expected) ? true : null;
      };
      await until(isRight, `the feed of ${person.handle} is right`).catch(() => undefined);
      assert.deepEqual(read, expected, `the feed of ${person.handle} by pages of ${limit}`);
    }
  }
}

// what they do ---------------------------------------------------------------------------------------------------

async function act(scene: Scene, me: Person, agent: Person): Promise<Reply> {
  const { world, random } = scene;
  const others = scene.members.filter((each) => each !== me);
  const other = others[Math.floor(random() * others.length)] ?? me;
  const mine = scene.own.get(me.id) ?? [];
  scene.own.set(me.id, mine);
  const die = random();
  if (die < 0.1) {
    const posted = await insertPosts(world.app, me.id, 1);
    mine.push(...posted);
    if (me.handle === 'quiet') for (const postId of posted) scene.secret.add(postId);
    return readFeed(scene, agent, 20);
  }
  if (die < 0.18) return agent.act('PUT', `/accounts/${other.id}/follow`);
  if (die < 0.24) return agent.act('DELETE', `/accounts/${other.id}/follow`);
  if (die < 0.25) return agent.act('PUT', `/accounts/${other.id}/block`);
  if (die < 0.28) return agent.act('DELETE', `/accounts/${other.id}/block`);
  if (die < 0.32 && me.handle === 'quiet') return agent.act('PUT', `/follow-requests/${other.id}`);
  if (die < 0.37 && mine.length > 0) {
    const postId = mine.splice(Math.floor(random() * mine.length), 1)[0] ?? '';
    const reply = await agent.act('DELETE', `/posts/${postId}`);
    if (reply.status < 300) scene.deleted.add(postId);
    return reply;
  }
  if (die < 0.4) return edit(scene, agent);
  const feed = await readFeed(scene, agent, 1 + Math.floor(random() * 59));
  const [first] = idsOf(feed.body as Page);
  return die < 0.5 && first ? agent.act('PUT', `/posts/${first}/like`) : feed;
}

/** As an edit of a photo ends: its row changes, and nobody tells the cache. */
async function edit({ world, edits, random }: Scene, agent: Person): Promise<Reply> {
  const [postId = '', number = 0] = [...edits][Math.floor(random() * edits.size)] ?? [];
  await world.rows(
    sql`update post_media set alt_text = ${`edit ${number + 1}`} where post_id = ${postId} returning 1`,
  );
  edits.set(postId, Math.max(edits.get(postId) ?? 0, number + 1));
  return agent.act('GET', `/posts/${postId}`);
}

async function readFeed({ deleted, edits }: Scene, agent: Person, limit: number): Promise<Reply> {
  const [gone, edited] = [new Set(deleted), new Map(edits)];
  const reply = await agent.act('GET', `/feed?limit=${limit}`);
  if (reply.status >= 300) return reply;
  const { items } = reply.body as Page;
  const postIds = idsOf({ items });
  assert.equal(new Set(postIds).size, postIds.length, `${agent.handle} is shown a post twice`);
  assert.deepEqual(
    postIds.filter((postId) => gone.has(postId)),
    [],
    `${agent.handle} is shown what was deleted`,
  );
  for (const { id, photos } of items) {
    const shown = Number(/^edit (\d+)$/.exec(photos[0]?.altText ?? '')?.[1] ?? 0);
    assert.ok(shown >= (edited.get(id) ?? 0), `${agent.handle} is shown edit ${shown} of ${edited.get(id)}`);
  }
  return reply;
}

function probesOf(scene: Scene, quiet: Person, inTurn: (n: number) => Person): Record<string, Act> {
  const mustBeHidden = async (reply: Promise<Reply>): Promise<Reply> => {
    const { status, text } = await reply;
    assert.ok(status >= 400, `${status} ${text}`);
    return reply;
  };
  const oneOf = (ids: Set<string>, n: number) => [...ids][n % Math.max(1, ids.size)] ?? '1';
  return {
    async feed(n) {
      const reply = await readFeed(scene, inTurn(n), 60);
      const shown = idsOf(reply.body as Page).filter((postId) => scene.secret.has(postId));
      assert.deepEqual(shown, [], `${inTurn(n).handle} is shown what is private`);
      return reply;
    },
    secret: (n) => mustBeHidden(inTurn(n).act('GET', `/posts/${oneOf(scene.secret, n)}`)),
    deleted: (n) => mustBeHidden(inTurn(n).act('GET', `/posts/${oneOf(scene.deleted, n)}`)),
    async profile(n) {
      const reply = await inTurn(n).act('GET', `/accounts/${quiet.id}/posts`);
      if (reply.status < 300) assert.deepEqual(reply.body.items, []);
      return reply;
    },
  };
}

/** Mulberry32: the same numbers for the same seed. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
