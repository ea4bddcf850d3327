/**
 * Writes photos into a folder store on a disk whose power is cut again and again, and prints what was lost as JSON.
 * A process of its own, in a mount namespace of its own: whatever happens to it, no mount is left.
 */
import { createHash, randomBytes } from 'node:crypto';
import { open, readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { openFolderStorage } from '../server/infra/storage/folder.ts';
import type { Storage } from '../server/infra/storage/storage.ts';
import { cutPower, mountDisk, mountImage, NoDisk, unmount } from './hostile-disk.ts';

export type Losses = { acknowledged: number; lost: string[]; torn: string[]; undead: string[] };

const OUTER_BYTES = 512 * 1024 ** 2;
const DISK_BYTES = 96 * 1024 ** 2;
const CUTS = 6;
const BETWEEN_CUTS_MS = 300;
const WRITERS = 4;
/** How many of each kind are named. */
const EXAMPLES = 5;

const [folder = ''] = process.argv.slice(2);
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

type Ledger = {
  /** What was begun, with its checksum, in case its name turns up. */
  begun: Map<string, string>;
  acknowledged: Map<string, string>;
  /** What may be gone, since its removal was begun, and what must be. */
  doomed: Set<string>;
  removed: Set<string>;
};
type Cut = { copy: string } & Pick<Ledger, 'acknowledged' | 'doomed' | 'removed'>;

/** Each turn one photo: its source in a stream, its renditions together; every third is removed again. */
async function write(storage: Storage, ledger: Ledger, writer: number, isOver: () => boolean): Promise<void> {
  for (let turn = 0; !isOver(); turn++) {
    const id = `${writer}${String(turn).padStart(5, '0')}`;
    const source = { key: `originals/${id.slice(-2)}/${id}`, bytes: randomBytes(8_000 + turn * 13) };
    const renditions = ['w1080', 'w640', 'w320', 's150'].map((name) => ({
      key: `public/${id.slice(-2)}/7/${id}/token/${name}.jpg`,
      bytes: randomBytes(2_000),
    }));
    for (const { key, bytes } of [source, ...renditions]) ledger.begun.set(key, sha256(bytes));
    await storage.receive(source.key, inPieces(source.bytes), 1e6);
    ledger.acknowledged.set(source.key, sha256(source.bytes));
    await storage.putAll(renditions);
    for (const { key, bytes } of renditions) ledger.acknowledged.set(key, sha256(bytes));
    if (turn % 3 !== 2) continue;
    const keys = [source, ...renditions].map(({ key }) => key);
    for (const key of keys) ledger.doomed.add(key);
    await storage.remove(keys);
    for (const key of keys) ledger.removed.add(key);
  }
}

async function* inPieces(bytes: Buffer): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 3_000) yield bytes.subarray(at, at + 3_000);
}

async function measureLosses(name: string): Promise<Losses> {
  const outer = path.join(folder, `outer-${name}`);
  const disk = path.join(folder, `disk-${name}`);
  const image = path.join(outer, 'disk.img');
  await mountDisk(outer, 'xfs', OUTER_BYTES);
  await mountDisk(disk, 'ext4', DISK_BYTES, image);
  const storage = await openFolderStorage(path.join(disk, 'photos'));
  const ledger: Ledger = { begun: new Map(), acknowledged: new Map(), doomed: new Set(), removed: new Set() };
  let isOver = false;
  const writers = Array.from({ length: WRITERS }, (_, at) => write(storage, ledger, at + 1, () => isOver));
  const cuts: Cut[] = [];
  const cut = async () => {
    const copy = path.join(outer, `cut-${cuts.length}.img`);
    const [acknowledged, removed] = [new Map(ledger.acknowledged), new Set(ledger.removed)];
    await cutPower(image, copy);
    cuts.push({ copy, acknowledged, removed, doomed: new Set(ledger.doomed) });
  };
  for (let at = 0; at < CUTS; at++) {
    await delay(BETWEEN_CUTS_MS);
    await cut();
  }
  isOver = true;
  await Promise.all(writers);
  // While others write, their syncs take what one forgot along; after the last one nothing does.
  for (const turns of [1, 2, 3]) {
    let turn = 0;
    await write(storage, ledger, 4 + turns, () => turn++ === turns);
    await cut();
  }
  await storage.close();
  const losses: Losses = { acknowledged: 0, lost: [], torn: [], undead: [] };
  for (const cut of cuts) {
    const found = `${disk}-after`;
    await mountImage(cut.copy, found);
    await compare(path.join(found, 'photos'), ledger.begun, cut, losses);
    await unmount(found);
  }
  for (const keys of [losses.lost, losses.torn, losses.undead]) keys.splice(EXAMPLES);
  return losses;
}

async function compare(root: string, begun: Ledger['begun'], cut: Cut, losses: Losses): Promise<void> {
  const storage = await openFolderStorage(root);
  const there = new Map<string, string>();
  for await (const { key } of storage.list('')) there.set(key, sha256(await readFile(path.join(root, key))));
  losses.acknowledged += cut.acknowledged.size;
  for (const [key, digest] of cut.acknowledged)
    if (there.get(key) !== digest && !cut.doomed.has(key)) losses.lost.push(key);
  for (const [key, digest] of there) if (begun.get(key) !== digest) losses.torn.push(key);
  for (const key of cut.removed) if (there.has(key)) losses.undead.push(key);
}

/** From now on nothing waits for the disk. */
async function forgetToSync(): Promise<void> {
  const file = await open(process.execPath);
  Object.assign(Object.getPrototypeOf(file), { sync: async () => undefined });
  await file.close();
}

try {
  const synced = await measureLosses('synced');
  await forgetToSync();
  const unsynced = await measureLosses('unsynced');
  console.log(JSON.stringify({ synced, unsynced }));
} catch (error) {
  if (!(error instanceof NoDisk)) throw error;
  console.log(JSON.stringify({ missing: error.message }));
}
