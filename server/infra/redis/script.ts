/** A script that Redis runs as one step: its text is sent once, from then on its hash names it. */
import { createHash } from 'node:crypto';

export type Script = { text: string; sha: string };

export function script(text: string): Script {
  return { text, sha: createHash('sha1').update(text).digest('hex') };
}
