/** So many dots are shown; of more photos, those around the one that is seen. */
export const DOTS_MAX = 5;

/** The first dot shown: it moves only when the photo's dot would stand at an edge beyond which there are more. */
export function dotsStart(before: number, index: number, count: number): number {
  const wanted = Math.min(Math.max(before, index - (DOTS_MAX - 2)), index - 1);
  return Math.max(0, Math.min(wanted, count - DOTS_MAX));
}
