/**
 * A real S3 store for one test file: Ceph's radosgw on a monitor and one OSD that keeps everything in memory, on free
 * ports of this machine, in a folder of its own. Signatures, limits of forms and parts are checked as in production.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import {
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import type { S3Address } from '../server/config.ts';
import { findCeph } from '../server/main/admin/programs.ts';
import { until } from './world.ts';

const run = promisify(execFile);
const START_MS = 90_000;

export type Radosgw = { makeBucket(): Promise<S3Address>; stop(): Promise<void> };

/** Takes 12 s. `makeBucket` gives an empty bucket and what is needed to use it. */
export async function startRadosgw(): Promise<Radosgw> {
  await findCeph();
  const folder = await mkdtemp(path.join(tmpdir(), 'pinhole-test-ceph-'));
  const running: ChildProcess[] = [];
  const stop = async () => {
    // In the reverse order, so that none waits for another that is gone.
    for (const child of running.reverse()) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const address = await startAll(folder, running);
    return { makeBucket: () => makeBucket(address), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startAll(folder: string, running: ChildProcess[]) {
  const ids = { fsid: randomUUID(), osd: randomUUID() };
  const [monPort, port] = [await freePort(), await freePort()];
  const at = (name: string) => path.join(folder, name);
  for (const name of ['mon', 'osd', 'run']) await mkdir(at(name));
  await writeFile(at('ceph.conf'), configuration(folder, ids.fsid, monPort, port));
  const call = (program: string, ...args: string[]) =>
    run(program, ['-c', at('ceph.conf'), ...args], { timeout: START_MS });
  const start = (program: string, ...args: string[]) => {
    // They end with this process, however that ends.
    const command = ['--pdeathsig', 'KILL', program, '-c', at('ceph.conf'), '-f', ...args];
    running.push(spawn('setpriv', command, { stdio: 'ignore' }));
  };
  await makeKeys(at('keyring'));
  const monAddress = `[v2:127.0.0.1:${monPort}]`;
  await run('monmaptool', ['--create', '--fsid', ids.fsid, '--addv', 'a', monAddress, at('monmap')]);
  await call('ceph-mon', '--mkfs', '-i', 'a', '--monmap', at('monmap'), '--keyring', at('keyring'));
  start('ceph-mon', '-i', 'a');
  await call('ceph', 'osd', 'new', ids.osd, '0');
  await call('ceph-osd', '--mkfs', '-i', '0', '--osd-uuid', ids.osd);
  start('ceph-osd', '-i', '0');
  start('radosgw', '-n', 'client.admin');
  const keys = { accessKey: randomBytes(10).toString('hex'), secret: randomBytes(20).toString('base64') };
  const names = ['--uid', 'pinhole', '--display-name', 'Pinhole'];
  const given = ['--access-key', keys.accessKey, '--secret', keys.secret];
  await call('radosgw-admin', 'user', 'create', ...names, ...given);
  const endpoint = `http://127.0.0.1:${port}`;
  const answers = async () => ((await fetch(endpoint).catch(() => null)) ? true : null);
  await until(answers, 'radosgw answers', START_MS).catch(async (error) => {
    throw new Error(`${error.message}\n${await readFile(at('client.admin.log'), 'utf8').catch(() => '')}`);
  });
  const address = { endpoint, region: 'us-east-1', ...keys };
  await warmUp(await makeBucket(address));
  return address;
}

/** The first file, and the first of many parts, take seconds: radosgw then makes the pools that they go to. */
async function warmUp({ bucket: Bucket, ...address }: S3Address): Promise<void> {
  const client = clientOf(address);
  await client.send(new PutObjectCommand({ Bucket, Key: 'first', Body: 'x' }));
  await client.send(new CreateMultipartUploadCommand({ Bucket, Key: 'long' }));
  client.destroy();
}

/** Without keys for all of them, radosgw never connects. */
async function makeKeys(keyring: string): Promise<void> {
  const all = (...parts: string[]) => parts.flatMap((part) => ['--cap', part, 'allow *']);
  const owners: [string, string[]][] = [
    ['mon.', all('mon')],
    ['client.admin', all('mon', 'osd')],
    ['osd.0', ['--cap', 'mon', 'allow profile osd', ...all('osd')]],
  ];
  for (const [at, [owner, caps]] of owners.entries())
    await run('ceph-authtool', [
      keyring,
      ...(at === 0 ? ['--create-keyring'] : []),
      '--gen-key',
      '-n',
      owner,
      ...caps,
    ]);
}

function configuration(folder: string, fsid: string, monPort: number, port: number): string {
  return `[global]
fsid = ${fsid}
mon host = [v2:127.0.0.1:${monPort}]
mon initial members = a
public addr = 127.0.0.1
cluster addr = 127.0.0.1
ms bind msgr1 = false
run dir = ${folder}/run
admin socket =
log file = ${folder}/$name.log
mon cluster log file = ${folder}/cluster.log
keyring = ${folder}/keyring
mon data = ${folder}/mon
osd data = ${folder}/osd
rgw data = ${folder}/rgw
osd objectstore = memstore
memstore device bytes = 1073741824
osd crush chooseleaf type = 0
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd pool default pg autoscale mode = off
mon allow pool size one = true
osd class load list = *
osd class default list = *
rgw frontends = beast endpoint=127.0.0.1:${port}
`;
}

async function makeBucket(address: Omit<S3Address, 'bucket'>): Promise<S3Address> {
  const bucket = `test-${randomUUID()}`;
  const client = clientOf(address);
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  client.destroy();
  return { ...address, bucket };
}

function clientOf({ endpoint, region, accessKey, secret }: Omit<S3Address, 'bucket'>): S3Client {
  const credentials = { accessKeyId: accessKey, secretAccessKey: secret };
  return new S3Client({ endpoint, region, credentials, forcePathStyle: true });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
