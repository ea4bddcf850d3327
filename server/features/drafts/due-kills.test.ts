/** A process that publishes what is due is killed at each of its steps; another goes on. There is one post, and no draft. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import sharp from 'sharp';
import { openCrossWorld } from '../../../test/cross-shard-world.ts';
import type { Person } from '../../../test/world.ts';
import type { App } from '../../infra/app.ts';
import { sql } from '../../infra/sql.ts';
import { publishDueDrafts } from './due.ts';

const world = await openCrossWorld({ members: 1 });
const [ann] = world.people as [Person];
const photo = new Uint8Array(
  await sharp({ create: { width: 60, height: 40, channels: 3, background: '#804020' } })
    .jpeg()
    .toBuffer(),
);
const HOUR_MS = 3_600_000;
const STEPS_MAX = 100;
const silent = Object.assign(Object.create(world.app.log), { error: () => undefined });

const inTwoHours = (app: App): App => ({
  ...app,
  log: silent,
  clock: { nowMs: () => Date.now() + 2 * HOUR_MS },
});

async function scheduled(person: Person, caption: string): Promise<string> {
  const photos = [{ uploadId: await person.uploads(photo) }];
  const { id } = (await person.must('POST', '/drafts', { body: { content: { caption, photos } } })).body;
  const publishAt = new Date(Date.now() + HOUR_MS).toISOString();
  await person.must('PUT', `/drafts/${id}/schedule`, { body: { publishAt } });
  return id;
}

async function mustBeOnce(caption: string): Promise<void> {
  const posts = await world.all<{ post_id: string }>(
    sql`select post_id from posts where caption = ${caption}`,
  );
  assert.equal(posts.length, 1, caption);
  assert.deepEqual(await world.all(sql`select from drafts`), [], caption);
  const jobs = await world.all(
    sql`select from jobs.job where name = 'photo.claimed' and data ->> 'postId' = ${posts[0]?.post_id}`,
  );
  assert.equal(jobs.length, 1, `${caption}: its photo is developed`);
}

test('killed between any two steps, a draft that is due is published once', async () => {
  let killed = 0;
  for (let steps = 0; steps < STEPS_MAX; steps++) {
    const caption = `killed ${steps}`;
    await scheduled(ann, caption);
    const mortal = world.mortal(steps);
    await publishDueDrafts(inTwoHours(mortal.app)).catch(() => undefined);
    if (mortal.isDead()) killed++;
    await publishDueDrafts(inTwoHours(world.app));
    await mustBeOnce(caption);
    if (!mortal.isDead()) break;
  }
  assert.ok(killed >= 12 && killed < STEPS_MAX, `${killed} kills`);
});

test('one that dies while another is at the same draft leaves it to that', async () => {
  for (let steps = 1; steps < 20; steps += 2) {
    const caption = `both ${steps}`;
    await scheduled(ann, caption);
    await Promise.all([
      publishDueDrafts(inTwoHours(world.mortal(steps).app)).catch(() => undefined),
      publishDueDrafts(inTwoHours(world.app)),
    ]);
    await publishDueDrafts(inTwoHours(world.app));
    await mustBeOnce(caption);
  }
});
