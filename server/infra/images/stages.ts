/** How long a photo spent in each step of its way through a worker, in ms of the clock on the wall. */
export type StageName =
  | 'read'
  | 'sniff'
  | 'header'
  | 'heic'
  | 'decode'
  | 'colour'
  | 'master'
  | 'frame'
  | 'look'
  | 'encode'
  | 'placeholder';
export type Stages = Partial<Record<StageName, number>>;

/** Adds what `work` takes to the stage, also when it throws. */
export async function timed<Result>(
  stages: Stages,
  stage: StageName,
  work: () => Result | Promise<Result>,
): Promise<Result> {
  const start = performance.now();
  try {
    return await work();
  } finally {
    stages[stage] = (stages[stage] ?? 0) + performance.now() - start;
  }
}
