import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, gzip } from 'node:zlib';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';
import { catalogues } from './web/i18n/catalogues.ts';
import { serviceWorker } from './web/service-worker.ts';

const SERVER = 'http://127.0.0.1:3000';
const COMPRESSED = /\.(js|css|svg)$/;

export default defineConfig({
  root: 'web',
  plugins: [react(), catalogues(), serviceWorker(), compressOnce()],
  build: {
    outDir: '../dist/web',
    emptyOutDir: true,
    assetsDir: 'assets',
    manifest: true,
    sourcemap: false,
    target: 'es2022',
    // A data: URL would need a wider content security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // All of the first screen is one file: over HTTP/1.1 forty small ones would wait for one another.
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: 'first', tags: ['$initial'] }] } } },
  },
  worker: { format: 'es' },
  server: {
    // Our own modules lie under /api/ too while developing: what ends in .ts is ours.
    proxy: { '^/api(?!/[\\w-]+\\.ts)': SERVER, '^/media/': SERVER },
  },
});

/** Puts name.br and name.gz beside each text file, so that the server compresses nothing while it serves. */
function compressOnce(): Plugin {
  let folder = '';
  return {
    name: 'compress-once',
    apply: 'build',
    configResolved: (config) => {
      folder = config.build.ssr ? '' : path.resolve(config.root, config.build.outDir);
    },
    closeBundle: async () => {
      if (folder === '') return;
      const names = (await readdir(folder, { recursive: true })).filter((name) => COMPRESSED.test(name));
      for (const name of names) {
        const file = path.join(folder, name);
        const bytes = await readFile(file);
        await writeFile(`${file}.br`, await promisify(brotliCompress)(bytes));
        await writeFile(`${file}.gz`, await promisify(gzip)(bytes, { level: 9 }));
      }
    },
  };
}
