/**
 * One Redis server, or the one that a group of Sentinels says. All in it is derived from PostgreSQL: it may be lost at any
 * moment, and whoever asks it knows another way.
 *
 * What was written to it is trusted only as long as nobody can have missed a change: the keys of derived data carry a
 * generation, made of the run of the Redis process (a restart may bring back an old copy, a failover a replica that lagged)
 * and of the epoch of the network (a process that runs without Redis changed something, see epoch.ts). Processes learn of a new
 * one within a second, each in its own time. So whoever learns of it first writes it down here, and a change that must not
 * be missed asks in the same step whether its generation still is the one: else it is made again, for the new one.
 */
import { randomInt } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { createClient, createSentinel, ErrorReply } from 'redis';
import type { RedisAddress } from '../../config.ts';
import { type Breaker, openBreaker } from '../breaker.ts';
import { ServerDown } from '../server-down.ts';
import type { Epoch } from './epoch.ts';
import { type Script, script } from './script.ts';

type Argument = string | Buffer;
export type Redis = {
  name: string;
  /** Commands that are asked for in one turn of the loop are sent together. Throws ServerDown within a quarter of a second. */
  command<Reply>(...args: Argument[]): Promise<Reply>;
  run<Reply>(script: Script, keys: string[], args: Argument[]): Promise<Reply>;
  /**
   * As `run`, for a change that whoever reads under a newer generation must not miss: throws ServerDown when there is one.
   * The script finds its own keys behind the first one.
   */
  change<Reply>(script: Script, keys: string[], args: Argument[]): Promise<Reply>;
  /** Takes keys of this generation away; gives how many there were. As `change`. */
  forget(keys: string[]): Promise<number>;
  /** What is written under another generation is never read. Throws ServerDown while it is not known. */
  generation(): string;
  isDown(): boolean;
  /** On performance.now(): what it was to be told before may not have come through. */
  answersSinceMs(): number;
  /** 0 while it answers. */
  downForMs(): number;
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
const LOOK_EVERY_MS = 1_000;
const GENERATION_KEY = 'generation';
const STALE = 'STALE';
const TERM_MAX = 2 ** 32;
/** Not an answer to what was asked: it cannot serve just now. */
const CANNOT_SERVE =
  /\b(LOADING|MASTERDOWN|READONLY|NOREPLICAS|CLUSTERDOWN|NOAUTH|WRONGPASS|ERR invalid password)\b/;

/** It answers, but its disk takes nothing. Before Redis 7 scripts say it with a text of their own before it. */
const CANNOT_SAVE = /\bMISCONF /;

/**
 * Written down as EPOCH.RUN.TERM. A run may serve twice, with another server in between, and then begins another term. An older
 * epoch is not written over a newer one. Where nothing stands, all was flushed: then a term that was known may go on.
 */
const ANNOUNCE = script(`
  local said = redis.call('GET', KEYS[1]) or ''
  local epoch, run = string.match(said, '^(%d+)%.(%x+)%.')
  if run == ARGV[2] and tonumber(epoch) >= tonumber(ARGV[1]) then return said end
  if said == '' and ARGV[4] ~= '' then said = ARGV[4] else said = ARGV[3] end
  redis.call('SET', KEYS[1], said)
  return said`);

/** To be the head of a script that changes something: KEYS[1] is the generation, ARGV[1] whose keys the script was given. */
export const IF_CURRENT = `
  if redis.call('GET', KEYS[1]) ~= ARGV[1] then return redis.error_reply('${STALE} generation') end
  table.remove(KEYS, 1)
  table.remove(ARGV, 1)`;

const FORGET = script(`${IF_CURRENT}
  return redis.call('UNLINK', unpack(KEYS))`);

export function openRedis(name: string, { address, epoch, onError, onTurn }: Options): Redis {
  const connection = connectTo(address, onError);
  let generation = '';
  let isClosed = false;
  let answersSinceMs = Number.NEGATIVE_INFINITY;
  let downSinceMs: number | null = null;
  const look = async () => {
    const text = String(await connection.send(['INFO', 'server']));
    const runId = /^run_id:([0-9a-f]{8})/m.exec(text)?.[1];
    if (!runId) throw new Error('Redis does not say which run of it this is.');
    const mine = epoch.value();
    if (mine === null) throw new ServerDown(name, 'belongs to an epoch that is not known just now');
    const start = `${mine}.${runId}.`;
    const known = generation.startsWith(start) ? generation : '';
    const wish = start + randomInt(TERM_MAX).toString(36);
    const args = [String(mine), runId, wish, known];
    const said = await runOn(connection.send, ANNOUNCE, [GENERATION_KEY], args);
    // Another has learnt of a newer epoch: this process will within a second, and writes nothing until then.
    generation = String(said).startsWith(`${mine}.`) ? String(said) : '';
  };
  const breaker: Breaker = openBreaker({
    name,
    probe: look,
    isLost: (error) => !(error instanceof ErrorReply) || CANNOT_SERVE.test(error.message),
    onTurn(isDown) {
      answersSinceMs = performance.now();
      downSinceMs = isDown ? performance.now() : null;
      onTurn(isDown);
    },
  });
  const lookSoon = () =>
    void breaker.on(look).catch(() => {
      if (epoch.value() === null) generation = '';
    });
  connection.onChange(() => {
    generation = '';
    lookSoon();
  });
  void open(connection, () => isClosed, onError);
  const timer = setInterval(lookSoon, LOOK_EVERY_MS).unref();
  const known = () => {
    if (generation === '') throw new ServerDown(name, 'is not known yet');
    return generation;
  };

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
    run: <Reply>(wanted: Script, keys: string[], args: Argument[]) =>
      runOn((parts) => redis.command(...parts), wanted, keys, args) as Promise<Reply>,
    async change<Reply>(wanted: Script, keys: string[], args: Argument[]) {
      const mine = known();
      const ask = () => redis.run<Reply>(wanted, [GENERATION_KEY, ...keys], [mine, ...args]);
      try {
        return await ask();
      } catch (error) {
        if (!(error instanceof ErrorReply) || !error.message.startsWith(STALE)) throw error;
        // Perhaps all was flushed, and nobody has said it again.
        await breaker.on(look);
        if (generation === mine) return ask();
        throw new ServerDown(name, 'has a newer generation', { cause: error });
      }
    },
    forget: async (keys) => (keys.length > 0 ? redis.change<number>(FORGET, keys, []) : 0),
    generation: known,
    isDown: () => breaker.isDown() || generation === '',
    answersSinceMs: () => answersSinceMs,
    downForMs: () => (downSinceMs === null ? 0 : performance.now() - downSinceMs),
    subscribe: (channel, hear) => subscribe(address, channel, hear, onError),
    async close() {
      isClosed = true;
      clearInterval(timer);
      breaker.close();
      connection.destroy();
    },
  };
  return redis;
}

