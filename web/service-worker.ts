/** Builds web/sw into one file at the root, sw.js, which knows what the first screen needs. For Vite. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { build, type Plugin, type Rollup } from 'vite';

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
      await buildWorker(folder, { version, assets, later });
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
  for (const [name, chunk] of Object.entries(bundle)) if (chunk.type === 'chunk' && chunk.isEntry) add(name);
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

type Shell = { version: string; assets: string[]; later: string[] };

async function buildWorker(folder: string, shell: Shell): Promise<void> {
  await build({
    configFile: false,
    root: path.resolve(import.meta.dirname),
    publicDir: false,
    logLevel: 'error',
    define: { SHELL: JSON.stringify(shell) },
    build: {
      outDir: folder,
      emptyOutDir: false,
      target: 'es2022',
      rollupOptions: {
        input: path.join(import.meta.dirname, 'sw/worker.ts'),
        output: { format: 'iife', entryFileNames: FILE },
      },
    },
  });
}
