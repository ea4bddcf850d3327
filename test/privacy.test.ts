/**
 * May A see B? Every kind of viewer, every kind of owner, every path by which something of B can be read, against
 * what the one rule says, written out by hand:
 *   all     the account and its posts        yes  it is shown
 *   header  that it exists, name and counts  bare as header, for who blocks it: enough to unblock
 *   -       the same as what does not exist, or left out of the list
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PostCard } from '../core/shapes.ts';
import { openWorld, type Person, type Reply } from './world.ts';

const OPEN = `
                          anonymous  stranger  follower  requester  removed  blocked  blocker  self
  profile by id           all        all       all       all        all      -        bare     all
  profile by handle       all        all       all       all        all      -        bare     all
  list of posts           yes        yes       yes       yes        yes      -        -        yes
  post                    yes        yes       yes       yes        yes      -        -        yes
  owner of the post       yes        yes       yes       yes        yes      -        -        yes
  photo                   yes        yes       yes       yes        yes      -        -        yes
  photo by its address    yes        yes       yes       yes        yes      yes      yes      yes
  comments on the post    yes        yes       yes       yes        yes      -        -        yes
  likes of the post       yes        yes       yes       yes        yes      -        -        yes
  followers               yes        yes       yes       yes        yes      -        -        yes
  following               yes        yes       yes       yes        yes      -        -        yes
  home feed               -          -         yes       yes        -        -        -        yes
  hashtag page            yes        yes       yes       yes        yes      -        -        yes
  search                  yes        yes       yes       yes        yes      -        -        yes
  suggestions             -          yes       -         -          yes      -        -        -
  liker of another post   yes        yes       yes       yes        yes      -        -        yes
  comment on another post yes        yes       yes       yes        yes      -        -        yes
  follower of another     yes        yes       yes       yes        yes      -        -        yes
  followed by another     yes        yes       yes       yes        yes      -        -        yes
  told: liked my post     -          yes       yes       yes        yes      -        -        -
  told: mentioned me      -          yes       yes       yes        yes      -        -        -
  preview of the profile  yes        yes       yes       yes        yes      yes      yes      yes
  preview of the post     yes        yes       yes       yes        yes      yes      yes      yes`;

const CLOSED = `
                          anonymous  stranger  follower  requester  removed  blocked  blocker  self
  profile by id           header     header    all       header     header   -        bare     all
  profile by handle       header     header    all       header     header   -        bare     all
  list of posts           -          -         yes       -          -        -        -        yes
  post                    -          -         yes       -          -        -        -        yes
  owner of the post       -          -         yes       -          -        -        -        yes
  photo                   -          -         yes       -          -        -        -        yes
  photo by its address    -          -         yes       -          -        -        -        yes
  comments on the post    -          -         yes       -          -        -        -        yes
  likes of the post       -          -         yes       -          -        -        -        yes
  followers               -          -         yes       -          -        -        -        yes
  following               -          -         yes       -          -        -        -        yes
  home feed               -          -         yes       -          -        -        -        yes
  hashtag page            -          -         -         -          -        -        -        -
  search                  yes        yes       yes       yes        yes      -        -        yes
  suggestions             -          yes       -         -          yes      -        -        -
  liker of another post   yes        yes       yes       yes        yes      -        -        yes
  comment on another post yes        yes       yes       yes        yes      -        -        yes
  follower of another     yes        yes       yes       yes        yes      -        -        yes
  followed by another     yes        yes       yes       yes        yes      -        -        yes
  told: liked my post     -          yes       yes       yes        yes      -        -        -
  told: mentioned me      -          -         yes       -          -        -        -        -
  preview of the profile  yes        yes       yes       yes        yes      yes      yes      yes
  preview of the post     -          -         -         -          -        -        -        -`;

const KINDS = [
  'anonymous',
  'stranger',
  'follower',
  'requester',
  'removed',
  'blocked',
  'blocker',
  'self',
] as const;
type Kind = (typeof KINDS)[number];
type Ask = (at: string) => Promise<Reply>;
type Subject = { owner: Person; post: PostCard };
/** Path → viewer → what he sees. */
type Table = Record<string, Record<string, string>>;

const world = await openWorld();
const hub = await world.account('the.hub');
const hubPost = await hub.posts('where all meet');
const viewers = new Map<Kind, Person>();
for (const kind of KINDS.slice(1, -1)) viewers.set(kind, await world.account(`${kind}.viewer`));
const viewerPosts = new Map<Kind, PostCard>();
for (const [kind, person] of viewers) viewerPosts.set(kind, await person.posts());