/** A client gives up when it finds none of its Sentinels for some seconds. */
async function open(
  connection: Connection,
  isClosed: () => boolean,
  onError: (error: Error) => void,
): Promise<void> {
  while (!isClosed()) {
    try {
      await connection.open();
      return;
    } catch (error) {
      if (error instanceof Error) onError(error);
    }
    await delay(CONNECT_MS, undefined, { ref: false });
  }
}

/** Sent by its hash; whole, where Redis does not know it yet. */
async function runOn(
  send: (args: Argument[]) => Promise<unknown>,
  { sha, text }: Script,
  keys: string[],
  args: Argument[],
): Promise<unknown> {
  const rest = [String(keys.length), ...keys, ...args];
  try {
    return await send(['EVALSHA', sha, ...rest]);
  } catch (error) {
    if (!(error instanceof ErrorReply) || !error.message.startsWith('NOSCRIPT')) throw error;
    return send(['EVAL', text, ...rest]);
  }
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

/** Once it has subscribed, the client does so again by itself when its connection was lost. */
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
    sentinel
      .connect()
      .then(() => sentinel.subscribe(channel, hear))
      .catch(onError);
    return async () => void sentinel.destroy().catch(() => undefined);
  }
  const client = createClient({ url: address.url, socket, pingInterval: PING_MS });
  client.on('error', onError);
  let isSubscribed = false;
  const begin = async () => {
    if (isSubscribed) return;
    await client.subscribe(channel, hear);
    isSubscribed = true;
  };
  client.on('ready', () => void begin().catch(onError));
  client.connect().catch(onError);
  return async () => client.destroy();
}
