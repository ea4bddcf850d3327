/** ./pinhole rebuild PART: what Redis holds, made anew from PostgreSQL while the network runs. */
import { OperatorFault } from '../progress.ts';

type Part = { usage: string; load(): Promise<{ run(args: string[]): Promise<void> }> };

const parts: Record<string, Part> = {
  map: {
    usage: `map [--from-start]
      Whose each post is. Goes on where it was broken off; needs room for the new map beside the old one.`,
    load: () => import('./rebuild-map.ts'),
  },
};

export async function run([name = '', ...args]: string[]): Promise<void> {
  const part = Object.hasOwn(parts, name) ? parts[name] : undefined;
  if (!part)
    throw new OperatorFault(
      ['Usage:', ...Object.values(parts).map(({ usage }) => `  ./pinhole rebuild ${usage}`)].join('\n'),
    );
  await (await part.load()).run(args);
}
