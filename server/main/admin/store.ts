/** ./pinhole store list | copy: what the photo store holds, and the way of all of it into another store. */
import path from 'node:path';
import { parseArgs } from 'node:util';
import { type Config, parseS3Address, readConfig, type S3Address } from '../../config.ts';
import { type Copying, copyStore } from '../../infra/storage/copy.ts';
import { openFolderStorage } from '../../infra/storage/folder.ts';
import { openStorage } from '../../infra/storage/open.ts';
import type { Storage } from '../../infra/storage/storage.ts';
import { OperatorFault, say, step } from '../progress.ts';

type Sum = { files: number; sizeBytes: number };

const USAGE = `Usage: ./pinhole store list
       ./pinhole store copy --to FOLDER
       ./pinhole store copy --to 'https://ACCESS_KEY:SECRET@host/bucket?region=…'`;
const TICK_MS = 1_000;
/** Where no terminal shows them, lines of progress are fewer. */
const TICKS_PER_LINE = 30;
const FAILURES_SHOWN = 10;

export async function run([action = 'list', ...args]: string[]): Promise<void> {
  const { to } = parseArgs({ args, options: { to: { type: 'string' } } }).values;
  if (action === 'list' && to === undefined) return withStore(openConfigured(), list);
  if (action !== 'copy' || !to) throw new OperatorFault(USAGE);
  const config = readConfig(process.env);
  await withStore(openConfigured(), (source) =>
    withStore(openTarget(to, config), (target) => copy(source, target)),
  );
}

function openConfigured(): Promise<Storage> {
  return openStorage(readConfig(process.env));
}

async function openTarget(to: string, config: Config): Promise<Storage> {
  if (to.includes('://')) {
    const { openS3Storage } = await import('../../infra/storage/s3.ts');
    return openS3Storage(addressOf(to), path.join(config.dataDir, 'scratch', 'store'));
  }
  const folder = path.resolve(to);
  if (!config.s3 && folder === path.join(config.dataDir, 'photos'))
    throw new OperatorFault(`${folder} is the photo store itself. Name another folder.`);
  return openFolderStorage(folder);
}

function addressOf(url: string): S3Address {
  try {
    const address = parseS3Address(url);
    if (address) return address;
    throw new Error('must name a bucket');
  } catch (error) {
    throw new OperatorFault(`--to ${error instanceof Error ? error.message : error}`);
  }
}

async function withStore(opening: Promise<Storage>, work: (storage: Storage) => Promise<void>) {
  const storage = await opening;
  try {
    await work(storage);
  } finally {
    await storage.close();
  }
}

async function list(storage: Storage): Promise<void> {
  const sums = await step('Counting', sumPrefixes(storage));
  const all = totalOf(sums);
  const rows = [...[...sums].sort(([a], [b]) => (a < b ? -1 : 1)), ['all', all] as const];
  const width = Math.max(...rows.map(([prefix]) => prefix.length));
  const digits = count(all.files).length;
  for (const [prefix, { files, sizeBytes }] of rows)
    say(`${prefix.padEnd(width)}  ${count(files).padStart(digits)} files  ${inBytes(sizeBytes).padStart(9)}`);
  const freeBytes = await storage.freeBytes();
  if (freeBytes !== null) say(`${inBytes(freeBytes)} are free.`);
}

async function copy(source: Storage, target: Storage): Promise<void> {
  const all = totalOf(await step('Counting', sumPrefixes(source)));
  say(`${count(all.files)} files, ${inBytes(all.sizeBytes)}`);
  const { copying, done } = copyStore(source, target);
  await showWhile(done, (seconds) => describeProgress(copying, all, seconds));
  const { copied, copiedBytes, same, failures } = copying;
  say(`Copied ${count(copied)} files, ${inBytes(copiedBytes)}; ${count(same)} were there already.`);
  for (const failure of failures.slice(0, FAILURES_SHOWN)) say(`  ${failure}`);
  if (failures.length > 0)
    throw new OperatorFault(
      `${count(failures.length)} files could not be copied. Run it again: what is there is not copied twice.`,
    );
  say('Photos that came meanwhile are missing: run it again, the last time with Pinhole stopped.');
}

/** Bytes and files below each first part of the keys. */
async function sumPrefixes(storage: Storage): Promise<Map<string, Sum>> {
  const sums = new Map<string, Sum>();
  for await (const { key, sizeBytes } of storage.list('')) {
    const prefix = key.slice(0, key.indexOf('/') + 1) || '(no folder)';
    const sum = sums.get(prefix) ?? { files: 0, sizeBytes: 0 };
    sums.set(prefix, { files: sum.files + 1, sizeBytes: sum.sizeBytes + sizeBytes });
  }
  return sums;
}

function totalOf(sums: Map<string, Sum>): Sum {
  return [...sums.values()].reduce(
    (all, { files, sizeBytes }) => ({ files: all.files + files, sizeBytes: all.sizeBytes + sizeBytes }),
    { files: 0, sizeBytes: 0 },
  );
}

async function showWhile(work: Promise<void>, describe: (seconds: number) => string): Promise<void> {
  const startMs = performance.now();
  const isTerminal = process.stdout.isTTY;
  let ticks = 0;
  const timer = setInterval(() => {
    ticks += 1;
    const line = describe((performance.now() - startMs) / 1_000);
    if (isTerminal) process.stdout.write(`\r${line}\u001b[K`);
    else if (ticks % TICKS_PER_LINE === 0) say(line);
  }, TICK_MS);
  try {
    await work;
  } finally {
    clearInterval(timer);
    if (isTerminal && ticks > 0) say('');
  }
}

function describeProgress({ seen, seenBytes, failures }: Copying, all: Sum, seconds: number): string {
  const perSecond = seenBytes / seconds;
  const left = Math.max(0, all.sizeBytes - seenBytes);
  return [
    `${count(seen)} of ${count(all.files)} files`,
    `${inBytes(seenBytes)} of ${inBytes(all.sizeBytes)}`,
    `${inBytes(perSecond)}/s`,
    ...(perSecond > 0 ? [`${inTime(left / perSecond)} left`] : []),
    ...(failures.length > 0 ? [`${count(failures.length)} failed`] : []),
  ].join(', ');
}

function count(number: number): string {
  return number.toLocaleString('en-US');
}

function inBytes(bytes: number): string {
  for (const [unit, size] of [
    ['TB', 1e12],
    ['GB', 1e9],
    ['MB', 1e6],
    ['kB', 1e3],
  ] as const)
    if (bytes >= size) return `${(bytes / size).toFixed(1)} ${unit}`;
  return `${Math.round(bytes)} B`;
}

function inTime(seconds: number): string {
  if (seconds >= 5_400) return `${(seconds / 3_600).toFixed(1)} h`;
  return seconds >= 90 ? `${Math.round(seconds / 60)} min` : `${Math.ceil(seconds)} s`;
}
