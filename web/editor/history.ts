/** What undo and redo go through: the edits of one photo as they were before each change, and after what was undone. */
import { ADJUSTMENT_NAMES, type Edits } from '../../core/edits.ts';

export type History = {
  readonly past: readonly Edits[];
  readonly future: readonly Edits[];
  /** By which control, and when, the latest change was made. */
  readonly latest: { readonly control: string; readonly atMs: number } | null;
};

export const NO_HISTORY: History = { past: [], future: [], latest: null };

const STEPS_MAX = 100;
/** Changes by one control that follow each other faster, as keys that are held make them, are one step. */
const SAME_STEP_MS = 1_000;

/** `control` null: a step of its own in any case. */
export function record(history: History, before: Edits, control: string | null, atMs: number): History {
  const { past, latest } = history;
  const isSameStep = latest?.control === control && atMs - latest.atMs < SAME_STEP_MS && past.length > 0;
  return {
    past: isSameStep ? past : [...past, before].slice(-STEPS_MAX),
    future: [],
    latest: control === null ? null : { control, atMs },
  };
}

/** Null when there is nothing to undo. */
export function undo({ past, future }: History, now: Edits): { history: History; edits: Edits } | null {
  const edits = past.at(-1);
  if (!edits) return null;
  return { history: { past: past.slice(0, -1), future: [now, ...future], latest: null }, edits };
}

/** Null when nothing was undone. */
export function redo({ past, future }: History, now: Edits): { history: History; edits: Edits } | null {
  const [edits, ...rest] = future;
  if (!edits) return null;
  return { history: { past: [...past, now], future: rest, latest: null }, edits };
}

export function areSame(one: Edits, other: Edits): boolean {
  const [a, b] = [one.frame, other.frame];
  return (
    areSameLooks(one.look, other.look) &&
    a.turns === b.turns &&
    a.isMirrored === b.isMirrored &&
    a.degrees === b.degrees &&
    a.crop?.left === b.crop?.left &&
    a.crop?.top === b.crop?.top &&
    a.crop?.width === b.crop?.width &&
    a.crop?.height === b.crop?.height
  );
}

export function areSameLooks(one: Edits['look'], other: Edits['look']): boolean {
  return (
    one.filter === other.filter &&
    one.strength === other.strength &&
    ADJUSTMENT_NAMES.every((name) => (one.adjustments[name] ?? 0) === (other.adjustments[name] ?? 0))
  );
}
