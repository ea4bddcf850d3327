/** What a page notes of itself for the scenario `web`: runs in the page, before its own code. Times are in ms of its clock. */
export type WebNotes = {
  lcpMs: number;
  cls: number;
  firstPaintMs: number;
  longTasks: { startMs: number; durationMs: number }[];
  /** The longest event of each interaction, by its id. */
  interactions: Record<number, number>;
};
export type Noting = { webNotes: WebNotes };

type ShiftEntry = PerformanceEntry & { value: number; hadRecentInput: boolean };
type EventEntry = PerformanceEntry & { interactionId?: number };

export function takeWebNotes(): void {
  const notes: WebNotes = { lcpMs: 0, cls: 0, firstPaintMs: 0, longTasks: [], interactions: {} };
  Object.assign(window, { webNotes: notes });
  const observe = (type: string, onEntry: (entry: PerformanceEntry) => void) =>
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) onEntry(entry);
    }).observe({ type, buffered: true, durationThreshold: 16 } as PerformanceObserverInit);
  observe('largest-contentful-paint', (entry) => {
    notes.lcpMs = entry.startTime;
  });
  observe('paint', (entry) => {
    if (entry.name === 'first-contentful-paint') notes.firstPaintMs = entry.startTime;
  });
  observe('layout-shift', (entry) => {
    const { value, hadRecentInput } = entry as ShiftEntry;
    if (!hadRecentInput) notes.cls += value;
  });
  observe('longtask', ({ startTime, duration }) => {
    notes.longTasks.push({ startMs: startTime, durationMs: duration });
  });
  observe('event', (entry) => {
    const { interactionId } = entry as EventEntry;
    if (interactionId)
      notes.interactions[interactionId] = Math.max(notes.interactions[interactionId] ?? 0, entry.duration);
  });
}

/** Total blocking time: what long tasks after the first paint take beyond 50 ms. */
export function blockingMs({ longTasks, firstPaintMs }: WebNotes): number {
  return longTasks
    .filter(({ startMs, durationMs }) => startMs + durationMs > firstPaintMs)
    .reduce((sum, { durationMs }) => sum + Math.max(0, durationMs - 50), 0);
}

/** As web-vitals has it: the worst interaction, of which one in fifty is passed over. Events shorter than 16 ms are not told. */
export function interactionMs({ interactions }: WebNotes, count: number): number {
  const worst = Object.values(interactions).sort((a, b) => b - a);
  return worst[Math.min(worst.length - 1, Math.floor(count / 50))] ?? 0;
}
