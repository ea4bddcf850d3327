/** What a move tells while it runs. Whoever listens may hold it up: tests break things at named steps. */

/** Each is reported when it has just been reached. */
export const copySteps = [
  'recorded',
  'target cleared',
  'published',
  'slot made',
  'subscribed',
  'copying',
  'copied',
  'verified',
] as const;
export const switchSteps = [
  'switching',
  'prepared',
  'fenced',
  'drained',
  'marked',
  'mapped',
  'acknowledged',
  'opened',
] as const;
export const clearSteps = [
  'clearing',
  'unsubscribed',
  'slot dropped',
  'unpublished',
  'removing',
  'cleared',
] as const;
export const undoSteps = ['undoing', 'unsubscribed', 'slot dropped', 'unpublished', 'cleared'] as const;
export type Step =
  | (typeof copySteps)[number]
  | (typeof switchSteps)[number]
  | (typeof clearSteps)[number]
  | (typeof undoSteps)[number];

export type Phase = 'copying' | 'comparing' | 'removing';
export type MoveEvent =
  | { kind: 'step'; step: Step }
  | { kind: 'progress'; phase: Phase; table: string; rows: number; rowsTotal: number; bytes: number }
  | { kind: 'verified'; tables: { name: string; rows: number; checksum: string }[] }
  | { kind: 'waiting'; reason: string }
  /** `isTakenBack`: something took too long, and the source went on as before. */
  | { kind: 'pause'; ms: number; isTakenBack: boolean; reason: string }
  | { kind: 'removed'; server: string; rows: number };
export type Report = (event: MoveEvent) => void | Promise<void>;
