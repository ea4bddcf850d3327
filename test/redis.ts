/**
 * Real Redis and Memcached servers for tests: processes of their own on ports of their own, which die with the test's process
 * and can be killed, frozen, filled and started again.
 *
 *   const redis = await startRedis();                       // redis.url is what PINHOLE_REDIS is given
 *   await redis.freeze(); await redis.thaw();               // SIGSTOP, SIGCONT
 *   await redis.kill(); await redis.start();                // kill -9; again, empty
 *   await redis.command('FLUSHALL');
 */
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createClient } from 'redis';
import { findMemcached, findRedis } from '../server/main/admin/programs.ts';
import { atEnd, mendAtEnd } from './closing.ts';
import { type Daemon, freeServerPort, startDaemon } from './daemon.ts';

export type RedisServer = Daemon & {
  port: number;
  url: string;
  command<Reply>(...args: string[]): Promise<Reply>;
  freeze(): Promise<void>;
  thaw(): Promise<void>;
};
export type MemcachedServer = Daemon & {
  port: number;
  /** As PINHOLE_MEMCACHED names it. */
  address: { host: string; port: number };
  /** Plain text of the classic protocol; gives what came back until the connection rests. */
  say(text: string): Promise<string>;
  freeze(): Promise<void>;
  thaw(): Promise<void>;
};

/** `settings`: lines of redis.conf. Nothing is saved, unless they say so. With `sentinel monitor …` it is a Sentinel. */
export async function startRedis(settings: string[] = []): Promise<RedisServer> {
  const folder = await makeFolder('redis');
  const port = await freeServerPort();
  const file = path.join(folder, 'redis.conf');
  const isSentinel = settings.some((line) => line.startsWith('sentinel '));
  const own = [`port ${port}`, 'bind 127.0.0.1', `dir ${folder}`];
  const unsaved = isSentinel ? [] : ['save ""', 'appendonly no'];
  await writeFile(file, [...own, ...unsaved, ...settings, ''].join('\n'));
  const program = await findRedis();
  const daemon = await startDaemon({
    ...mortal(program, isSentinel ? [file, '--sentinel'] : [file]),
    logFile: path.join(folder, 'log'),
    stopSignal: 'SIGTERM',
    isReady: () => accepts(port),
  });
  atEnd(daemon.kill);
  const url = `redis://127.0.0.1:${port}`;
  return {
    ...daemon,
    ...frozen(daemon),
    port,
    url,
    async command<Reply>(...args: string[]) {
      const client = createClient({ url, RESP: 2 });
      client.on('error', () => undefined);
      await client.connect();
      try {
        return (await client.sendCommand(args)) as Reply;
      } finally {
        client.destroy();
      }
    },
  };
}

export async function startMemcached(megabytes = 64): Promise<MemcachedServer> {
  const folder = await makeFolder('memcached');
  const port = await freeServerPort();
  const program = await findMemcached();
  const args = ['-l', '127.0.0.1', '-p', String(port), '-m', String(megabytes), '-U', '0'];
  const daemon = await startDaemon({
    ...mortal(program, process.getuid?.() === 0 ? ['-u', 'nobody', ...args] : args),
    logFile: path.join(folder, 'log'),
    stopSignal: 'SIGTERM',
    isReady: () => accepts(port),
  });
  atEnd(daemon.kill);
  return {
    ...daemon,
    ...frozen(daemon),
    port,
    address: { host: '127.0.0.1', port },
    say: (text) => converse(port, text),
  };
}

async function makeFolder(name: string): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), `pinhole-test-${name}-`));
  await chmod(folder, 0o755);
  atEnd(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Ends with this process, however that ends. */
function mortal(program: string, args: string[]) {
  const [file = program, ...rest] =
    process.platform === 'linux' ? ['setpriv', '--pdeathsig', 'KILL', program, ...args] : [program, ...args];
  return { file, args: rest, options: {} };
}

function frozen({ pid }: Daemon) {
  const signal = (name: NodeJS.Signals) => async () => {
    if (pid() > 0) process.kill(pid(), name);
  };
  mendAtEnd(signal('SIGCONT'));
  return { freeze: signal('SIGSTOP'), thaw: signal('SIGCONT') };
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const answer = (isIn: boolean) => () => {
      socket.destroy();
      resolve(isIn);
    };
    socket.on('connect', answer(true)).on('error', answer(false));
  });
}

const REST_MS = 50;

function converse(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    let heard = '';
    socket.setTimeout(REST_MS, () => {
      socket.destroy();
      resolve(heard);
    });
    socket.on('data', (chunk) => {
      heard += chunk;
    });
    socket.on('error', reject);
  });
}
