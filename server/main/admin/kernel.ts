/** ./pinhole kernel: compiles core/look/kernel.as to kernel.wasm. The result is committed; a test compares the two. */
import { readFile, writeFile } from 'node:fs/promises';
import { OperatorFault, say } from '../progress.ts';

const SOURCE = new URL('../../../core/look/kernel.as', import.meta.url);
const COMPILED = new URL('../../../core/look/kernel.wasm', import.meta.url);
/** The compiler opens files of this ending only. */
const ENTRY = 'kernel.ts';
const OPTIONS = ['-O3', '--noAssert', '--runtime', 'stub', '--enable', 'simd'];

export async function run(args: string[]): Promise<void> {
  if (args.length > 0) throw new OperatorFault('Usage: ./pinhole kernel');
  const wasm = await compileKernel();
  await writeFile(COMPILED, wasm);
  say(`core/look/kernel.wasm: ${wasm.length} bytes.`);
}

/** The same bytes each time, on every machine. */
export async function compileKernel(): Promise<Uint8Array> {
  const { default: compiler } = await import('assemblyscript/asc').catch(() => {
    throw new OperatorFault('AssemblyScript is missing. ./pinhole test installs what developers need.');
  });
  const source = await readFile(SOURCE, 'utf8');
  const written: Uint8Array[] = [];
  const { error, stderr } = await compiler.main([ENTRY, '--outFile', 'kernel.wasm', ...OPTIONS], {
    readFile: (name) => (name === ENTRY ? source : null),
    writeFile: (_, contents) => {
      if (typeof contents !== 'string') written.push(contents);
    },
    listFiles: () => [],
  });
  const [wasm] = written;
  if (error || !wasm) throw new OperatorFault(`The kernel does not compile.\n${stderr.toString()}`);
  return wasm;
}
