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
  replies on the post     yes        yes       yes       yes        yes      -        -        yes
  likers of a comment on  yes        yes       yes       yes        yes      -        -        yes
  likes of the post       yes        yes       yes       yes        yes      -        -        yes
  followers               yes        yes       yes       yes        yes      -        -        yes
  following               yes        yes       yes       yes        yes      -        -        yes
  home feed               -          -         yes       yes        -        -        -        yes
  first screen            -          -         yes       yes        -        -        -        yes
  saved posts             -          yes       yes       yes        yes      -        -        yes
  hashtag page            yes        yes       yes       yes        yes      -        -        yes
  search                  yes        yes       yes       yes        yes      -        -        yes
  suggestions             -          yes       -         -          yes      -        -        -
  liker of another post   yes        yes       yes       yes        yes      -        -        yes
  comment on another post yes        yes       yes       yes        yes      -        -        yes
  reply to another        yes        yes       yes       yes        yes      -        -        yes
  replies to its comment  yes        yes       yes       yes        yes      -        -        yes
  liker of a comment      yes        yes       yes       yes        yes      -        -        yes
  follower of another     yes        yes       yes       yes        yes      -        -        yes
  followed by another     yes        yes       yes       yes        yes      -        -        yes
  told: liked my post     -          yes       yes       yes        yes      -        -        -
  told: liked my comment  -          yes       yes       yes        yes      -        -        -
  told: answered me       -          yes       yes       yes        yes      -        -        -
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
  replies on the post     -          -         yes       -          -        -        -        yes
  likers of a comment on  -          -         yes       -          -        -        -        yes
  likes of the post       -          -         yes       -          -        -        -        yes
  followers               -          -         yes       -          -        -        -        yes
  following               -          -         yes       -          -        -        -        yes
  home feed               -          -         yes       -          -        -        -        yes
  first screen            -          -         yes       -          -        -        -        yes
  saved posts             -          -         yes       -          -        -        -        yes
  hashtag page            -          -         -         -          -        -        -        -
  search                  yes        yes       yes       yes        yes      -        -        yes
  suggestions             -          yes       -         -          yes      -        -        -
  liker of another post   yes        yes       yes       yes        yes      -        -        yes
  comment on another post yes        yes       yes       yes        yes      -        -        yes
  reply to another        yes        yes       yes       yes        yes      -        -        yes
  replies to its comment  yes        yes       yes       yes        yes      -        -        yes
  liker of a comment      yes        yes       yes       yes        yes      -        -        yes
  follower of another     yes        yes       yes       yes        yes      -        -        yes
  followed by another     yes        yes       yes       yes        yes      -        -        yes
  told: liked my post     -          yes       yes       yes        yes      -        -        -
  told: liked my comment  -          yes       yes       yes        yes      -        -        -
  told: answered me       -          yes       yes       yes        yes      -        -        -
  told: mentioned me      -          -         yes       -          -        -        -        -
  preview of the profile  yes        yes       yes       yes        yes      yes      yes      yes
  preview of the post     -          -         -         -          -        -        -        -`;

/** A post of a public account that is for its followers, of whom the requester is one here. */
const FOLLOWERS = changed(
  OPEN,
  `
  list of posts           -          -         yes       yes        -        -        -        yes
  post                    -          -         yes       yes        -        -        -        yes
  owner of the post       -          -         yes       yes        -        -        -        yes
  photo                   -          -         yes       yes        -        -        -        yes
  photo by its address    -          -         yes       yes        -        -        -        yes
  comments on the post    -          -         yes       yes        -        -        -        yes
  likes of the post       -          -         yes       yes        -        -        -        yes
  saved posts             -          -         yes       yes        -        -        -        yes
  replies on the post     -          -         yes       yes        -        -        -        yes
  likers of a comment on  -          -         yes       yes        -        -        -        yes
  hashtag page            -          -         -         -          -        -        -        -
  told: mentioned me      -          -         yes       yes        -        -        -        -
  preview of the post     -          -         -         -          -        -        -        -`,
);

const ARCHIVED = changed(
  OPEN,
  `
  list of posts           -          -         -         -          -        -        -        -
  post                    -          -         -         -          -        -        -        yes
  owner of the post       -          -         -         -          -        -        -        -
  photo                   -          -         -         -          -        -        -        yes
  photo by its address    -          -         -         -          -        -        -        yes
  comments on the post    -          -         -         -          -        -        -        yes
  likes of the post       -          -         -         -          -        -        -        yes
  replies on the post     -          -         -         -          -        -        -        yes
  likers of a comment on  -          -         -         -          -        -        -        yes
  home feed               -          -         -         -          -        -        -        -
  first screen            -          -         -         -          -        -        -        -
  saved posts             -          -         -         -          -        -        -        -
  hashtag page            -          -         -         -          -        -        -        -
  told: mentioned me      -          -         -         -          -        -        -        -
  preview of the post     -          -         -         -          -        -        -        -`,
);

/** The lines of the second table in the place of those of the same name. */
function changed(table: string, lines: string): string {
  const nameOf = (line: string) => line.slice(0, 26).trim();
  const others = new Map(lines.split('\n').map((line) => [nameOf(line), line]));
  return table
    .split('\n')
    .map((line) => others.get(nameOf(line)) || line)
    .join('\n');
}

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
/** `comment`: the hub's, on the post; `own`: the owner's, on the hub's. */
type Subject = { owner: Person; post: PostCard; comment: { id: string }; own: { id: string } };
/** Path → viewer → what he sees. */
type Table = Record<string, Record<string, string>>;

const world = await openWorld();
const hub = await world.account('the.hub');
const hubPost = await hub.posts('where all meet');
const viewers = new Map<Kind, Person>();
for (const kind of KINDS.slice(1, -1)) viewers.set(kind, await world.account(`${kind}.viewer`));
const viewerPosts = new Map<Kind, PostCard>();
for (const [kind, person] of viewers) viewerPosts.set(kind, await person.posts());
const hubComment = await hub.comments(hubPost, 'where all answer');

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
  'replies on the post': async (ask, { comment }) =>
    holds(await ask(`/comments/${comment.id}/replies`), hub.handle),
  'likers of a comment on': async (ask, { comment }) =>
    holds(await ask(`/comments/${comment.id}/likes`), hub.handle),
  'likes of the post': async (ask, { post }) => holds(await ask(`/posts/${post.id}/likes`), hub.handle),
  followers: async (ask, { owner }) => holds(await ask(`/accounts/${owner.id}/followers`), hub.handle),
  following: async (ask, { owner }) => holds(await ask(`/accounts/${owner.id}/following`), hub.handle),
  'home feed': async (ask, { post }) => holds(await ask('/feed'), post.id),
  'first screen': async (ask, { post }) => holds(await ask('/home'), post.id),
  'saved posts': async (ask, { post }) => holds(await ask('/saves'), post.id),
  'hashtag page': async (ask, { owner, post }) => holds(await ask(`/hashtags/of_${owner.handle}`), post.id),
  search: async (ask, { owner }) => holds(await ask(`/search?q=${owner.handle}`), owner.handle),
  suggestions: async (ask, { owner }) => suggests(await ask('/suggestions'), owner),
  'liker of another post': async (ask, { owner }) =>
    holds(await ask(`/posts/${hubPost.id}/likes`), owner.handle),
  'comment on another post': async (ask, { owner }) =>
    holds(await ask(`/posts/${hubPost.id}/comments`), owner.handle),
  'reply to another': async (ask, { owner }) =>
    holds(await ask(`/comments/${hubComment.id}/replies`), owner.handle),
  'replies to its comment': async (ask, { own }) =>
    holds(await ask(`/comments/${own.id}/replies`), hub.handle),
  'liker of a comment': async (ask, { owner }) =>
    holds(await ask(`/comments/${hubComment.id}/likes`), owner.handle),
  'follower of another': async (ask, { owner }) =>
    holds(await ask(`/accounts/${hub.id}/followers`), owner.handle),
  'followed by another': async (ask, { owner }) =>
    holds(await ask(`/accounts/${hub.id}/following`), owner.handle),
  'told: liked my post': async (ask, { owner }) => told(await ask('/activity'), owner, 'liked'),
  'told: liked my comment': async (ask, { owner }) => told(await ask('/activity'), owner, 'comment_liked'),
  'told: answered me': async (ask, { owner }) => told(await ask('/activity'), owner, 'replied'),
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

/** Not where it only says that somebody whom the viewer follows follows another. */
function suggests({ status, body }: Reply, owner: Person): string {
  const items: { id: string }[] = status === 200 ? body.items : [];
  return items.some(({ id }) => id === owner.id) ? 'yes' : '-';
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
async function meets(
  handle: string,
  hide: (owner: Person, post: PostCard) => Promise<unknown> = async () => undefined,
): Promise<Subject> {
  const owner = await world.account(handle);
  const person = (kind: Kind) => viewers.get(kind) as Person;
  for (const kind of ['follower', 'removed', 'blocked', 'blocker'] as const)
    await person(kind).follows(owner);
  await hub.follows(owner);
  await owner.follows(hub);
  const mentions = [...viewers.values()].map((viewer) => `@${viewer.handle}`).join(' ');
  const post = await owner.posts(`A picture by ${handle} #of_${handle} ${mentions}`);
  await hub.likes(post);
  const comment = await hub.comments(post, 'seen');
  await hub.replies(comment, 'indeed');
  await hub.likesComment(comment);
  for (const person of [owner, ...viewers.values()]) await person.must('PUT', `/posts/${post.id}/save`);
  await owner.likes(hubPost);
  const own = await owner.comments(hubPost, `from ${handle}`);
  await hub.replies(own, 'welcome');
  await owner.likesComment(hubComment);
  await owner.replies(hubComment, 'hello');
  for (const [kind, viewerPost] of viewerPosts) {
    await owner.likes(viewerPost);
    const theirs = await person(kind).comments(viewerPost, 'mine');
    await owner.likesComment(theirs);
    await owner.replies(theirs, 'yours');
  }
  await world.settled();
  await hide(owner, post);
  await person('requester').follows(owner);
  await world.settled();
  await owner.removes(person('removed'));
  await owner.blocks(person('blocked'));
  await person('blocker').blocks(owner);
  await world.settled();
  return { owner, post, comment, own };
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
  await meets('openowner'),
  await meets('closedowner', (owner) => owner.edits({ isPrivate: true })),
  await meets('goneowner'),
];

