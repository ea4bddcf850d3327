/**
 * A TCP proxy before a server of this machine, for faults that a killed server does not show: slow, silent, closed.
 *
 * pass: all is well. delay: what the server sends arrives that much later. hang: connections are accepted and nothing is
 * forwarded, either way, and nothing is closed; afterwards what was held back arrives, as packets sent again do. refuse:
 * nobody listens, and connections are reset.
 */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

export type TcpProxy = {
  port: number;
  /** Each takes effect on open connections too. */
  pass(): Promise<void>;
  delay(ms: number): Promise<void>;
  hang(): Promise<void>;
  refuse(): Promise<void>;
  /** Connections that clients have open. */
  connections(): number;
  stop(): Promise<void>;
};

type State = { delayMs: number; gate: Promise<void>; open(): void; sockets: Set<Socket> };

/** Resets a connection whose other side does not take what arrives. */
const HELD_BYTES_MAX = 64e6;

/** `port`: where to listen; without it, a free one is found. */
export async function startTcpProxy(target: { host: string; port: number }, port = 0): Promise<TcpProxy> {
  const state: State = { delayMs: 0, gate: Promise.resolve(), open: () => undefined, sockets: new Set() };
  const clients = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (client) => {
    clients.add(client);
    client.once('close', () => clients.delete(client));
    void join(client, target, state);
  });
  async function listen(at: number): Promise<number> {
    server.listen(at, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    return typeof address === 'object' && address ? address.port : at;
  }
  const bound = await listen(port);
  let isHanging = false;
  function letGo(): void {
    isHanging = false;
    state.open();
  }
  async function close(): Promise<void> {
    for (const socket of state.sockets) socket.resetAndDestroy();
    if (!server.listening) return;
    server.close();
    await once(server, 'close');
  }
  async function change(delayMs: number): Promise<void> {
    state.delayMs = delayMs;
    letGo();
    if (!server.listening) await listen(bound);
  }
  return {
    port: bound,
    pass: () => change(0),
    delay: change,
    async hang() {
      if (!server.listening) await listen(bound);
      if (isHanging) return;
      isHanging = true;
      const { promise, resolve } = Promise.withResolvers<void>();
      state.gate = promise;
      state.open = resolve;
    },
    refuse: close,
    connections: () => clients.size,
    async stop() {
      await close();
      letGo();
    },
  };
}

async function join(client: Socket, target: { host: string; port: number }, state: State): Promise<void> {
  track(client, state);
  client.on('error', () => undefined);
  await state.gate;
  if (client.destroyed) return;
  const server = connect({ ...target, allowHalfOpen: true });
  track(server, state);
  for (const [one, other] of [
    [client, server],
    [server, client],
  ] as const) {
    one.setNoDelay(true);
    one.on('error', () => void state.gate.then(() => other.resetAndDestroy()));
    forward(one, other, () => (one === server ? state.delayMs : 0), state);
  }
}

function track(socket: Socket, { sockets }: State): void {
  sockets.add(socket);
  socket.once('close', () => sockets.delete(socket));
}

/** Each chunk waits for its own time, not for that of the one before it: a delay does not make the line narrower. */
function forward(from: Socket, to: Socket, delayMs: () => number, state: State): void {
  let last = Promise.resolve();
  let held = 0;
  const later = (work: () => void) => {
    const dueMs = performance.now() + delayMs();
    last = last.then(async () => {
      const waitMs = dueMs - performance.now();
      if (waitMs > 0) await delay(waitMs);
      await state.gate;
      work();
    });
  };
  from.on('data', (chunk) => {
    held += chunk.length;
    if (held > HELD_BYTES_MAX) from.resetAndDestroy();
    later(() => {
      held -= chunk.length;
      if (!to.destroyed) to.write(chunk);
    });
  });
  from.on('end', () => later(() => to.end()));
  from.on('close', () => later(() => to.destroySoon()));
}
