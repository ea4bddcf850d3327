/**
 * ./pinhole bench --record [--runs N] [NAME …]: runs scenarios, takes the medians, and writes them into the table of
 * docs/performance.md, where each row names its key, or SCENARIO.KEY where two scenarios have the same. Rows of scenarios that
 * did not run stay as they are.
 */
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { root } from '../server/main/app.ts';
import type { Result } from './bench.ts';
import { median, type Scenario, tell } from './system.ts';

const FILE = path.join(root, 'docs/performance.md');

export async function record(
  scenarios: Scenario[],
  runs: number,
  measure: (scenario: Scenario) => Promise<Result>,
): Promise<void> {
  for (const scenario of scenarios) {
    const results: Result[] = [];
    while (results.length < runs) results.push(await measure(scenario));
    await writeDown(results);
    tell(`${scenario.name} is written down.`);
  }
}

/** Several runs of one scenario. */
async function writeDown(results: Result[]): Promise<void> {
  const [first] = results;
  if (!first) return;
  const { name, at, commit, machine } = first;
  const rows = (await readFile(FILE, 'utf8')).split('\n').map((line) => line.split('|'));
  const cell = (row: string[], at: number) => (row[at] ?? '').trim();
  const keyOf = (row: string[]) => cell(row, 2).replaceAll('`', '');
  const own = new Set(rows.map(keyOf).filter((key) => key.startsWith(`${name}.`)));
  for (const row of rows) {
    const key = keyOf(row);
    const figure = own.has(key) ? key.slice(name.length + 1) : key;
    const isOfAnother = figure === key && own.has(`${name}.${key}`);
    const values = isOfAnother ? [] : results.flatMap(({ figures }) => figures[figure] ?? []);
    if (values.length > 0) row[3] = ` ${median(values).toLocaleString('en')} `;
    if (cell(row, 1) === `\`./pinhole bench ${name}\``) {
      const cells = [at.slice(0, 10), results.length, describe(commit), machine];
      row.splice(2, cells.length, ...cells.map((text) => ` ${text} `));
    }
  }
  await writeFile(FILE, rows.map((row) => row.join('|')).join('\n'));
}

function describe(commit: string): string {
  return `${commit.slice(0, 10)}${commit.endsWith('-dirty') ? ' and changes' : ''}`;
}