/** What came back, in the words of the tables. */
const LOOKS: Record<string, (ask: Ask, subject: Subject) => Promise<string>> = {
  'profile by id': async (ask, { owner }) => profile(await ask(`/accounts/${owner.id}`)),
  'profile by handle': async (ask, { owner }) => profile(await ask(`/handles/${owner.handle}`)),
  'list of posts': async (ask, { owner, post }) => holds(await ask(`/accounts/${owner.id}/posts`), post.id),
  post: async (ask, { post }) => holds(await ask(`/posts/${post.id}`), post.id),
  'owner of the post': async (ask, { post }) => holds(await ask(`/posts/owners?ids=${post.id}`), post.id),
  photo: async (ask, { post }) => {
    const { body } = await ask(`/posts/${post.id}`);
    const url = body.photos?.[0]?.renditions[0]?.url;
    return url && (await ask(url)).status === 200 ? 'yes' : '-';
  },
  'photo by its address': async (ask, { owner, post }) => {
    const now = (await owner.act('GET', `/posts/${post.id}`)).body;
    const url = (now.photos ?? post.photos)[0].renditions[0].url;
    return (await ask(url)).status === 200 ? 'yes' : '-';
  },
  'comments on the post': async (ask, { post }) => holds(await ask(`/posts/${post.id}/comments`), hub.handle),
  'likes of the post': async (ask, { post }) => holds(await ask(`/posts/${post.id}/likes`), hub.handle),
  followers: async (ask, { owner }) => holds(await ask(`/accounts/${owner.id}/followers`), hub.handle),
  following: async (ask, { owner }) => holds(await ask(`/accounts/${owner.id}/following`), hub.handle),
  'home feed': async (ask, { post }) => holds(await ask('/feed'), post.id),
  'hashtag page': async (ask, { owner, post }) => holds(await ask(`/hashtags/of_${owner.handle}`), post.id),
  search: async (ask, { owner }) => holds(await ask(`/search?q=${owner.handle}`), owner.handle),
  suggestions: async (ask, { owner }) => holds(await ask('/suggestions'), owner.handle),
  'liker of another post': async (ask, { owner }) =>
    holds(await ask(`/posts/${hubPost.id}/likes`), owner.handle),
  'comment on another post': async (ask, { owner }) =>
    holds(await ask(`/posts/${hubPost.id}/comments`), owner.handle),
  'follower of another': async (ask, { owner }) =>
    holds(await ask(`/accounts/${hub.id}/followers`), owner.handle),
  'followed by another': async (ask, { owner }) =>
    holds(await ask(`/accounts/${hub.id}/following`), owner.handle),
  'told: liked my post': async (ask, { owner }) => told(await ask('/activity'), owner, 'liked'),
  'told: mentioned me': async (ask, { owner }) => told(await ask('/activity'), owner, 'mentioned'),
  'preview of the profile': (_ask, { owner }) => preview(`/@${owner.handle}`, `(@${owner.handle})`),
  'preview of the post': (_ask, { owner, post }) => preview(`/p/${post.id}`, `A picture by ${owner.handle}`),
};

/** Made for whoever the link is sent to, so it is the same for all. */
async function preview(at: string, what: string): Promise<string> {
  return (await world.page(at)).includes(what) ? 'yes' : '-';
}

function profile({ status, body }: Reply): string {
  if (status !== 200) return '-';
  return body.relationship.blocked ? 'bare' : body.canSeePosts ? 'all' : 'header';
}

function holds({ status, body }: Reply, what: string): string {
  return status === 200 && JSON.stringify(body).includes(`"${what}"`) ? 'yes' : '-';
}

function told({ status, body }: Reply, owner: Person, kind: string): string {
  type Item = { kind: string; account: { id: string }; others: { id: string }[] };
  const items: Item[] = status === 200 ? body.items : [];
  const who = items
    .filter((item) => item.kind === kind)
    .flatMap(({ account, others }) => [account, ...others]);
  return who.some(({ id }) => id === owner.id) ? 'yes' : '-';
}

/** An owner who had to do with everybody while he was public, and who then became what he is to be. */
async function meets(handle: string, isPrivate: boolean): Promise<Subject> {
  const owner = await world.account(handle);
  const person = (kind: Kind) => viewers.get(kind) as Person;
  for (const kind of ['follower', 'removed', 'blocked', 'blocker'] as const)
    await person(kind).follows(owner);
  await hub.follows(owner);
  await owner.follows(hub);
  const mentions = [...viewers.values()].map((viewer) => `@${viewer.handle}`).join(' ');
  const post = await owner.posts(`A picture by ${handle} #of_${handle} ${mentions}`);
  await hub.likes(post);
  await hub.comments(post, 'seen');
  await owner.likes(hubPost);
  await owner.comments(hubPost, `from ${handle}`);
  for (const viewerPost of viewerPosts.values()) await owner.likes(viewerPost);
  await world.settled();
  if (isPrivate) await owner.edits({ isPrivate: true });
  await person('requester').follows(owner);
  await world.settled();
  await owner.removes(person('removed'));
  await owner.blocks(person('blocked'));
  await person('blocker').blocks(owner);
  await world.settled();
  return { owner, post };
}

