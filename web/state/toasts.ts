/** Short messages at the edge of the screen. The newest few are kept; each goes by itself. */

export type Toast = { key: number; text: string; action?: { label: string; run: () => void } };

const SHOWN_MS = 6_000;
const MAX_SHOWN = 3;

let toasts: readonly Toast[] = [];
let nextKey = 1;
const listeners = new Set<() => void>();

export function showToast(text: string, action?: Toast['action']): void {
  const key = nextKey++;
  const others = toasts.filter((toast) => toast.text !== text);
  publish([...others, { key, text, action }].slice(-MAX_SHOWN));
  setTimeout(() => dismissToast(key), SHOWN_MS);
}

export function dismissToast(key: number): void {
  if (toasts.some((toast) => toast.key === key)) publish(toasts.filter((toast) => toast.key !== key));
}

export function readToasts(): readonly Toast[] {
  return toasts;
}

export function subscribeToToasts(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function publish(next: readonly Toast[]): void {
  toasts = next;
  for (const listener of listeners) listener();
}
