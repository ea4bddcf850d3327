/** A process that develops and renders photos for its parent (pool.ts), one at a time, and dies with it. */
import { develop, hardenSharp, type Reply, render, type Work } from './pipeline.ts';
import { ImageFailure } from './sniff.ts';

hardenSharp();

process.on('message', async (work: Work) => {
  process.send?.(await answer(work));
});

// An orderly exit would wait for the decoder, perhaps for ever.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));

async function answer(work: Work): Promise<Reply> {
  try {
    const value =
      work.kind === 'develop' ? await develop(work.originalPath, work.masterPath) : await render(work.job);
    return { outcome: 'done', value };
  } catch (error) {
    if (error instanceof ImageFailure) {
      const cause = error.cause instanceof Error ? error.cause.message : '';
      return { outcome: 'refused', code: error.code, message: error.message, cause };
    }
    return {
      outcome: 'fault',
      message: error instanceof Error ? (error.stack ?? error.message) : String(error),
    };
  }
}
