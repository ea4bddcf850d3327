import path from 'node:path';
import { build, type Rollup } from 'vite';

/** One script without imports, for where modules cannot be: its code. `input`: a file of web/. */
export async function buildAlone(input: string, define: Record<string, string> = {}): Promise<string> {
  const built = await build({
    configFile: false,
    root: import.meta.dirname,
    publicDir: false,
    logLevel: 'error',
    define,
    build: {
      write: false,
      target: 'es2022',
      rollupOptions: { input: path.join(import.meta.dirname, input), output: { format: 'iife' } },
    },
  });
  const [script] = (built as Rollup.RollupOutput).output;
  return script.code;
}
