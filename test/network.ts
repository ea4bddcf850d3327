/**
 * A small network of a test's own, in which packets can really vanish: a router in a network namespace, with this machine
 * on one side and a namespace for each server on the others. Servers reach one another through it too. Cutting is a rule
 * of the router: both ends keep their links and addresses, and nothing tells them anything.
 *
 * Needs root, iproute2 and a kernel with network namespaces; else there is none, and openNetwork gives null.
 */
import { execFile, execFileSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { promisify } from 'node:util';
import { isAlive } from '../server/infra/postgres-root.ts';
import { atEnd } from './closing.ts';

/** Under load a namespace takes a second; one that the kernel cannot make takes for ever. */
const BOUND = { timeout: 30_000, killSignal: 'SIGKILL' } as const;
const IP = 'ip';
/** pinhole-PROCESS-NETWORK-HOST */
const NAME = /^pinhole-(\d+)-(\d+)-/;
/** Part of 198.18.0.0/15, which is set aside for tests of networks. */
export const TEST_ADDRESSES = '198.18.0.0/15';
const TRIES = 10;
let networks = 0;

const execute = promisify(execFile);
const run = (file: string, args: string[]) => execute(file, args, BOUND);

export type Host = {
  address: string;
  /** What to put before a command, so that it runs there. */
  command: string[];
  /** From now on packets to it and from it vanish. */
  cut(): Promise<void>;
  heal(): Promise<void>;
};
export type Network = { addHost(): Promise<Host> };

/** Removed at the end of the test file. `says` gets the reason when there can be none. */
export async function openNetwork(says: (reason: string) => void = () => undefined): Promise<Network | null> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) {
    says('A network of its own takes root on Linux.');
    return null;
  }
  removeNetworks((pid) => !isAlive(pid));
  const number = ++networks;
  const removeOwn = () => removeNetworks((pid, each) => pid === process.pid && each === number);
  for (let tries = 1; ; tries++) {
    const net = `198.${randomInt(18, 20)}.${randomInt(0, 256)}`;
    const named = (host: string | number) => `pinhole-${process.pid}-${number}-${host}`;
    try {
      await makeRouter(net, named('router'), `ph${process.pid}n${number}`);
      atEnd(async () => removeOwn());
      let hosts = 0;
      return { addHost: () => addHost(net, named('router'), named(++hosts), hosts) };
    } catch (error) {
      removeOwn();
      const isTaken = String(error).includes('File exists');
      if (isTaken && tries < TRIES) continue;
      says(`This machine allows no network of its own: ${error instanceof Error ? error.message : error}`);
      return null;
    }
  }
}

/** Both ends of a link are known by address alone: the router has the same one on all its links. */
async function makeRouter(net: string, router: string, near: string): Promise<void> {
  const far = 'machine';
  await run(IP, ['netns', 'add', router]);
  await run(IP, ['link', 'add', 'name', near, 'type', 'veth', 'peer', 'name', far, 'netns', router]);
  await configure(router, [
    'link set lo up',
    `addr add ${net}.2 peer ${net}.1 dev ${far}`,
    `link set ${far} up`,
  ]);
  await run(IP, ['addr', 'add', `${net}.1`, 'peer', `${net}.2`, 'dev', near]);
  await run(IP, ['link', 'set', near, 'up']);
  await run(IP, ['route', 'add', `${net}.0/24`, 'via', `${net}.2`]);
  await run(IP, ['netns', 'exec', router, 'sh', '-c', 'echo 1 > /proc/sys/net/ipv4/ip_forward']);
}

async function addHost(net: string, router: string, name: string, count: number): Promise<Host> {
  const [address, link] = [`${net}.${count + 9}`, `host${count}`];
  await run(IP, ['netns', 'add', name]);
  await configure(router, [
    `link add name ${link} type veth peer name uplink netns ${name}`,
    `addr add ${net}.2 peer ${address} dev ${link}`,
    `link set ${link} up`,
  ]);
  await configure(name, [
    'link set lo up',
    `addr add ${address} peer ${net}.2 dev uplink`,
    'link set uplink up',
    `route add default via ${net}.2`,
  ]);
  let isCut = false;
  const rule = async (change: 'add' | 'del') => {
    if (isCut === (change === 'add')) return;
    isCut = change === 'add';
    await configure(
      router,
      ['from', 'to'].map((way) => `rule ${change} ${way} ${address} blackhole`),
    );
  };
  return {
    address,
    command: ['nsenter', `--net=/run/netns/${name}`, '--'],
    cut: () => rule('add'),
    heal: () => rule('del'),
  };
}

async function configure(namespace: string, lines: string[]): Promise<void> {
  const asked = run(IP, ['-n', namespace, '-batch', '-']);
  asked.child.stdin?.end(lines.join('\n'));
  await asked;
}

/** Their links and routes go with them. What dead processes left behind is removed by the next. */
function removeNetworks(isGone: (pid: number, network: number) => boolean): void {
  try {
    for (const line of execFileSync(IP, ['netns', 'list'], {
      ...BOUND,
      encoding: 'utf8',
      stdio: 'pipe',
    }).split('\n')) {
      const [name = ''] = line.split(' ');
      const [, pid, number] = NAME.exec(name) ?? [];
      if (pid && isGone(Number(pid), Number(number))) execFileSync(IP, ['netns', 'del', name], BOUND);
    }
  } catch {
    // No iproute2, or another process was faster; the next that wants a network sweeps again.
  }
}
