/**
 * ./pinhole bench --record [--runs N] [NAME …]: runs scenarios, takes the medians, and writes them into the table of
 * docs/performance.md, where each row names its key. Rows of scenarios that did not run stay as they are.
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
  const lines = (await readFile(FILE, 'utf8')).split('\n');
  for (const key of Object.keys(first.figures)) {
    const value = median(results.map(({ figures }) => figures[key] ?? Number.NaN));
    const at = lines.findIndex((line) => line.startsWith('|') && line.includes(`| \`${key}\` |`));
    if (at < 0) continue;
    const cells = (lines[at] ?? '').split('|');
    cells[3] = ` ${value.toLocaleString('en')} `;
    lines[at] = cells.join('|');
  }
  const at = lines.findIndex((line) => line.startsWith(`| \`./pinhole bench ${first.name}`));
  const cells = (lines[at] ?? '').split('|');
  cells[2] = ` ${first.at.slice(0, 10)} `;
  cells[3] = ` ${results.length} `;
  cells[4] = ` ${first.commit.slice(0, 10)}${first.commit.endsWith('-dirty') ? ' and changes' : ''} `;
  cells[5] = ` ${first.machine} `;
  if (at >= 0) lines[at] = cells.join('|');
  await writeFile(FILE, lines.join('\n'));
}
