/**
 * ./pinhole drill power-cut [--cuts N] [--json FILE]: whether a shard server loses what it acknowledged when the power goes
 * off. The same with synchronous_commit off must lose something: otherwise the drill itself is blind.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { OperatorFault, say } from '../progress.ts';
import type { DrillReply, Losses } from './drill-power-cut.ts';

const USAGE = 'Usage: ./pinhole drill power-cut [--cuts N] [--json FILE]';
const CUTS = 10;
const CUTS_MAX = 100;

export async function run(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { cuts: { type: 'string', default: String(CUTS) }, json: { type: 'string' } },
  });
  const cuts = Number(values.cuts);
  if (positionals.length !== 1 || positionals[0] !== 'power-cut') throw new OperatorFault(USAGE);
  if (!Number.isInteger(cuts) || cuts < 1 || cuts > CUTS_MAX)
    throw new OperatorFault(`--cuts must be a whole number from 1 to ${CUTS_MAX}.`);
  const reply = await inFolder((folder) => drill(folder, cuts));
  if ('missing' in reply)
    throw new OperatorFault(
      `The drill cuts off disks of its own, which is not possible here. ${reply.missing}`,
    );
  const { kept, control } = reply;
  const figures = { ...kept, cuts, controlAcked: control.acked, controlLost: control.ackedLost };
  if (values.json) await writeFile(values.json, `${JSON.stringify(figures, null, 2)}\n`);
  const faults = faultsOf(kept, control);
  for (const fault of faults) say(`✗ ${fault}`);
  if (faults.length === 0)
    say(
      `✓ ${kept.acked} acknowledged acts were looked for after ${cuts} power cuts, and all are there; without synchronous_commit ${control.ackedLost} of ${control.acked} are lost, and the drill sees it.`,
    );
  else process.exitCode = 1;
}

function faultsOf(kept: Losses, control: Losses): string[] {
  const faults: string[] = [];
  if (kept.ackedLost > 0) faults.push(`${kept.ackedLost} of ${kept.acked} acknowledged acts are lost.`);
  if (kept.torn > 0) faults.push(`${kept.torn} acts are there in part: without their job, or not counted.`);
  const damaged = kept.damaged + control.damaged;
  if (damaged > 0) faults.push(`${damaged} of the databases do not recover, or are damaged (pg_amcheck).`);
  if (kept.acked === 0) faults.push('Nothing was acknowledged before a cut, so nothing was tried.');
  if (control.ackedLost === 0)
    faults.push('Without synchronous_commit nothing was lost either: the drill cannot see losses here.');
  return faults;
}

async function inFolder<Result>(work: (folder: string) => Promise<Result>): Promise<Result> {
  const folder = await mkdtemp(path.join(tmpdir(), 'pinhole-drill-'));
  try {
    // The server runs as another account, and must get through to its disk.
    await chmod(folder, 0o711);
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }
}

/** In a process of its own, in a mount namespace of its own: whatever happens to it, no mount is left. */
async function drill(folder: string, cuts: number): Promise<DrillReply> {
  if (process.platform !== 'linux') return { missing: 'It needs Linux.' };
  if (process.getuid?.() !== 0) return { missing: 'Only root can mount a disk.' };
  const script = path.join(import.meta.dirname, 'drill-power-cut.ts');
  const given = ['--mount', '--propagation', 'private', process.execPath, script, folder, String(cuts)];
  const child = spawn('unshare', given, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const answered = once(child, 'message');
  const ended = once(child, 'exit').then(([code, signal]) => {
    throw new OperatorFault(`The drill broke off (${signal ?? code}).`);
  });
  const [reply] = await Promise.race([answered, ended]);
  child.disconnect();
  await ended.catch(() => undefined);
  return reply as DrillReply;
}
