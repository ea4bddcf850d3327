/** App: what a process holds. Put together in main/app.ts alone, and handed to every function that needs it. */
import type { KeyObject } from 'node:crypto';
import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import type { Cache } from './cache.ts';
import type { CloudFront } from './cloudfront.ts';
import type { Events } from './events.ts';
import type { ImageWorkers } from './images/pool.ts';
import type { Mailer } from './mail.ts';
import type { Memcached } from './memcached/memcached.ts';
import type { Metrics } from './metrics.ts';
import type { Queue } from './queue.ts';
import type { Epoch } from './redis/epoch.ts';
import type { RedisRoles } from './redis/roles.ts';
import type { Shards } from './shards.ts';
import type { Storage } from './storage/storage.ts';

export type App = {
  config: Config;
  /** Where members reach us, without a slash at the end. */
  publicUrl: string;
  /** Signs cursors; the same in all processes. */
  signingKey: KeyObject;
  /** Makes the part of photo addresses that nobody can guess: never changed, or no file would be found again. */
  addressKey: KeyObject;
  /** Signs the addresses of private photos; nginx is given it too. */
  linkSecret: string;
  /** Signs them instead, where CloudFront is in front. */
  cloudFront: CloudFront | null;
  clock: { nowMs(): number };
  log: Logger;
  shards: Shards;
  queue: Queue;
  cache: Cache;
  /** What is told to all processes. */
  events: Events;
  /** By role; null without Redis. */
  redis: RedisRoles;
  epoch: Epoch;
  memcached: Memcached | null;
  storage: Storage;
  images: ImageWorkers;
  mail: Mailer;
  metrics: Metrics;
};
