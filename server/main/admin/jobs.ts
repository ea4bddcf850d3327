/** ./pinhole jobs list | replay: what failed for good, and another try for it. */
import { OperatorFault, say } from '../progress.ts';
import { withApp } from './with-app.ts';

export async function run([action = 'list', ...rest]: string[]): Promise<void> {
  if (!['list', 'replay'].includes(action) || rest.length > 0)
    throw new OperatorFault('Usage: ./pinhole jobs list | replay');
  await withApp({ works: false }, async ({ queue }) => {
    if (action === 'replay') {
      const replayed = await queue.replayDead();
      say(replayed === 0 ? 'No job has failed for good.' : `${replayed} jobs are in their queues again.`);
      return;
    }
    const { waiting, dead } = await queue.counts();
    say(`${waiting} jobs wait or run; ${dead} failed for good.`);
    for (const each of await queue.listDead())
      say(
        `${each.failedAt.toISOString()}  ${each.kind}  ${JSON.stringify(each.payload)}  ${JSON.stringify(each.output)}`,
      );
  });
}
