/** Which store this Pinhole has: the bucket, when one is configured, else the folder `photos` of the data. */
import path from 'node:path';
import { type Config, publicUrlOf } from '../../config.ts';
import { openFolderStorage } from './folder.ts';
import type { Storage } from './storage.ts';

export async function openStorage(config: Config): Promise<Storage> {
  const { s3, dataDir } = config;
  if (!s3) return openFolderStorage(path.join(dataDir, 'photos'));
  // Loaded here alone: the library costs 150 ms and 60 MB that a folder does not need.
  const { openS3Storage } = await import('./s3.ts');
  const origin = new URL(publicUrlOf(config)).origin;
  return openS3Storage(s3, path.join(dataDir, 'scratch', 'store'), undefined, origin);
}
