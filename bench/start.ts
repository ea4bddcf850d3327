/**
 * From ./pinhole up to the first page. Cold: an empty data folder, with the packages installed and the client built.
 * Warm: the same data again. A fresh clone, which also installs, is in docs/performance.md.
 */
import { step } from './people.ts';
import { type Bench, type Figures, median, prepareSystem, type Scenario } from './system.ts';

const WARM_STARTS = 3;

export const start: Scenario = {
  name: 'start',
  about: 'from ./pinhole up to the first page, with an empty data folder and with existing data',
  measure,
};

async function measure(bench: Bench): Promise<Figures> {
  const before = await prepareSystem(bench, 'before');
  await step('a start that is not counted, which builds the client if need be', before.start());
  await before.stop();
  const system = await prepareSystem(bench, 'data');
  const coldStartMs = await step('a cold start', system.start());
  await system.stop();
  const warm: number[] = [];
  while (warm.length < WARM_STARTS) {
    warm.push(await step('a warm start', system.start()));
    await system.stop();
  }
  return { warmStartMs: median(warm), coldStartMs };
}
