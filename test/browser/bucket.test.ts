/** Photos in a bucket: the browser sends straight there, and through us where the bucket does not let it. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { PutBucketCorsCommand, S3Client } from '@aws-sdk/client-s3';
import { startRadosgw } from '../radosgw.ts';
import { openWorld } from '../world.ts';
import { openPage, PHONE, signUp } from './browser.ts';
import { choose, makePhoto, received, share, watchBytes } from './sharing.ts';

const radosgw = await startRadosgw();
after(() => radosgw.stop());
const s3 = await radosgw.makeBucket();
const world = await openWorld({ config: { s3 } });

async function allowOrigin(origin: string): Promise<void> {
  const client = new S3Client({
    endpoint: s3.endpoint,
    region: s3.region,
    credentials: { accessKeyId: s3.accessKey, secretAccessKey: s3.secret },
    forcePathStyle: true,
  });
  const rule = { AllowedMethods: ['POST'], AllowedOrigins: [origin], AllowedHeaders: ['*'] };
  await client.send(
    new PutBucketCorsCommand({ Bucket: s3.bucket, CORSConfiguration: { CORSRules: [rule] } }),
  );
  client.destroy();
}

test('a bucket that allows no other origin is gone round: the photo comes through us', async () => {
  const { page, problems, close } = await openPage(world.base, PHONE);
  await signUp(page, 'anna');
  await page.goto('/new');
  const throughUs = watchBytes(page);
  await choose(page, await makePhoto('round.jpg', 1200, 80));
  await received(page, 1, 1);
  assert.deepEqual(
    throughUs.map((request) => request.method()),
    ['PATCH'],
  );
  assert.equal((await share(page, world)).photos.length, 1);
  assert.deepEqual(
    problems.filter((problem) => !/CORS|net::ERR_FAILED/.test(problem)),
    [],
  );
  await close();
});

test('where the bucket allows our origin, no byte of a photo passes through us', async () => {
  await allowOrigin(world.base);
  const { page, problems, close } = await openPage(world.base, PHONE);
  await signUp(page, 'berta');
  await page.goto('/new');
  const throughUs = watchBytes(page);
  await choose(page, await makePhoto('straight.jpg', 1300, 80));
  await received(page, 1, 1);
  assert.deepEqual(throughUs, []);
  assert.equal((await share(page, world)).photos.length, 1);
  assert.deepEqual(problems, []);
  await close();
});
