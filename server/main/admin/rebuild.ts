/** ./pinhole rebuild PART: what is derived, made anew from its source while the network runs. */
import { OperatorFault, say } from '../progress.ts';
import { checkAll } from './check.ts';
import { checkCounters } from './check-counters.ts';
import { rebuildLists } from './rebuild-lists.ts';
import { run as rebuildMap } from './rebuild-map.ts';
import { withApp } from './with-app.ts';

type Part = { usage: string; run(args: string[]): Promise<void> };

const parts: Record<string, Part> = {
  feeds: {
    usage: `feeds [--from-start]
      The home feeds in Redis of all who were here within 30 days. Goes on where it was broken off.`,
    run: (args) => rebuildLists('feeds', args),
  },
  activity: {
    usage: `activity [--from-start]
      Their lists of activity in Redis. Goes on where it was broken off.`,
    run: (args) => rebuildLists('activity', args),
  },
  counters: {
    usage: `counters
      Likes, comments, followers, follows and posts, counted anew where they are not right. Needs no Redis.`,
    run: () => recount(),
  },
  map: {
    usage: `map [--from-start]
      Whose each post is. Goes on where it was broken off; needs room for the new map beside the old one.`,
    run: rebuildMap,
  },
};

export async function run([name = '', ...args]: string[]): Promise<void> {
  const part = Object.hasOwn(parts, name) ? parts[name] : undefined;
  if (!part)
    throw new OperatorFault(
      ['Usage:', ...Object.values(parts).map(({ usage }) => `  ./pinhole rebuild ${usage}`)].join('\n'),
    );
  await part.run(args);
}

async function recount(): Promise<void> {
  const left = await withApp({ works: true }, (app) => checkAll(app, true, say, [checkCounters]));
  if (left > 0) process.exitCode = 1;
}
