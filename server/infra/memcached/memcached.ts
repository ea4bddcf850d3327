/**
 * A cache that all processes share: cache-aside, over several Memcached nodes. Whoever misses a value gets a lease with the
 * miss, alone of all who miss it now, and may fill it only while the lease stands; a change takes value and lease away. So
 * what was read before a change is never written back after it, and a value that many miss is loaded once. (Nishtala et al.,
 * Scaling Memcache at Facebook, NSDI 2013.)
 *
 * A node that is down is not replaced by another: its keys miss until it is back, so that no change goes where nobody looks
 * for it.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { ServerDown } from '../server-down.ts';
import { type Node, openNode, type Reply } from './node.ts';
import { makeRing } from './ring.ts';

export type Memcached = {
  /**
   * Text by key; what is not there is loaded, and kept. `load` gives what there is of the keys that it is handed. Of all who
   * miss a key at once in this process one loads it. Never throws but what `load` throws.
   */
  readThrough(
    keys: string[],
    load: (keys: string[]) => Promise<Map<string, string>>,
  ): Promise<Map<string, string>>;
  /** Throws ServerDown when a node does not answer: it may still hold what was to be forgotten. */
  forget(keys: string[]): Promise<void>;
  nodes(): { name: string; isDown: boolean }[];
  close(): void;
};
export type Outcome = 'hit' | 'loaded' | 'waited' | 'bypassed';
type Address = { host: string; port: number };
type Options = {
  nodes: Address[];
  count(outcome: Outcome, by: number): void;
  onTurn(name: string, isDown: boolean): void;
};
type Found = { value?: string; lease?: string };

const TTL_SECONDS = 300;
/** A lease whose holder died is given to the next after so long. */
const LEASE_SECONDS = 3;
const WAIT_MS = 10;
const WAITING_MAX_MS = 200;

export function openMemcached({ nodes: addresses, count, onTurn }: Options): Memcached {
  const names = addresses.map(({ host, port }) => `${host}:${port}`);
  const nodes = addresses.map((address, at) =>
    openNode(address, (isDown) => onTurn(names[at] ?? '', isDown)),
  );
  const ring = makeRing(names);
  const flights = new Map<string, Promise<Map<string, string>>>();

  /** One question to each node. Keys of nodes that do not answer are absent. */
  async function ask(keys: string[], commandOf: (key: string) => string): Promise<Map<string, Reply>> {
    const found = new Map<string, Reply>();
    const shares = Map.groupBy(keys, ring);
    await Promise.all(
      [...shares].map(async ([at, share]) => {
        const node = nodes[at] as Node;
        const replies = await node.ask(share.map(commandOf)).catch((error: unknown) => {
          if (!(error instanceof ServerDown)) throw error;
          return [];
        });
        for (const [place, reply] of replies.entries()) found.set(share[place] as string, reply);
      }),
    );
    return found;
  }

  async function look(keys: string[]): Promise<Map<string, Found>> {
    const replies = await ask(keys, (key) => `mg ${key} v c N${LEASE_SECONDS}\r\n`);
    return new Map([...replies].map(([key, reply]) => [key, foundIn(reply)]));
  }

  async function fill(loaded: Map<string, string>, leases: Map<string, string>): Promise<void> {
    await ask([...leases.keys()], (key) => {
      const value = loaded.get(key);
      // What is not there is not kept either: its lease is given back.
      if (value === undefined) return `md ${key} C${leases.get(key)}\r\n`;
      return `ms ${key} ${Buffer.byteLength(value)} T${TTL_SECONDS} C${leases.get(key)}\r\n${value}\r\n`;
    });
  }

  /** Others in this process who miss the same meanwhile take this answer. */
  async function fly(
    keys: string[],
    leases: Map<string, string>,
    load: (keys: string[]) => Promise<Map<string, string>>,
  ) {
    const flight = load(keys);
    for (const key of keys) flights.set(key, flight);
    try {
      const loaded = await flight;
      if (leases.size > 0) await fill(loaded, leases);
      return loaded;
    } finally {
      for (const key of keys) if (flights.get(key) === flight) flights.delete(key);
    }
  }

  async function readThrough(
    keys: string[],
    load: (keys: string[]) => Promise<Map<string, string>>,
  ): Promise<Map<string, string>> {
    const values = new Map<string, string>();
    let missing = [...new Set(keys)];
    const startMs = performance.now();
    while (missing.length > 0) {
      const found = await look(missing);
      const [leases, down, busy] = [new Map<string, string>(), [] as string[], [] as string[]];
      for (const key of missing) {
        const { value, lease } = found.get(key) ?? {};
        if (value !== undefined) values.set(key, value);
        else if (lease !== undefined) leases.set(key, lease);
        else (found.has(key) && performance.now() - startMs < WAITING_MAX_MS ? busy : down).push(key);
      }
      count('hit', missing.length - leases.size - down.length - busy.length);
      const joined = [...busy, ...down].filter((key) => flights.has(key));
      const alone = new Set(joined);
      const wanted = down.filter((key) => !alone.has(key));
      const loads = [
        ...new Set(joined.map((key) => flights.get(key) as Promise<Map<string, string>>)),
        ...(leases.size > 0 ? [fly([...leases.keys()], leases, load)] : []),
        ...(wanted.length > 0 ? [fly(wanted, new Map(), load)] : []),
      ];
      count('loaded', leases.size);
      count('waited', joined.length);
      count('bypassed', wanted.length);
      for (const loaded of await Promise.all(loads))
        for (const [key, value] of loaded) if (missing.includes(key)) values.set(key, value);
      missing = busy.filter((key) => !alone.has(key));
      if (missing.length > 0) await delay(WAIT_MS);
    }
    return values;
  }

  return {
    readThrough,
    async forget(keys) {
      for (const key of keys) flights.delete(key);
      const replies = await ask(keys, (key) => `md ${key}\r\n`);
      const unanswered = keys.find((key) => !replies.has(key));
      if (unanswered !== undefined) throw new ServerDown('memcached', `has not forgotten ${unanswered}`);
    },
    nodes: () => names.map((name, at) => ({ name, isDown: nodes[at]?.isDown() ?? true })),
    close() {
      for (const node of nodes) node.close();
    },
  };
}

/** W: the lease is ours; Z: another has it. A value that was never filled is empty. */
function foundIn({ flags, value }: Reply): Found {
  if (flags.includes('W')) return { lease: flags.find((flag) => flag.startsWith('c'))?.slice(1) ?? '' };
  if (flags.includes('Z') || !value) return {};
  return { value };
}
