/** What the processes of a running Pinhole cost, read from /proc. */
import { readdir, readFile } from 'node:fs/promises';

/** CPU ms since start, user and system. `images` are the media workers, also those that have ended. */
export type Cpu = { node: number; postgres: number; images: number; all: number };

type Process = { pid: number; parent: number; isPostgres: boolean; ownTicks: number; reapedTicks: number };

const MS_PER_TICK = 10; // USER_HZ is 100 on every Linux that Node runs on

/** `pid`: the process of ./pinhole up, whose descendants all the others are. */
export async function readCpu(pid: number): Promise<Cpu> {
  const cpu = { node: 0, postgres: 0, images: 0, all: 0 };
  for (const each of await listProcesses(pid)) {
    const part = each.isPostgres ? 'postgres' : each.pid === pid ? 'node' : 'images';
    cpu[part] += each.ownTicks * MS_PER_TICK;
    // What ended children used: of the server process media workers, of the postmaster backends.
    cpu[each.isPostgres ? 'postgres' : 'images'] += each.reapedTicks * MS_PER_TICK;
  }
  return { ...cpu, all: cpu.node + cpu.postgres + cpu.images };
}

export function cpuBetween(before: Cpu, after: Cpu): Cpu {
  return {
    node: after.node - before.node,
    postgres: after.postgres - before.postgres,
    images: after.images - before.images,
    all: after.all - before.all,
  };
}

/** RSS counts memory that processes share once for each; PSS counts it once. */
export async function readMemory(pid: number) {
  const memory = { rssMiB: 0, pssMiB: 0, nodeRssMiB: 0, processes: 0 };
  for (const each of await listProcesses(pid)) {
    const rssMiB = await readKib(`/proc/${each.pid}/status`, 'VmRSS');
    memory.rssMiB += rssMiB;
    memory.pssMiB += await readKib(`/proc/${each.pid}/smaps_rollup`, 'Pss');
    if (each.pid === pid) memory.nodeRssMiB = rssMiB;
    memory.processes++;
  }
  return memory;
}

async function readKib(file: string, name: string): Promise<number> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0) / 1_024;
}

async function listProcesses(pid: number): Promise<Process[]> {
  const names = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const all = (await Promise.all(names.map(readProcess))).filter((each) => each !== null);
  const byParent = Map.groupBy(all, (each) => each.parent);
  const found = all.filter((each) => each.pid === pid);
  for (const each of found) found.push(...(byParent.get(each.pid) ?? []));
  return found;
}

/** Fields of /proc/PID/stat after the name in brackets: 0 state, 1 parent, 11 to 14 utime, stime, cutime, cstime. */
async function readProcess(name: string): Promise<Process | null> {
  const text = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  if (fields.length < 15) return null;
  const ticks = (at: number) => Number(fields[at]);
  return {
    pid: Number(name),
    parent: ticks(1),
    isPostgres: text.includes('(postgres)'),
    ownTicks: ticks(11) + ticks(12),
    reapedTicks: ticks(13) + ticks(14),
  };
}
