// Called by ./pinhole before anything else, with any Node from 20.19 on, hence plain JavaScript and no packages.
// Installs the packages when they are missing or out of date, then prints the path of the Node program that runs
// Pinhole: the packaged one where it works, else the machine's own.
//
// The usual case, nothing to do, must stay fast: one hash, one stamp.
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const lockFile = join(root, 'package-lock.json');
const modules = join(root, 'node_modules');
const stampFile = join(modules, '.pinhole-installed');
const npmRecordFile = join(modules, '.package-lock.json');
const busyFolder = join(root, '.installing');

const POLL_MS = 200;
const QUIET_MS = 2000;
const PLAIN_LINE_EVERY_MS = 10_000;
const HALF_MADE_LOCK_MS = 10_000;

if (!isInstalled()) await installAlone();
process.stdout.write(`${chooseNode()}\n`);

function isInstalled() {
  const wanted = createHash('sha256').update(readFileSync(lockFile)).digest('hex');
  if (readOr('', stampFile) === wanted) return true;
  if (!isInstalledByHand()) return false;
  writeStamp(wanted);
  return true;
}

/** True when someone ran npm himself: npm's own record of node_modules then agrees with package-lock.json. */
function isInstalledByHand() {
  const record = readOr('', npmRecordFile);
  if (!record) return false;
  const present = JSON.parse(record).packages;
  const wanted = JSON.parse(readFileSync(lockFile, 'utf8')).packages;
  const mayBeAbsent = (entry) => entry.optional || entry.dev || entry.peer || entry.devOptional;
  return (
    Object.entries(present).every(([path, { version }]) => wanted[path]?.version === version) &&
    Object.entries(wanted).every(([path, entry]) => path === '' || path in present || mayBeAbsent(entry))
  );
}

function writeStamp(hash) {
  try {
    writeFileSync(stampFile, hash);
  } catch (error) {
    // A node_modules that belongs to another user is complete all the same; only the check takes longer.
    if (!['EACCES', 'EPERM', 'EROFS'].includes(error.code)) throw error;
  }
}

async function installAlone() {
  let said = false;
  while (!takeLock()) {
    if (!said) say('Waiting for another Pinhole that is installing the packages …\n');
    said = true;
    await delay(POLL_MS);
  }
  const release = () => rmSync(busyFolder, { recursive: true, force: true });
  process.once('exit', release);
  if (!isInstalled()) await install();
  release();
  process.off('exit', release);
}

/** The lock is a folder with the owners' process numbers; one whose owners are gone is moved away. */
function takeLock() {
  try {
    mkdirSync(busyFolder);
    writeFileSync(join(busyFolder, 'pid'), String(process.pid));
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') fail(`Pinhole cannot write to its own folder ${root}: ${error.message}`);
  }
  if (isHeld(busyFolder)) return false;
  const aside = `${busyFolder}.${process.pid}`;
  try {
    renameSync(busyFolder, aside);
    // Somebody else may have replaced the dead lock a moment ago: then what we moved is alive, and goes back.
    if (isHeld(aside)) renameSync(aside, busyFolder);
    else rmSync(aside, { recursive: true });
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
  return false;
}

function isHeld(folder) {
  const pids = readOr('', join(folder, 'pid')).split(' ').map(Number).filter(Boolean);
  if (pids.length > 0) return pids.some(isAlive);
  const madeAtMs = statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return Date.now() - madeAtMs < HALF_MADE_LOCK_MS;
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

async function install() {
  const line = existsSync(npmRecordFile)
    ? "Updating Pinhole's packages …"
    : "Installing Pinhole's packages (first run, about a minute) …";
  rmSync(stampFile, { force: true });
  const stopProgress = showProgress(line);
  const { code, output } = await runNpm();
  stopProgress();
  if (code !== 0) fail(`${output}\nThe packages could not be installed; the reason is above.`);
  writeStamp(createHash('sha256').update(readFileSync(lockFile)).digest('hex'));
}

function runNpm() {
  const options = ['--no-audit', '--no-fund', '--no-update-notifier', '--loglevel=error', '--ignore-scripts'];
  const npm = spawn('npm', ['ci', ...options], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  // The lock names npm as well: should we be killed outright, npm is still at work for a while.
  writeFileSync(join(busyFolder, 'pid'), `${process.pid} ${npm.pid}`);
  let exitCode = null;
  for (const [signal, signalCode] of Object.entries({ SIGINT: 130, SIGTERM: 143, SIGHUP: 129 })) {
    process.once(signal, () => {
      exitCode = signalCode;
      npm.kill('SIGKILL'); // npm catches the gentle signals and goes on for seconds; `npm ci` starts afresh anyway
    });
  }
  let output = '';
  for (const stream of [npm.stdout, npm.stderr]) stream.on('data', (data) => (output += data));
  return new Promise((resolve) => {
    npm.once('error', (error) => {
      const reason =
        error.code === 'ENOENT' ? 'npm, which comes with Node, is not on this machine.' : String(error);
      resolve({ code: 1, output: reason });
    });
    npm.once('close', (code) => {
      if (exitCode !== null) process.exit(exitCode);
      resolve({ code, output: output.trim() });
    });
  });
}

/** Says the line at once, then the seconds that went by; returns the function that ends it. */
function showProgress(line) {
  const startedAt = Date.now();
  const onTerminal = process.stderr.isTTY;
  say(onTerminal ? line : `${line}\n`);
  const timer = setInterval(
    () => {
      const elapsedMs = Date.now() - startedAt;
      const seconds = Math.round(elapsedMs / 1000);
      if (elapsedMs > QUIET_MS) say(onTerminal ? `\r${line} ${seconds} s` : `${line} ${seconds} s\n`);
    },
    onTerminal ? 1000 : PLAIN_LINE_EVERY_MS,
  );
  return () => {
    clearInterval(timer);
    if (onTerminal) say('\n');
  };
}

function chooseNode() {
  const packaged = join(modules, `node-${process.platform}-${process.arch}`, 'bin', 'node');
  if (existsSync(packaged) && (packaged === process.execPath || runs(packaged))) return packaged;
  // 'strip' where this Node runs TypeScript as it is: 22.18 and later.
  if (process.features.typescript && existsSync(process.execPath)) return process.execPath;
  return fail(
    `Pinhole needs Node 22.18 or newer here: this one is ${process.versions.node}, and no packaged Node runs on ${process.platform}-${process.arch}. See https://nodejs.org/en/download`,
  );
}

function runs(program) {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false; // built for another C library, such as musl's
  }
}

function readOr(otherwise, file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return otherwise;
  }
}

function say(text) {
  process.stderr.write(text);
}

function fail(sentence) {
  say(`${sentence}\n`);
  process.exit(1);
}
