/** Builds the web client when its sources are not those of the last build. In a process of its own: Vite needs memory. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { root } from './app.ts';
import { say, step } from './progress.ts';

const STAMP = path.join(root, 'dist/web.sha256');

export async function buildClient(): Promise<void> {
  const sources = await hashSources();
  if ((await readFile(STAMP, 'utf8').catch(absent)) === sources) return;
  const vite = path.join(root, 'node_modules/vite/bin/vite.js');
  const build = (...more: string[]) =>
    promisify(execFile)(process.execPath, [vite, 'build', '--logLevel', 'error', ...more], { cwd: root });
  await step('Building the web client', build());
  await step('Building the public pages', build('--ssr', 'draw-page.ts', '--outDir', '../dist/drawing'));
  await writeFile(STAMP, sources);
  say('The web client is built.');
}

async function hashSources(): Promise<string> {
  const found = await Promise.all(
    ['web', 'core', 'server/features'].map((folder) =>
      readdir(path.join(root, folder), { recursive: true, withFileTypes: true }),
    ),
  );
  const files = found
    .flat()
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.test.ts'))
    .map((entry) => path.join(entry.parentPath, entry.name));
  const relevant = files.filter((file) => !file.includes('/features/') || file.endsWith('schema.ts'));
  const hash = createHash('sha256');
  for (const file of [
    ...relevant,
    path.join(root, 'vite.config.ts'),
    path.join(root, 'package-lock.json'),
  ].sort())
    hash.update(path.relative(root, file)).update(await readFile(file));
  return hash.digest('hex');
}

function absent(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null;
  throw error;
}
