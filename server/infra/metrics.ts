/** Counters and durations, in the form that Prometheus reads. */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { ImageEvent } from './images/pool.ts';
import type { Outcome } from './memcached/memcached.ts';

export type Metrics = {
  /** A stage of a photo's way, or how it ended in the image workers. */
  observePhoto(event: ImageEvent | { stage: 'receive' | 'store' | 'fetch'; seconds: number }): void;
  /** The same for a piece of work, also when it throws. */
  timePhoto<Result>(stage: 'receive' | 'store' | 'fetch', work: Promise<Result>): Promise<Result>;
  /** A page of a home feed: merged from the shards, or from the list in Redis. */
  observeHome(way: 'merged' | 'listed', seconds: number): void;
  /** What became of cards that were asked for. */
  countCards(outcome: Outcome, by: number): void;
  /** Streams of live events that are open. */
  setStreams(count: number): void;
  /** What browsers kept from running on our pages, as they report. */
  countPolicyReport(directive: string): void;
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
  const homes = new Histogram({
    name: 'pinhole_home_seconds',
    help: 'Pages of home feeds: merged from the shards, or listed from Redis. When the merged ones take long, Redis helps',
    labelNames: ['way'],
    buckets: BUCKETS,
    registers,
  });
  const cards = new Counter({
    name: 'pinhole_cards_total',
    help: 'Cards of posts: hit in Memcached, loaded from PostgreSQL, waited for another, bypassed while Memcached is down',
    labelNames: ['outcome'],
    registers,
  });
  const streams = new Gauge({
    name: 'pinhole_live_streams',
    help: 'Streams of live events that are open in this process; it takes at most 10,000',
    registers,
  });
  const policyReports = new Counter({
    name: 'pinhole_policy_reports_total',
    help: 'What the content security policy kept from running, as browsers report; a few come from their extensions',
    labelNames: ['directive'],
    registers,
  });
  const metrics: Metrics = {
    setStreams: (count) => streams.set(count),
    observeHome: (way, seconds) => homes.observe({ way }, seconds),
    countCards: (outcome, by) => cards.inc({ outcome }, by),
    countPolicyReport: (directive) => policyReports.inc({ directive }),
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
