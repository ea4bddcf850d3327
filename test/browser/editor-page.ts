/** Builds EditorPage.tsx as the product is built, and serves it with the product's content security policy. */
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { build } from 'vite';
import { catalogues } from '../../web/i18n/catalogues.ts';

const ENTRY = fileURLToPath(new URL('./EditorPage.tsx', import.meta.url));
const TYPES: Record<string, string> = {
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.wasm': 'application/wasm',
};
const REST = "default-src 'self'; object-src 'none'; base-uri 'none'";
const PAGE_POLICY = `${REST}; script-src 'self'`;
const CODE_POLICY = `${REST}; script-src 'self' 'wasm-unsafe-eval'`;

export type EditorPageServer = { base: string; close: () => Promise<void> };

/** `photos` are image files; the page asks for as many as its address says: `/?photos=3`. */
export async function serveEditorPage(photos: readonly Uint8Array[]): Promise<EditorPageServer> {
  const folder = await mkdtemp(path.join(tmpdir(), 'pinhole-editor-'));
  const page = await buildPage(folder);
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const photo = photos[Number(/^\/photos\/photo-(\d+)$/.exec(pathname)?.[1]) - 1];
    const bytes =
      photo ?? (pathname === '/' ? page : await readFile(path.join(folder, pathname)).catch(() => null));
    response
      .writeHead(bytes === null ? 404 : 200, {
        'content-type': photo ? 'image/jpeg' : (TYPES[path.extname(pathname)] ?? 'text/html; charset=utf-8'),
        'content-security-policy': pathname.startsWith('/assets/') ? CODE_POLICY : PAGE_POLICY,
        'x-content-type-options': 'nosniff',
      })
      .end(bytes);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('There is no free port.');
  const close = async () => {
    server.closeAllConnections();
    server.close();
    await rm(folder, { recursive: true, force: true });
  };
  return { base: `http://127.0.0.1:${address.port}`, close };
}

async function buildPage(outDir: string): Promise<string> {
  const built = await build({
    configFile: false,
    root: path.dirname(ENTRY),
    logLevel: 'error',
    plugins: [react(), catalogues()],
    worker: { format: 'es' },
    build: {
      outDir,
      emptyOutDir: false,
      target: 'es2022',
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      rollupOptions: { input: ENTRY },
    },
  });
  const files = Array.isArray(built)
    ? built.flatMap(({ output }) => output)
    : 'output' in built
      ? built.output
      : [];
  const entry = files.find((file) => file.type === 'chunk' && file.isEntry);
  if (!entry) throw new Error('The page was not built.');
  const styles = files
    .filter(({ fileName }) => /EditorPage.*\.css$/.test(fileName))
    .map(({ fileName }) => `<link rel="stylesheet" href="/${fileName}">`);
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>Editor</title>
    <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover">
    ${styles.join('')}<div id="root"></div><script type="module" src="/${entry.fileName}"></script></html>`;
}
