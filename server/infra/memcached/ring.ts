/**
 * Which of several Memcached nodes holds a key: ketama, as other clients do it. Each node has 160 points on a circle of 32
 * bits, and a key belongs to the node whose point comes next: a node that is added or taken away moves only its own share.
 */
import { createHash } from 'node:crypto';

export type Ring = (key: string) => number;

const HASHES = 40;
const POINTS_OF_A_HASH = 4;

/** `names` are hashed, so they must not change with their order; gives the place of the key's node among them. */
export function makeRing(names: string[]): Ring {
  const points = names
    .flatMap((name, node) =>
      Array.from({ length: HASHES }, (_, at) => md5(`${name}-${at}`)).flatMap((hash) =>
        Array.from({ length: POINTS_OF_A_HASH }, (_, part) => ({ node, at: hash.readUInt32LE(part * 4) })),
      ),
    )
    .sort((a, b) => a.at - b.at);
  return (key) => {
    const wanted = md5(key).readUInt32LE(0);
    let [low, high] = [0, points.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((points[middle]?.at ?? 0) < wanted) low = middle + 1;
      else high = middle;
    }
    return points[low % points.length]?.node ?? 0;
  };
}

function md5(text: string): Buffer {
  return createHash('md5').update(text).digest();
}
