/** Memory of everything, after some use and a while of nothing. */
import { setTimeout as delay } from 'node:timers/promises';
import { call, makeAdmin, makeMembers, makePhoto, makePosts, step } from './people.ts';
import { readCpu, readMemory } from './processes.ts';
import { type Bench, type Figures, type Scenario, settle, startSystem, type Wish } from './system.ts';

/** Longer than the image workers and spare database connections stay. */
const IDLE_SECONDS = 40;

export const idle: Scenario = {
  name: 'idle',
  about: `memory of all processes, ${IDLE_SECONDS} s after somebody signed up, posted and read`,
  measure,
};

async function measure(bench: Bench, wish: Wish): Promise<Figures> {
  const system = await startSystem(bench);
  const admin = await makeAdmin(system);
  const members = await makeMembers(system, 'member', 2);
  for (const { accountId } of members)
    await call(system.base, 'PUT', `/accounts/${accountId}/follow`, { token: admin.token });
  await makePosts(system, members, 1, await makePhoto(1_080, 1_350));
  await settle(system);
  await call(system.base, 'GET', '/feed', { token: admin.token });
  const seconds = wish.seconds ?? IDLE_SECONDS;
  const before = await readCpu(system.pid());
  await step('nothing happens', delay(seconds * 1_000));
  const after = await readCpu(system.pid());
  const memory = await readMemory(system.pid());
  return {
    idleRssMiB: memory.rssMiB,
    idlePssMiB: memory.pssMiB,
    idleNodeRssMiB: memory.nodeRssMiB,
    idleProcesses: memory.processes,
    idleCpuPercent: (after.all - before.all) / (seconds * 10),
  };
}