test('of a public account everybody sees all by every path, except who blocks it or is blocked', async () => {
  assert.deepEqual(await observe(open), parseTable(OPEN));
});

test('of a private account its followers see all; others its header, and what it did in public', async () => {
  assert.deepEqual(await observe(closed), parseTable(CLOSED));
});

test('a post for followers is seen by them alone by every path, also where it was for everyone before', async () => {
  const followers = await meets('dearowner', (owner, post) =>
    owner.must('PATCH', `/posts/${post.id}`, { body: { audience: 'followers' } }),
  );
  assert.deepEqual(await observe(followers), parseTable(FOLLOWERS));
});

test('an archived post is seen by its author alone, and on no list but that of archived ones', async () => {
  const archived = await meets('shyowner', (owner, post) => owner.must('PUT', `/posts/${post.id}/archive`));
  assert.deepEqual(await observe(archived), parseTable(ARCHIVED));
  const { items } = await archived.owner.get('/posts/archived');
  assert.deepEqual(
    items.map(({ id, state }: PostCard) => [id, state]),
    [[archived.post.id, 'archived']],
  );
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
    ['GET', `/comments/${closed.comment.id}/replies`],
    ['GET', `/comments/${closed.comment.id}/likes`],
    ['PUT', `/comments/${closed.comment.id}/like`],
    ['DELETE', `/comments/${closed.comment.id}/like`],
    ['DELETE', `/comments/${closed.comment.id}`],
    ['PUT', `/posts/${closed.post.id}/like`],
    ['DELETE', `/posts/${closed.post.id}/like`],
    ['PUT', `/posts/${closed.post.id}/save`],
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
