/** Counters and durations, in the form that Prometheus reads. */
import { Counter, Histogram, Registry } from 'prom-client';
import type { ImageEvent } from './images/pool.ts';

export type Metrics = {
  /** A stage of a photo's way, or how it ended in the image workers. */
  observePhoto(event: ImageEvent | { stage: 'receive' | 'store' | 'fetch'; seconds: number }): void;
  /** The same for a piece of work, also when it throws. */
  timePhoto<Result>(stage: 'receive' | 'store' | 'fetch', work: Promise<Result>): Promise<Result>;
  text(): Promise<string>;
};

/** Seconds: from a header's fraction of a millisecond to what a HEIC may take. */
const BUCKETS = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30];

export function openMetrics(): Metrics {
  const registers = [new Registry()];
  const stages = new Histogram({
    name: 'pinhole_photo_stage_seconds',
    help: 'How long each stage of a photo took',
    labelNames: ['stage'],
    buckets: BUCKETS,
    registers,
  });
  const outcomes = new Counter({
    name: 'pinhole_photos_total',
    help: 'What became of photos in the image workers',
    labelNames: ['kind', 'outcome'],
    registers,
  });
  const metrics: Metrics = {
    observePhoto(event) {
      if ('stage' in event) stages.observe({ stage: event.stage }, event.seconds);
      else outcomes.inc({ kind: event.kind, outcome: event.outcome });
    },
    async timePhoto(stage, work) {
      const startMs = performance.now();
      try {
        return await work;
      } finally {
        metrics.observePhoto({ stage, seconds: (performance.now() - startMs) / 1_000 });
      }
    },
    text: async () => (await Promise.all(registers.map((each) => each.metrics()))).join('\n'),
  };
  return metrics;
}
