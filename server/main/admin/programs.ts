/** Programs of the system that the tests drive: found, or installed where that is possible, or named. */
import { execFile } from 'node:child_process';
import { access, readdir } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { OperatorFault, say, step } from '../progress.ts';

const run = promisify(execFile);
const CHROMIUM = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];
const POSTGRES = '/usr/lib/postgresql';

export type Programs = { chromium: string; postgresBin: string };

export async function findPrograms(): Promise<Programs> {
  const missing = [
    ...((await findChromium()) ? [] : ['chromium']),
    ...((await findPostgres()) ? [] : ['postgresql']),
  ];
  if (missing.length > 0) await install(missing);
  const [chromium, postgresBin] = [await findChromium(), await findPostgres()];
  if (!chromium || !postgresBin) throw missingFault(missing);
  return { chromium, postgresBin };
}

async function install(packages: string[]): Promise<void> {
  const isRoot = process.getuid?.() === 0;
  if (!isRoot || !(await isThere('/usr/bin/apt-get'))) throw missingFault(packages);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  say(`The tests need ${packages.join(' and ')}: installing Debian's packages.`);
  await step('Reading the lists of packages', run('apt-get', ['update', '-q'], { env }));
  await step(
    `Installing ${packages.join(' and ')}`,
    run('apt-get', ['install', '-y', '-q', '--no-install-recommends', ...packages], { env, maxBuffer: 64e6 }),
  );
}

function missingFault(packages: string[]): OperatorFault {
  return new OperatorFault(
    `The tests need ${packages.join(' and ')}. On Debian or Ubuntu: sudo apt-get install ${packages.join(' ')}`,
  );
}

async function findChromium(): Promise<string | null> {
  for (const file of CHROMIUM) if (await isThere(file)) return file;
  return null;
}

/** The folder of the newest PostgreSQL's programs. */
async function findPostgres(): Promise<string | null> {
  const versions = (await readdir(POSTGRES).catch(() => []))
    .filter((name) => /^\d+$/.test(name))
    .sort((a, b) => Number(b) - Number(a));
  for (const version of versions) {
    const bin = path.join(POSTGRES, version, 'bin');
    if (await isThere(path.join(bin, 'initdb'))) return bin;
  }
  return null;
}

async function isThere(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
