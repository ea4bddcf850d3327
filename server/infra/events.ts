/**
 * What one process tells all others at once: through Redis where there is one, otherwise through the directory
 * (infra/notifications.ts). Nothing is kept for whoever does not hear it, so whoever must not miss something has another way
 * too: a time to live, a job, a list that is read again.
 */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { openNotifications } from './notifications.ts';
import type { Redis } from './redis/redis.ts';
import { runOutsideRequests } from './request-context.ts';
import { ServerDown } from './server-down.ts';
import { TEXT_CHANNEL } from './shard-map.ts';
import type { Shards } from './shards.ts';
import { sql } from './sql.ts';

export type Events = {
  /** After the commit. Heard in this process before it returns, once. Throws for a message that is too long, and for nothing else. */
  publish(channel: string, message: object): void;
  /** Gives what ends it. A message comes from a process that may be older or newer than this one. */
  subscribe(channel: string, hear: (message: unknown) => void): () => void;
  close(): Promise<void>;
};
type Options = {
  redis: Redis | null;
  shards: Pick<Shards, 'directory' | 'directoryConnection' | 'listen'>;
  onError(error: Error): void;
};
type Wire = { send(text: string): void; close(): Promise<void> };

const REDIS_CHANNEL = 'pinhole:events';
/** PostgreSQL takes less than 8,000; Redis is held to the same. */
const MESSAGE_MAX_BYTES = 7_900;
const TOGETHER_MAX = 200;

const envelope = z.object({
  from: z.string(),
  /** No two texts of a process are equal. */
  number: z.number(),
  channel: z.string(),
  message: z.unknown(),
});

export function openEvents({ redis, shards, onError }: Options): Events {
  const processId = randomUUID();
  const listeners = new Map<string, Set<(message: unknown) => void>>();
  let published = 0;

  function deliver(channel: string, message: unknown): void {
    for (const hear of listeners.get(channel) ?? [])
      try {
        hear(message);
      } catch (error) {
        onError(asError(error));
      }
  }

  function hearText(text: string): void {
    try {
      const { from, channel, message } = envelope.parse(JSON.parse(text));
      if (from !== processId) deliver(channel, message);
    } catch (error) {
      onError(asError(error));
    }
  }

  const wire = runOutsideRequests(() => {
    if (redis) return openRedisWire(redis, hearText, onError);
    if (shards.listen) return openMapWire(shards, shards.listen, hearText, onError);
    return openNotifications({
      connection: shards.directoryConnection,
      channel: TEXT_CHANNEL,
      hear: hearText,
      onError,
    });
  });
  return {
    publish(channel, message) {
      const text = JSON.stringify({ from: processId, number: ++published, channel, message });
      if (Buffer.byteLength(text) > MESSAGE_MAX_BYTES)
        throw new Error(`An event of ${channel} has ${Buffer.byteLength(text)} bytes: too long.`);
      deliver(channel, message);
      wire.send(text);
    },
    subscribe(channel, hear) {
      // Of its own: the same function may listen twice.
      const mine = (message: unknown) => hear(message);
      const all = listeners.get(channel) ?? new Set();
      listeners.set(channel, all.add(mine));
      return () => void all.delete(mine);
    },
    close: () => wire.close(),
  };
}

/** Beside the map of shards: no connection more. */
function openMapWire(
  shards: Pick<Shards, 'directory'>,
  listen: NonNullable<Shards['listen']>,
  hear: (text: string) => void,
  onError: (error: Error) => void,
): Wire {
  listen(hear);
  const waiting: string[] = [];
  let sending: Promise<void> | null = null;
  /** One statement after the other, so that they are heard in their order. */
  async function sendAll(): Promise<void> {
    while (waiting.length > 0) {
      const texts = waiting.splice(0, TOGETHER_MAX);
      await shards.directory
        .rows(sql`select pg_notify(${TEXT_CHANNEL}, text) from unnest(${texts}::text[]) as text`)
        .catch((error: unknown) => {
          if (!(error instanceof ServerDown)) onError(asError(error));
        });
    }
    sending = null;
  }
  return {
    send(text) {
      waiting.push(text);
      sending ??= runOutsideRequests(sendAll);
    },
    async close() {
      await sending;
      listen(() => undefined);
    },
  };
}

function openRedisWire(redis: Redis, hear: (text: string) => void, onError: (error: Error) => void): Wire {
  const subscribing = redis.subscribe(REDIS_CHANNEL, hear);
  return {
    send(text) {
      redis.command('PUBLISH', REDIS_CHANNEL, text).catch((error: unknown) => {
        if (!(error instanceof ServerDown)) onError(asError(error));
      });
    },
    close: async () => (await subscribing)(),
  };
}

function asError(error: unknown): Error {
  return new Error('an event between processes', { cause: error });
}
