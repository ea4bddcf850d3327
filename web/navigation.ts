/**
 * Where the reader is in the history: each entry has a key under which its scroll position is kept, and what parts of its
 * page must look the same for it, so that "back" and a reload return to the place and not to the top; and a guard can ask
 * before a page with unsent work is left. (The browser's own restoration comes too early: the list is not on the page yet.)
 */
import { useLayoutEffect, useState } from 'react';
import type { AroundNavHandler } from 'wouter';

/** What parts of a page keep for one entry of the history, by name. Small, and fit for JSON. */
export type Kept = Record<string, unknown>;
type Entry = { place: number; kept: Kept };
type Guard = { ask: () => Promise<boolean>; url: string; state: unknown };

const STORAGE_KEY = 'pinhole.entries';
const GIVE_UP_MS = 2_000;
const ENTRIES_MAX = 50;

const entries = new Map<string, Entry>(readEntries());
let guard: Guard | null = null;
let isReturning = true;
let hasMoved = false;
let isFirst = true;
let shownKey = '';
let closeOverlay: (() => void) | null = null;

export function watchHistory(): void {
  history.scrollRestoration = 'manual';
  if (!keyOf(history.state)) history.replaceState({ key: newKey() }, '');
  shownKey = currentKey();
  window.addEventListener('popstate', onPopState, { capture: true });
  window.addEventListener('scroll', notePlace, { passive: true });
  window.addEventListener('pagehide', writeEntries);
  // Loaded anew while something lay over the page: that is closed now.
  if (isOverlay(history.state)) history.back();
}

/** The page before is still there for a moment after the address has changed: its scrolling is not that of the new entry. */
function notePlace(): void {
  if (shownKey === currentKey()) currentEntry().place = window.scrollY;
}

/** The page of this entry is on the screen now. */
export function noteShown(key = ''): void {
  shownKey = key;
}

/** Whether the page is shown by "back", "forward" or a reload, and not by a link. */
export function isReturn(): boolean {
  return isReturning;
}

/** How far down the page of this entry was left, in px. */
export function placeHere(): number {
  return currentEntry().place;
}

/** What the page that is shown keeps for its entry of the history. */
export function useKeptHere(): Kept {
  return useState(() => currentEntry().kept)[0];
}

/** For a page that was drawn without what is kept: it starts as it stands there, but for what shows later by its name. */
export function forgetKept(later: string): void {
  const { kept } = currentEntry();
  currentEntry().kept = later in kept ? { [later]: kept[later] } : {};
}

/** State that is the same again after "back" and a reload, and when a list has drawn its part anew. */
export function useKept<Value>(name: string, initial: Value): [Value, (next: Value) => void] {
  const kept = useKeptHere();
  const [value, setValue] = useState(() => (name in kept ? (kept[name] as Value) : initial));
  const change = (next: Value) => {
    kept[name] = next;
    setValue(next);
  };
  return [value, change];
}

/** For what lies over the whole page: "back" closes it. It is closed by `history.back()` alone. */
export function openOverlay(onClose: () => void): void {
  closeOverlay = onClose;
  history.pushState({ ...history.state, isOverlay: true }, '');
}

/** Whether "back" stays within Pinhole. */
export function canGoBack(): boolean {
  return hasMoved;
}

/** For wouter's Router: asks the guard, and gives each new entry its key. */
export const aroundNav: AroundNavHandler = (navigate, to, options) => {
  const isSamePage = new URL(to, location.href).pathname === location.pathname;
  const go = () => {
    isReturning = false;
    hasMoved ||= !options?.replace;
    const key = options?.replace ? currentKey() : newKey();
    // The page stays, and goes on keeping what it keeps.
    entries.set(key, { place: 0, kept: isSamePage ? currentEntry().kept : {} });
    navigate(to, { ...options, state: { key } });
  };
  if (!guard || isSamePage) go();
  else void guard.ask().then((mayLeave) => mayLeave && go());
};

/** While set, leaving this page asks first. Closing the tab then shows the browser's own question. */
export function setLeaveGuard(ask: (() => Promise<boolean>) | null): void {
  guard = ask && { ask, url: location.href, state: history.state };
  window.onbeforeunload = ask ? (event) => event.preventDefault() : null;
}

/** For a component that is made anew for each page: scrolls to where this entry was left, or to the top of a new one. */
export function useScrollPlace(): void {
  useLayoutEffect(() => {
    const place = isReturning ? placeHere() : 0;
    // What the server drew may have been scrolled already, before it is taken over.
    if (place > 0 || !isFirst) window.scrollTo(0, place);
    isFirst = false;
    if (!isReturning) document.querySelector('main')?.focus({ preventScroll: true });
    return place > 0 ? scrollWhenTallEnough(place) : undefined;
  }, []);
}

function onPopState(event: PopStateEvent): void {
  closeOverlay?.();
  closeOverlay = null;
  isReturning = true;
  if (!guard) return;
  // The address has changed already: put ours back before the router sees it, then ask.
  const { ask, url, state } = guard;
  event.stopImmediatePropagation();
  history.pushState(state, '', url);
  void ask().then((mayLeave) => mayLeave && history.back());
}

/** Lists come from the cache, but parts of a page may come a moment later; the reader's own scrolling ends it. */
function scrollWhenTallEnough(place: number): () => void {
  const observer = new ResizeObserver(() => {
    window.scrollTo(0, place);
    if (Math.abs(window.scrollY - place) < 2) stop();
  });
  const stop = () => {
    observer.disconnect();
    clearTimeout(timer);
    for (const kind of ['wheel', 'touchstart', 'keydown']) window.removeEventListener(kind, stop);
  };
  const timer = setTimeout(stop, GIVE_UP_MS);
  for (const kind of ['wheel', 'touchstart', 'keydown'])
    window.addEventListener(kind, stop, { passive: true });
  observer.observe(document.body);
  return stop;
}

function currentEntry(): Entry {
  // On the server there is no history, and nothing is kept from one page to the next.
  if (typeof history === 'undefined') return { place: 0, kept: {} };
  const key = currentKey();
  const entry = entries.get(key) ?? { place: 0, kept: {} };
  entries.set(key, entry);
  return entry;
}

function currentKey(): string {
  return keyOf(history.state) ?? '';
}

export function keyOf(state: unknown): string | undefined {
  return typeof state === 'object' && state !== null && 'key' in state ? String(state.key) : undefined;
}

function newKey(): string {
  return Math.random().toString(36).slice(2, 10);
}

function isOverlay(state: unknown): boolean {
  return typeof state === 'object' && state !== null && 'isOverlay' in state;
}

function readEntries(): [string, Entry][] {
  try {
    return JSON.parse(sessionStorage.getItem(STORAGE_KEY) ?? '[]') as [string, Entry][];
  } catch {
    return [];
  }
}

function writeEntries(): void {
  try {
    sessionStorage.setItem(STORAGE_KEY, JSON.stringify([...entries].slice(-ENTRIES_MAX)));
  } catch {
    // Without storage a reload starts at the top.
  }
}
