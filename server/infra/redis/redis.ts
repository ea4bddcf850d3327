/**
 * One Redis server, or the one that a group of Sentinels says. All in it is derived from PostgreSQL: it may be lost at any
 * moment, and whoever asks it knows another way.
 *
 * What was written to it is trusted only as long as nobody can have missed a change: the keys of derived data carry a
 * generation, made of the run of the Redis process (a restart may bring back an old copy, a failover a replica that lagged)
 * and of the epoch of the network (a process that runs without Redis changed something, see epoch.ts).
 */
import { createClient, createSentinel, ErrorReply } from 'redis';
import type { RedisAddress } from '../../config.ts';
import { type Breaker, openBreaker } from '../breaker.ts';
import { ServerDown } from '../server-down.ts';
import type { Epoch } from './epoch.ts';
import type { Script } from './script.ts';

type Argument = string | Buffer;
export type Redis = {
  name: string;
  /** Commands that are asked for in one turn of the loop are sent together. Throws ServerDown within a quarter of a second. */
  command<Reply>(...args: Argument[]): Promise<Reply>;
  run<Reply>(script: Script, keys: string[], args: Argument[]): Promise<Reply>;
  /** What is written under another generation is never read. Throws ServerDown while it is not known. */
  generation(): string;
  isDown(): boolean;
  /** Messages of a channel, on a connection of their own, also after it was lost. Gives what ends it. */
  subscribe(channel: string, hear: (message: string) => void): Promise<() => Promise<void>>;
  close(): Promise<void>;
};
type Options = {
  address: RedisAddress;
  epoch: Epoch;
  onError(error: Error): void;
  onTurn(isDown: boolean): void;
};

type Connection = {
  send(args: Argument[]): Promise<unknown>;
  /** Another server may be behind it from now on. */
  onChange(then: () => void): void;
  open(): Promise<unknown>;
  destroy(): void;
};

const CONNECT_MS = 1_000;
const AGAIN_MS = 200;
const PING_MS = 1_000;
/** A connection on which nothing comes, not even the answer to a ping, is made anew. */
const SILENT_MS = 5_000;
const QUEUE_MAX = 20_000;
const RUN_ID_EVERY_MS = 1_000;
/** Not an answer to what was asked: it cannot serve just now. */
const CANNOT_SERVE =
  /^(LOADING|MASTERDOWN|READONLY|NOREPLICAS|CLUSTERDOWN|NOAUTH|WRONGPASS|ERR invalid password)/;
/** It answers, but its disk takes nothing. Before Redis 7 scripts say it with a text of their own before it. */
const CANNOT_SAVE = /(^|-)MISCONF /;

export function openRedis(name: string, { address, epoch, onError, onTurn }: Options): Redis {
  const connection = connectTo(address, onError);
  let runId = '';
  const readRunId = async () => {
    const text = String(await connection.send(['INFO', 'server']));
    runId = /^run_id:([0-9a-f]{8})/m.exec(text)?.[1] ?? '';
    if (runId === '') throw new Error('Redis does not say which run of it this is.');
  };
  const breaker: Breaker = openBreaker({
    name,
    probe: readRunId,
    isLost: (error) => !(error instanceof ErrorReply) || CANNOT_SERVE.test(error.message),
    onTurn,
  });
  connection.onChange(() => {
    runId = '';
    breaker.on(readRunId).catch(() => undefined);
  });
  connection.open().catch(onError);
  const timer = setInterval(() => void breaker.on(readRunId).catch(() => undefined), RUN_ID_EVERY_MS).unref();

  const redis: Redis = {
    name,
    command: <Reply>(...args: Argument[]) =>
      breaker
        .on(() => connection.send(args) as Promise<Reply>)
        .catch((error: unknown) => {
          if (!(error instanceof ErrorReply) || !CANNOT_SAVE.test(error.message)) throw error;
          throw new ServerDown(name, 'takes nothing, not even that something is to be forgotten', {
            cause: error,
          });
        }),
    async run<Reply>(script: Script, keys: string[], args: Argument[]) {
      const rest = [String(keys.length), ...keys, ...args];
      try {
        return await redis.command<Reply>('EVALSHA', script.sha, ...rest);
      } catch (error) {
        if (!(error instanceof ErrorReply) || !error.message.startsWith('NOSCRIPT')) throw error;
        return redis.command<Reply>('EVAL', script.text, ...rest);
      }
    },
    generation() {
      if (runId === '') throw new ServerDown(name, 'is not known yet');
      return `${epoch.value()}${runId}`;
    },
    isDown: () => breaker.isDown() || runId === '',
    subscribe: (channel, hear) => subscribe(address, channel, hear, onError),
    async close() {
      clearInterval(timer);
      breaker.close();
      connection.destroy();
    },
  };
  return redis;
}

const socket = { connectTimeout: CONNECT_MS, reconnectStrategy: AGAIN_MS, socketTimeout: SILENT_MS };
const manners = {
  RESP: 2,
  disableOfflineQueue: true,
  commandsQueueMaxLength: QUEUE_MAX,
  pingInterval: PING_MS,
} as const;

function connectTo(address: RedisAddress, onError: (error: Error) => void): Connection {
  if (address.kind === 'sentinel') {
    const sentinel = createSentinel({
      name: address.name,
      sentinelRootNodes: address.sentinels,
      RESP: 2,
      nodeClientOptions: { ...manners, socket, ...address.credentials },
      sentinelClientOptions: { socket },
      scanInterval: PING_MS,
      passthroughClientErrorEvents: true,
    });
    sentinel.on('error', onError);
    return {
      send: (args) => sentinel.sendCommand(false, args),
      // A primary that restarts before the Sentinels have missed it changes no topology: all that is seen is its connection.
      onChange: (then) => void sentinel.on('topology-change', then).on('error', then),
      open: () => sentinel.connect(),
      destroy: () => void sentinel.destroy().catch(() => undefined),
    };
  }
  const client = createClient({ ...manners, url: address.url, socket });
  client.on('error', onError);
  return {
    send: (args) => client.sendCommand(args),
    onChange: (then) => void client.on('ready', then),
    open: () => client.connect(),
    destroy: () => client.destroy(),
  };
}

/** The client subscribes again by itself when its connection was lost. */
async function subscribe(
  address: RedisAddress,
  channel: string,
  hear: (message: string) => void,
  onError: (error: Error) => void,
): Promise<() => Promise<void>> {
  if (address.kind === 'sentinel') {
    const sentinel = createSentinel({
      name: address.name,
      sentinelRootNodes: address.sentinels,
      nodeClientOptions: { socket, ...address.credentials },
      scanInterval: PING_MS,
    });
    sentinel.on('error', onError);
    void sentinel.connect().then(() => sentinel.subscribe(channel, hear), onError);
    return async () => void sentinel.destroy().catch(() => undefined);
  }
  const client = createClient({ url: address.url, socket, pingInterval: PING_MS });
  client.on('error', onError);
  void client.connect().then(() => client.subscribe(channel, hear), onError);
  return async () => client.destroy();
}
