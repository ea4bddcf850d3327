/** Programs of the system that the tests drive: found, or installed where that is possible, or named. */
import { execFile } from 'node:child_process';
import { access, readdir } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { OperatorFault, say, step } from '../progress.ts';

const run = promisify(execFile);
/** The same engine without the windows of a whole browser: a fifth of the CPU time. */
const HEADLESS_SHELL = '/usr/bin/chromium-headless-shell';
const CHROMIUM = [
  HEADLESS_SHELL,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];
const POSTGRES = '/usr/lib/postgresql';
/** A small Ceph, whose radosgw speaks S3: the package of each program. */
const CEPH: Record<string, string> = {
  'ceph-mon': 'ceph-mon',
  'ceph-osd': 'ceph-osd',
  ceph: 'ceph-common',
  'ceph-authtool': 'ceph-common',
  'radosgw-admin': 'ceph-common',
  monmaptool: 'ceph-base',
  radosgw: 'radosgw',
};
const NGINX = ['/usr/sbin/nginx', '/usr/bin/nginx', '/opt/homebrew/bin/nginx'];
const PGBOUNCER = ['/usr/sbin/pgbouncer', '/usr/bin/pgbouncer', '/opt/homebrew/bin/pgbouncer'];
const REDIS = ['/usr/bin/redis-server', '/usr/bin/valkey-server', '/opt/homebrew/bin/redis-server'];
const MEMCACHED = ['/usr/bin/memcached', '/opt/homebrew/bin/memcached'];
const WAITING = ['-o', 'DPkg::Lock::Timeout=300'];

export type Programs = { chromium: string; postgresBin: string };

export async function findPrograms(): Promise<Programs> {
  return { chromium: await findChromium(), postgresBin: await findPostgresBin() };
}

/** The program's file: some Chromium, if the one that is wished cannot be had. */
export async function findChromium(): Promise<string> {
  const isMissing = !(await isThere(HEADLESS_SHELL));
  const fault = isMissing ? await install([path.basename(HEADLESS_SHELL)]).catch((error) => error) : null;
  const found = await findAny(CHROMIUM);
  if (!found) throw fault ?? missingFault([path.basename(HEADLESS_SHELL)]);
  return found;
}

/** The folder of PostgreSQL's programs. */
export async function findPostgresBin(): Promise<string> {
  if (!(await findPostgres())) await install(['postgresql']);
  const found = await findPostgres();
  if (!found) throw missingFault(['postgresql']);
  return found;
}

/** For the tests that need an S3 store; those that do not, do not ask for it. */
export async function findCeph(): Promise<void> {
  if ((await missingOfCeph()).length === 0) return;
  await install(await missingOfCeph());
  const missing = await missingOfCeph();
  if (missing.length > 0) throw missingFault(missing);
}

/** The program's file. For the tests that need it. */
export function findNginx(): Promise<string> {
  return findOrInstall(NGINX, 'nginx');
}

/** The program's file. For the tests that need it. */
export function findPgbouncer(): Promise<string> {
  return findOrInstall(PGBOUNCER, 'pgbouncer');
}

/** The program's file. For the tests that need it. */
export function findRedis(): Promise<string> {
  return findOrInstall(REDIS, 'redis-server');
}

/** The program's file. For the tests that need it. */
export function findMemcached(): Promise<string> {
  return findOrInstall(MEMCACHED, 'memcached');
}

async function findOrInstall(files: string[], name: string): Promise<string> {
  if (!(await findAny(files))) await install([name]);
  const found = await findAny(files);
  if (!found) throw missingFault([name]);
  return found;
}

async function missingOfCeph(): Promise<string[]> {
  const missing = new Set<string>();
  for (const [program, name] of Object.entries(CEPH))
    if (!(await isThere(`/usr/bin/${program}`))) missing.add(name);
  return [...missing];
}

async function install(packages: string[]): Promise<void> {
  const isRoot = process.getuid?.() === 0;
  if (!isRoot || !(await isThere('/usr/bin/apt-get'))) throw missingFault(packages);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  say(`The tests need ${packages.join(' and ')}: installing Debian's packages.`);
  await step('Reading the lists of packages', run('apt-get', ['update', '-q', ...WAITING], { env }));
  await step(
    `Installing ${packages.join(' and ')}`,
    // Two test files may want the same at once: the second waits for the first.
    run('apt-get', ['install', '-y', '-q', '--no-install-recommends', ...WAITING, ...packages], {
      env,
      maxBuffer: 64e6,
    }),
  );
}

function missingFault(packages: string[]): OperatorFault {
  return new OperatorFault(
    `The tests need ${packages.join(' and ')}. On Debian or Ubuntu: sudo apt-get install ${packages.join(' ')}`,
  );
}

async function findAny(files: string[]): Promise<string | null> {
  for (const file of files) if (await isThere(file)) return file;
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
