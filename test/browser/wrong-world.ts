/** A network in which every call of the client can be made from some screen. */
import type { PostCard } from '../../core/shapes.ts';
import { type Person, samplePhoto, until, type World } from '../world.ts';

export type Places = Awaited<ReturnType<typeof openPlaces>>;

/** `mia` is who looks. */
export async function openPlaces(world: World) {
  const [ann, bob, mia, cat, dan] = await world.accounts('ann', 'bob', 'mia', 'cat', 'dan');
  if (!cat || !dan) throw new Error('five accounts');
  await bob.follows(mia);
  await mia.follows(bob);
  await mia.blocks(cat);
  await mia.must('PUT', '/me/avatar', { body: { uploadId: await mia.uploads(samplePhoto) } });
  const other = await tags(ann, mia);
  const liked = await bob.posts('Liked and saved');
  const own = await mia.posts('My own');
  const pinned = await mia.posts('Pinned');
  const archived = await mia.posts('Put away');
  const failed = await halfBad(world, mia);
  await mia.likes(liked);
  await mia.must('PUT', `/posts/${liked.id}/save`);
  await mia.must('PUT', `/posts/${pinned.id}/pin`);
  await mia.must('PUT', `/posts/${archived.id}/archive`);
  const comment = await bob.comments(other, 'A comment');
  await mia.replies(comment, 'A reply');
  await ann.likesComment(comment);
  await bob.likes(other);
  const said = await mia.comments(liked, 'My comment');
  await bob.comments(liked, 'Another comment');
  await mia.likesComment(said);
  const draft = await drafts(mia, 'Not shared yet');
  const due = await drafts(mia, 'For later');
  const publishAt = new Date(Date.now() + 86_400_000).toISOString();
  await mia.must('PUT', `/drafts/${due}/schedule`, { body: { publishAt } });
  await mia.edits({ isPrivate: true });
  await dan.follows(mia);
  await world.signsIn('mia');
  await world.settled();
  return {
    other: `/p/${other.id}`,
    liked: `/p/${liked.id}`,
    own: `/p/${own.id}`,
    pinned: `/p/${pinned.id}`,
    archived: `/p/${archived.id}`,
    failed: `/p/${failed.id}`,
    draft: `/new?draft=${draft}`,
    due: `/new?draft=${due}`,
    /** Something that she has not seen yet. */
    stir: async () => {
      await bob.comments(own, 'news');
      await world.settled();
    },
  };
}

async function tags(author: Person, tagged: Person): Promise<PostCard> {
  const uploadId = await author.uploads(samplePhoto);
  const photos = [{ uploadId, people: [{ accountId: tagged.id, x: 0.5, y: 0.5 }] }];
  const { id } = (await author.must('POST', '/posts', { body: { caption: 'The one #calm', photos } })).body;
  return await until(async () => {
    const post = (await author.get(`/posts/${id}`)) as PostCard;
    return post.state === 'published' ? post : null;
  }, 'the post with somebody on it is published');
}

/** A post whose second photo went bad on the server's disk. */
async function halfBad(world: World, person: Person): Promise<PostCard> {
  const [good, bad] = [await person.uploads(samplePhoto), await person.uploads(samplePhoto)];
  await world.app.storage.put(`originals/${bad.slice(-2)}/${bad}`, Buffer.from('not a photo any more'));
  const { id } = await person.publishes('half bad', [good, bad]);
  return await until(async () => {
    const post = (await person.get(`/posts/${id}`)) as PostCard;
    return post.state === 'failed' ? post : null;
  }, 'the post failed');
}

async function drafts(person: Person, caption: string): Promise<string> {
  const content = { caption, photos: [{ uploadId: await person.uploads(samplePhoto) }] };
  const headers = { 'idempotency-key': crypto.randomUUID() };
  return (await person.must('POST', '/drafts', { body: { content }, headers })).body.id;
}
