/** Builds web/sw into one file at the root, sw.js, which knows what the first screen needs. For Vite. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { build, type Plugin, type Rollup } from 'vite';

/** Its scope is the folder that it lies in, and its address never changes. */
const FILE = 'sw.js';

export function serviceWorker(): Plugin {
  let folder = '';
  return {
    name: 'service-worker',
    apply: 'build',
    configResolved: (config) => {
      folder = path.resolve(config.root, config.build.outDir);
    },
    writeBundle: async (_options, bundle) => {
      const assets = firstScreen(bundle).map((name) => `/${name}`);
      const page = await readFile(path.join(folder, 'index.html'));
      const version = createHash('sha256').update(page).update(assets.join()).digest('hex').slice(0, 16);
      await buildWorker(folder, { version, assets });
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

async function buildWorker(folder: string, shell: { version: string; assets: string[] }): Promise<void> {
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
