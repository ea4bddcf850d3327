/** Builds web/sw into one file at the root, sw.js, which knows what the first screen needs. For Vite. */
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Plugin, Rollup } from 'vite';
import { buildAlone } from './build-alone.ts';
import { THEME_SCRIPT } from './theme-script.ts';

/** Its scope is the folder that it lies in, and its address never changes. */
const FILE = 'sw.js';

export function serviceWorker(): Plugin {
  let folder = '';
  let isForServer = false;
  return {
    name: 'service-worker',
    apply: 'build',
    configResolved: (config) => {
      folder = path.resolve(config.root, config.build.outDir);
      isForServer = Boolean(config.build.ssr);
    },
    writeBundle: async (_options, bundle) => {
      if (isForServer) return;
      const assets = firstScreen(bundle).map((name) => `/${name}`);
      const page = await readFile(path.join(folder, 'index.html'));
      const version = createHash('sha256').update(page).update(assets.join()).digest('hex').slice(0, 16);
      const later = restOf(bundle, new Set(assets));
      const shell = JSON.stringify({ version, assets, later });
      await writeFile(path.join(folder, FILE), await buildAlone('sw/worker.ts', { SHELL: shell }));
    },
  };
}

/** The code that every page starts with, and its styles: what the entry imports, and what that imports. */
function firstScreen(bundle: Rollup.OutputBundle): string[] {
  const wanted = new Set<string>();
  const add = (name: string) => {
    const chunk = bundle[name];
    if (chunk?.type !== 'chunk' || wanted.has(name)) return;
    wanted.add(name);
    for (const style of chunk.viteMetadata?.importedCss ?? []) wanted.add(style);
    for (const imported of chunk.imports) add(imported);
  };
  for (const [name, chunk] of Object.entries(bundle)) {
    if (chunk.type === 'chunk' && chunk.isEntry) add(name);
    if (THEME_SCRIPT.test(name)) wanted.add(name);
  }
  return [...wanted].sort();
}

/** All other code, so that everything can be opened without a network; the texts of a language come when they are used. */
function restOf(bundle: Rollup.OutputBundle, first: ReadonlySet<string>): string[] {
  return Object.entries(bundle)
    .filter(
      ([, file]) => file.type === 'asset' || !file.moduleIds.some((id) => id.includes('virtual:messages/')),
    )
    .map(([name]) => `/${name}`)
    .filter((name) => name.startsWith('/assets/') && !first.has(name))
    .sort();
}
