/**
 * ./pinhole test: types, style, dead code, then all tests on the embedded PostgreSQL, those that speak to the database
 * once more on Debian's, and the journeys in Chromium. Ends with a line "N passed, N failed".
 */
import { spawn } from 'node:child_process';
import { chmod, glob, mkdtemp, rm, statfs } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { run as runTests } from 'node:test';
import { spec } from 'node:test/reporters';
import { startTestServer } from '../../../test/postgres.ts';
import { root } from '../app.ts';
import { buildClient } from '../build.ts';
import { say } from '../progress.ts';
import { findPrograms } from './programs.ts';

type Tally = { passed: number; failed: number };
type Stage = { where: string; binDir?: string };
type Run = Tally & { file: string; stage: Stage; seconds: number; faults: string[] };

const TOOLS = [
  { name: 'types', command: ['node_modules/typescript/bin/tsc', '--noEmit', '-p', '.'] },
  {
    name: 'types of the service worker',
    command: ['node_modules/typescript/bin/tsc', '--noEmit', '-p', 'web/sw'],
  },
  { name: 'style', command: ['node_modules/@biomejs/biome/bin/biome', 'check', '--error-on-warnings', '.'] },
  { name: 'dead code', command: ['node_modules/knip/bin/knip.js'] },
];
const FILES = ['{core,server,web,test,bench}/**/*.test.ts'];
/** Those that ask the database most: they run on a second version of it. So do whole fleets, with every act (test/fleet.ts). */
const ON_BOTH = [
  'server/features/{accounts/deletion,activity/activity,explore/explore,feed/feed}.test.ts',
  'server/features/{drafts/drafts,posts/editing,posts/posts}.test.ts',
  'server/infra/{ids,queue}.test.ts',
  'test/privacy*.test.ts',
];
const IN_BROWSER = ['test/browser/*.test.ts'];
const TEST_MAX_MS = 240_000;
/** Of all files together. A file ends itself before that (test/deadline.ts), unless not even its timers run. */
const STAGE_MAX_MS = 2_400_000;
const SHARED_MEMORY = '/dev/shm';
const SHARED_MEMORY_MIN = 6 * 2 ** 30;
/** One more than there are cores: files wait for a third of their time, for timers and for servers that start. */
const FILES_AT_ONCE = availableParallelism() + 1;
/** These begin first: nothing should wait for one of them alone at the end. */
const LONGEST = [
  'test/shard-move-faults.test.ts',
  'test/browser/everybody.test.ts',
  'test/browser/hostile-texts.test.ts',
  'test/browser/wrong-answers.test.ts',
  'test/browser/languages.test.ts',
];
const FAULT_MAX_LINES = 12;
const SLOWEST = 20;
/** More files than these do not fail by chance. */
const AGAIN_MAX = 5;
const DEADLINE = path.join(root, 'test/deadline.ts');
/** What all files import is compiled once. */
const COMPILED = path.join(root, 'node_modules/.cache/compiled');

/**
 * What tests write need not survive a power cut, so it goes to memory where there is enough: a PostgreSQL server that was
 * killed writes each of its files to the disk once more when it starts, and tests kill servers by the hundred.
 */
async function moveToMemory(): Promise<string | null> {
  const shared = await statfs(SHARED_MEMORY).catch(() => null);
  if (process.env.TMPDIR || !shared || shared.bavail * shared.bsize < SHARED_MEMORY_MIN) return null;
  const folder = await mkdtemp(path.join(SHARED_MEMORY, 'pinhole-'));
  await chmod(folder, 0o755); // Servers that do not run as root have theirs in it.
  process.env.TMPDIR = folder;
  return folder;
}

function saySlowest(runs: Run[]): void {
  say('\nThe slowest files:');
  for (const { file, stage, seconds } of runs.toSorted((a, b) => b.seconds - a.seconds).slice(0, SLOWEST))
    say(`${seconds.toFixed(0).padStart(4)} s  ${path.relative(root, file)} ${stage.where}`);
}

