/**
 * A shard server on a disk whose power is cut again and again while members act. The ledger of what was acknowledged lies
 * outside that disk. Each copy of the disk is what a power cut at that instant would have left: a server is started on it,
 * recovers, and is asked for every act. Runs in a mount namespace of its own (drill.ts).
 */
import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { closeByHand } from '../../../test/closing.ts';
import { type PostgresServer, startOn } from '../../../test/fleet.ts';
import { cutPower, mountDisk, mountImage, NoDisk, unmount } from '../../../test/hostile-disk.ts';
import { readConfig } from '../../config.ts';
import { commandFor, findPrograms, type Programs, prepareData } from '../../infra/postgres-root.ts';
import { openApp } from '../app.ts';
import { startDatabase } from '../database.ts';
import { say } from '../progress.ts';
import { type Acted, countTorn, findActs, startActors } from './drill-acts.ts';
import { findPostgresBin } from './programs.ts';

export type Losses = {
  /** Acts that were acknowledged before a cut, all cuts together. */
  acked: number;
  ackedLost: number;
  /** Acts that are there in part. */
  torn: number;
  /** Databases that do not recover, or of which pg_amcheck complains then. */
  damaged: number;
  /** Until the server answered; median, and the longest. */
  recoveryMs: number;
  recoveryMaxMs: number;
};
export type DrillReply = { kept: Losses; control: Losses } | { missing: string };

const OUTER_BYTES = 4 * 1024 ** 3;
const DISK_BYTES = 768 * 1024 ** 2;
const WARM_UP_MS = 500;
/** Cuts come at odd moments: neither the log writer nor a checkpoint can be in step with them. */
const BETWEEN_CUTS_MS = [150, 400] as const;
/** Who does not wait for the disk gets no help from the log writer either; who does wait needs none. */
const SETTINGS = {
  wal_writer_delay: '2s',
  max_wal_size: '128MB',
  min_wal_size: '32MB',
  checkpoint_timeout: '30s',
};
const PREFIX = 'pinhole';

type Cut = { copy: string; acknowledged: number };

async function measureLosses(
  folder: string,
  name: string,
  commit: 'on' | 'off',
  cuts: number,
): Promise<Losses> {
  say(`With synchronous_commit ${commit}:`);
  const [outer, disk] = [path.join(folder, `outer-${name}`), path.join(folder, `disk-${name}`)];
  const image = path.join(outer, 'disk.img');
  await mountDisk(outer, 'xfs', OUTER_BYTES);
  await mountDisk(disk, 'ext4', DISK_BYTES, image);
  const programs = await findPrograms(path.join(disk, 'postgres'), await findPostgresBin());
  const dataDir = await prepareData(path.join(disk, 'postgres'), programs);
  const settings = { ...SETTINGS, synchronous_commit: commit };
  const server = await startOn(dataDir, programs, { settings });
  const ledger: Acted[] = [];
  const made = await actAndCut(folder, server, ledger, image, outer, cuts);
  await server.stop();
  await unmount(disk);
  const losses = await look(made, `${disk}-after`, ledger, programs);
  await unmount(outer);
  await rm(`${outer}.img`);
  return losses;
}

/** The product's own App acts, whose jobs nobody takes: they stay to be looked for. */
async function actAndCut(
  folder: string,
  server: PostgresServer,
  ledger: Acted[],
  image: string,
  outer: string,
  cuts: number,
): Promise<Cut[]> {
  const config = { ...readConfig({}), databaseUrl: server.url(PREFIX), dataDir: path.join(folder, 'app') };
  const { connect } = await startDatabase(config);
  const { app, close } = await openApp(config, connect, PREFIX, () => undefined);
  const made: Cut[] = [];
  try {
    const actors = await startActors(app, ledger);
    await server.query(`${PREFIX}_shard`, 'checkpoint');
    await delay(WARM_UP_MS);
    const [least, most] = BETWEEN_CUTS_MS;
    for (let at = 0; at < cuts; at++) {
      await delay(least + Math.random() * (most - least));
      const cut = { copy: path.join(outer, `cut-${at}.img`), acknowledged: ledger.length };
      await cutPower(image, cut.copy);
      made.push(cut);
    }
    await actors.stop();
  } finally {
    await close();
  }
  say(`  ${ledger.length} acts acknowledged; the disk was cut off ${cuts} times meanwhile.`);
  return made;
}

async function look(cuts: Cut[], folder: string, ledger: Acted[], programs: Programs): Promise<Losses> {
  const losses: Losses = { acked: 0, ackedLost: 0, torn: 0, damaged: 0, recoveryMs: 0, recoveryMaxMs: 0 };
  const recoveriesMs: number[] = [];
  for (const [at, { copy, acknowledged }] of cuts.entries()) {
    await mountImage(copy, folder);
    const startMs = performance.now();
    const server = await startOn(path.join(folder, 'postgres'), programs, { settings: SETTINGS }).catch(
      (error: Error) => error,
    );
    const recoveryMs = performance.now() - startMs;
    const found =
      server instanceof Error
        ? { lost: acknowledged, torn: 0, isSound: false }
        : await compare(server, programs, ledger.slice(0, acknowledged));
    const how =
      server instanceof Error ? 'the server does not start' : `recovered in ${Math.round(recoveryMs)} ms`;
    say(
      `  cut ${at + 1}: ${acknowledged} acknowledged, ${found.lost} lost, ${found.torn} torn, ${how}${found.isSound ? '' : ', damaged'}`,
    );
    losses.acked += acknowledged;
    losses.ackedLost += found.lost;
    losses.torn += found.torn;
    losses.damaged += found.isSound ? 0 : 1;
    recoveriesMs.push(recoveryMs);
    if (!(server instanceof Error)) await server.stop();
    await unmount(folder);
    await rm(copy);
  }
  recoveriesMs.sort((a, b) => a - b);
  losses.recoveryMs = recoveriesMs[Math.floor(recoveriesMs.length / 2)] ?? 0;
  losses.recoveryMaxMs = recoveriesMs.at(-1) ?? 0;
  return losses;
}

async function compare(server: PostgresServer, programs: Programs, acknowledged: Acted[]) {
  const ask = (text: string) => server.query<{ act: string }>(`${PREFIX}_shard`, text);
  const found = await findActs(ask);
  const lost = acknowledged.filter((act) => !found.has(act)).length;
  return { lost, torn: await countTorn(ask), isSound: await isSound(server, programs) };
}

/** Tables and indexes agree, and no page is broken. */
async function isSound(server: PostgresServer, programs: Programs): Promise<boolean> {
  const given = [
    '-h',
    server.host,
    '-p',
    String(server.port),
    '-U',
    'pinhole',
    '--install-missing',
    '--heapallindexed',
  ];
  const { file, args, options } = commandFor(programs, 'pg_amcheck', [...given, `${PREFIX}_shard`]);
  return promisify(execFile)(file, args, options).then(
    () => true,
    (error) => {
      say(String(error.stdout || error.message).slice(0, 500));
      return false;
    },
  );
}

async function run(folder: string, cuts: number): Promise<DrillReply> {
  try {
    return {
      kept: await measureLosses(folder, 'kept', 'on', cuts),
      control: await measureLosses(folder, 'control', 'off', cuts),
    };
  } catch (error) {
    if (error instanceof NoDisk) return { missing: `${error.message}.` };
    throw error;
  }
}

const [folder = '', cuts = '1'] = process.argv.slice(2);
const closeAll = closeByHand();
try {
  const reply = await run(folder, Number(cuts));
  process.send?.(reply);
} finally {
  await closeAll();
}
process.disconnect();