function askAs(kind: Kind, { owner }: Subject): Ask {
  const person = kind === 'self' ? owner : viewers.get(kind);
  return async (at) => {
    const reply = await world.call('GET', at, person ? { token: person.token } : {});
    assert.ok([200, 401, 404].includes(reply.status), `${kind} ${at} → ${reply.text}`);
    if (reply.status === 404) assert.equal(reply.body.error.message, ABSENT);
    return reply;
  };
}
const ABSENT = (await world.call('GET', '/posts/4467570830351532032')).body.error.message;

/** The whole table as it is. */
async function observe(subject: Subject): Promise<Table> {
  const table: Table = {};
  for (const [path, look] of Object.entries(LOOKS)) {
    const row: Record<string, string> = {};
    for (const kind of KINDS) row[kind] = await look(askAs(kind, subject), subject);
    table[path] = row;
  }
  return table;
}

function parseTable(text: string): Table {
  const [head = '', ...lines] = text.split('\n').filter((line) => line.trim() !== '');
  const kinds = head.trim().split(/\s+/);
  assert.deepEqual(kinds, KINDS);
  return Object.fromEntries(
    lines.map((line) => {
      const cells = line.slice(26).trim().split(/\s+/);
      assert.equal(cells.length, kinds.length, line);
      return [line.slice(0, 26).trim(), Object.fromEntries(kinds.map((kind, at) => [kind, cells[at] ?? '']))];
    }),
  );
}

const [open, closed, gone] = [
  await meets('openowner', false),
  await meets('closedowner', true),
  await meets('goneowner', false),
];

test('of a public account everybody sees all by every path, except who blocks it or is blocked', async () => {
  assert.deepEqual(await observe(open), parseTable(OPEN));
});

test('of a private account its followers see all; others its header, and what it did in public', async () => {
  assert.deepEqual(await observe(closed), parseTable(CLOSED));
});

test('of a deleted account nobody sees anything by any path, at once and for ever', async () => {
  await gone.owner.leaves();
  const row = Object.fromEntries(KINDS.map((kind) => [kind, '-']));
  const nothing = Object.fromEntries(Object.keys(LOOKS).map((path) => [path, row]));
  assert.deepEqual(await observe(gone), nothing, 'from the reply on');
  await world.settled();
  assert.deepEqual(await observe(gone), nothing, 'when all is removed');
});

test('a header tells of a private account no more than name, counts and avatar', async () => {
  const stranger = viewers.get('stranger') as Person;
  const seen = await stranger.get(`/accounts/${closed.owner.id}`);
  assert.ok(!JSON.stringify(seen).includes('/media/'));
  assert.deepEqual([seen.postCount, seen.isPrivate, seen.canSeePosts], [1, true, false]);
  const tags = (await stranger.get('/search?q=of_closedowner')).hashtags;
  assert.deepEqual(tags, []);
});

test('what is hidden answers byte for byte like what does not exist', async () => {
  const stranger = viewers.get('stranger') as Person;
  const absent = '4467570830351532032';
  for (const [method, at] of [
    ['GET', `/posts/${closed.post.id}`],
    ['GET', `/posts/${closed.post.id}/comments`],
    ['GET', `/posts/${closed.post.id}/likes`],
    ['PUT', `/posts/${closed.post.id}/like`],
    ['DELETE', `/posts/${closed.post.id}/like`],
    ['DELETE', `/posts/${closed.post.id}`],
    ['GET', `/accounts/${gone.owner.id}`],
    ['GET', `/accounts/${gone.owner.id}/posts`],
    ['PUT', `/accounts/${gone.owner.id}/follow`],
    ['PUT', `/accounts/${gone.owner.id}/block`],
  ] as const) {
    const [hidden, none] = [
      await stranger.act(method, at),
      await stranger.act(method, at.replace(/\d{10,}/, absent)),
    ];
    const bare = ({ status, body }: Reply) => ({ status, error: { ...body.error, requestId: '' } });
    assert.deepEqual(bare(hidden), bare(none), `${method} ${at}`);
  }
});
