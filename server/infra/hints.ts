/**
 * Hints: ids of what has just changed, told to all processes after the commit (infra/events.ts), for those who have members
 * connected. A hint says nothing of what it is about and may be lost: whoever hears one reads the truth.
 *
 * The first of a kind goes at once; what follows within half a second goes together, so that a photo that thousands like makes
 * two small messages a second.
 */
import { z } from 'zod';
import type { Events } from './events.ts';
import { runOutsideRequests } from './request-context.ts';

const kinds = ['activity', 'post', 'comment', 'comment-gone', 'published'] as const;
/** Ids are: of accounts that were told something; of posts; of a post and its comment, separated by a blank, for comment-gone. */
export type HintKind = (typeof kinds)[number];
export type Hint = { kind: HintKind; ids: string[] };

const CHANNEL = 'live';
const GATHER_MS = 500;
/** Of two IDs each they are 4,400 bytes; an event may have 7,900. */
const IDS_PER_EVENT = 100;
/** What comes beyond that within half a second is lost. */
const WAITING_MAX = 20_000;

const hintMessage = z.object({ kind: z.enum(kinds), ids: z.array(z.string().max(41)).max(1_000) });

type Line = { waiting: Set<string>; isPaused: boolean };
const lines = new WeakMap<Events, Map<HintKind, Line>>();

/** After the commit. */
export function hint({ events }: { events: Events }, kind: HintKind, ids: Iterable<string>): void {
  const own = lines.get(events) ?? new Map<HintKind, Line>();
  lines.set(events, own);
  const line = own.get(kind) ?? { waiting: new Set(), isPaused: false };
  own.set(kind, line);
  for (const id of ids) if (line.waiting.size < WAITING_MAX) line.waiting.add(id);
  if (!line.isPaused) send(events, kind, line);
}

function send(events: Events, kind: HintKind, line: Line): void {
  const ids = [...line.waiting];
  line.waiting.clear();
  line.isPaused = ids.length > 0;
  if (!line.isPaused) return;
  runOutsideRequests(() => setTimeout(() => send(events, kind, line), GATHER_MS)).unref();
  for (let at = 0; at < ids.length; at += IDS_PER_EVENT)
    events.publish(CHANNEL, { kind, ids: ids.slice(at, at + IDS_PER_EVENT) });
}

/** Gives what ends it. Hints of a process of another version that are not understood are passed over. */
export function hearHints({ events }: { events: Events }, hear: (hint: Hint) => void): () => void {
  return events.subscribe(CHANNEL, (message) => {
    const { data } = hintMessage.safeParse(message);
    if (data) hear(data);
  });
}
