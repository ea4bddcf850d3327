/** How often something was done within a window of time, counted by all processes together. */
import { createHash } from 'node:crypto';
import type { Redis } from './redis.ts';
import { script } from './script.ts';

export type Count = { count: number; msLeft: number };

/** A count without an end is given one. */
const COUNT = script(`
  local count = redis.call('INCR', KEYS[1])
  local left = redis.call('PTTL', KEYS[1])
  if left < 0 then
    redis.call('PEXPIRE', KEYS[1], ARGV[1])
    left = tonumber(ARGV[1])
  end
  return { count, left }`);

/** Once more. `of` may be any text: only its hash gets into the key. The window begins with the first, and does not move. */
export async function countOnce(redis: Redis, what: string, of: string, windowMs: number): Promise<Count> {
  const key = `rate:${what}:${createHash('sha256').update(of).digest('base64url')}`;
  const [count, msLeft] = await redis.run<[number, number]>(COUNT, [key], [String(windowMs)]);
  return { count, msLeft };
}
