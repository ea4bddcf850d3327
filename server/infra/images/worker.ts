/** A process that develops and renders photos for its parent (pool.ts), one at a time, and dies with it. */
import { readFile } from 'node:fs/promises';
import { openEngine } from '../../../core/look/engine.ts';
import { develop, hardenSharp, inspect, makeProof, type Reply, render, type Work } from './pipeline.ts';
import { ImageFailure } from './sniff.ts';
import type { Lab } from './source.ts';

hardenSharp();

const kernel = readFile(new URL('../../../core/look/kernel.wasm', import.meta.url));
const engine = kernel.then((bytes) => openEngine(new Uint8Array(bytes)));

process.on('message', async (work: Work) => {
  process.send?.(await answer({ engine: await engine, stages: {} }, work));
});

// An orderly exit would wait for the decoder, perhaps for ever.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));

async function answer(lab: Lab, work: Work): Promise<Reply> {
  const { stages } = lab;
  try {
    return { outcome: 'done', value: await carryOut(lab, work), stages };
  } catch (error) {
    if (error instanceof ImageFailure) {
      const cause = error.cause instanceof Error ? error.cause.message : '';
      return { outcome: 'refused', code: error.code, message: error.message, cause, stages };
    }
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { outcome: 'fault', message, stages };
  }
}

function carryOut(lab: Lab, work: Work) {
  switch (work.kind) {
    case 'develop':
      return develop(lab, work.sourcePath, work.masterPath);
    case 'render':
      return render(lab, work.job);
    case 'proof':
      return makeProof(lab, work.sourcePath);
    case 'inspect':
      return inspect(lab, work.sourcePath);
  }
}