/** With file names, only these are run, on the embedded PostgreSQL. */
export async function run(only: string[]): Promise<void> {
  const startMs = performance.now();
  const { chromium, postgresBin } = await findPrograms();
  const scratch = await moveToMemory();
  process.env.NODE_COMPILE_CACHE ??= COMPILED;
  process.env.PINHOLE_TEST_CHROMIUM = chromium;
  process.env.PINHOLE_TEST_POSTGRES_BIN = postgresBin;
  const tallies: Tally[] = [];
  if (only.length === 0) for (const { name, command } of TOOLS) tallies.push(await runTool(name, command));
  await buildClient();
  const browser = await find(IN_BROWSER);
  const files =
    only.length > 0
      ? only.map((file) => path.resolve(file))
      : (await find(FILES)).filter((file) => !browser.includes(file));
  let runs = await runFiles(files, { where: 'on the embedded PostgreSQL' });
  if (only.length === 0) {
    const debian = { where: "on Debian's PostgreSQL", binDir: postgresBin };
    runs.push(...(await runFiles(await find(ON_BOTH), debian)));
    runs.push(...(await runFiles(browser, { where: 'in Chromium' })));
    saySlowest(runs);
    runs = await runAgain(runs);
  }
  if (scratch) await rm(scratch, { recursive: true, force: true });
  for (const { faults } of runs) for (const fault of faults) say(`\n${fault}`);
  const sum = (of: keyof Tally) => [...tallies, ...runs].reduce((all, tally) => all + tally[of], 0);
  say(`\n${Math.round((performance.now() - startMs) / 1_000)} s`);
  say(`${sum('passed')} passed, ${sum('failed')} failed`);
  process.exit(sum('failed') > 0 ? 1 : 0);
}

async function runTool(name: string, command: string[]): Promise<Tally> {
  say(`\n── ${name}`);
  const child = spawn(process.execPath, command, { cwd: root, stdio: 'inherit' });
  const code = await new Promise((resolve) => child.once('exit', resolve));
  return code === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

/**
 * A file that failed beside others is run once more, alone: on a busy machine some waits end too early. That counts; what
 * failed only at first is told all the same, for it is a defect of the test, or of Pinhole on a busy machine.
 */
async function runAgain(runs: Run[]): Promise<Run[]> {
  const failed = runs.filter(({ failed }) => failed > 0);
  if (failed.length > AGAIN_MAX) return runs;
  const last = runs.filter((run) => !failed.includes(run));
  for (const { file, stage, faults } of failed) {
    const again = await runFiles([file], { ...stage, where: `${stage.where}, once more and alone` });
    last.push(...again);
    if (again.every(({ failed }) => failed === 0))
      for (const fault of faults) say(`\nUnsteady, failed at first: ${fault}`);
  }
  return last;
}

/** Gives a run of each file. */
async function runFiles(files: string[], stage: Stage): Promise<Run[]> {
  say(`\n── tests ${stage.where}`);
  const server = await startTestServer(stage.binDir);
  process.env.PINHOLE_TEST_SOCKET = server.socketDir;
  process.env.PINHOLE_TEST_USER = server.user;
  const runs = new Map(
    files.map((file) => [file, { file, stage, passed: 0, failed: 0, seconds: 0, faults: [] as string[] }]),
  );
  try {
    const events = runTests({
      files,
      concurrency: FILES_AT_ONCE,
      timeout: TEST_MAX_MS,
      signal: AbortSignal.timeout(STAGE_MAX_MS),
      execArgv: ['--import', DEADLINE],
    });
    events.on('test:summary', ({ file, counts, duration_ms }) => {
      const run = runs.get(file ?? '');
      if (!run) return;
      run.passed = counts.passed;
      run.seconds = duration_ms / 1_000;
      // A test that a helper declares fails in the helper's name.
      const unnamed = counts.tests - counts.passed - counts.skipped - counts.todo - run.failed;
      if (unnamed <= 0) return;
      run.failed += unnamed;
      run.faults.push(`✖ ${unnamed} of ${path.relative(root, run.file)}, declared elsewhere: see above`);
    });
    // Also for a file that ends badly after its last test, or before its first.
    events.on('test:fail', ({ name, file, details, todo }) => {
      const run = runs.get(file ?? '');
      if (!run || todo) return;
      run.failed++;
      const lines = `${details.error.cause ?? details.error}`.split('\n').slice(0, FAULT_MAX_LINES);
      run.faults.push(`✖ ${name} (${path.relative(root, run.file)})\n  ${lines.join('\n  ')}`);
    });
    await new Promise((resolve, reject) =>
      events.compose(new spec()).on('end', resolve).on('error', reject).pipe(process.stdout, { end: false }),
    );
  } finally {
    await server.stop();
  }
  // What was not come to when the time was over has neither passed nor failed.
  return [...runs.values()].map((run) => (run.seconds + run.failed > 0 ? run : { ...run, failed: 1 }));
}

async function find(patterns: string[]): Promise<string[]> {
  const found: string[] = [];
  for (const pattern of patterns) for await (const file of glob(pattern, { cwd: root })) found.push(file);
  const files = [...new Set(found)].sort();
  const longest = LONGEST.filter((file) => files.includes(file));
  return [...longest, ...files.filter((file) => !longest.includes(file))].map((file) =>
    path.join(root, file),
  );
}
