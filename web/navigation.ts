/**
 * Where the reader is in the history: each entry has a key under which its scroll position is kept, so that "back"
 * returns to the place and not to the top; and a guard can ask before a page with unsent work is left.
 * (The browser's own restoration comes too early: the list is not on the page yet.)
 */
import { useLayoutEffect } from 'react';
import type { AroundNavHandler } from 'wouter';

type Guard = { ask: () => Promise<boolean>; url: string; state: unknown };

const STORAGE_KEY = 'pinhole.places';
const GIVE_UP_MS = 2_000;

const places = new Map<string, number>(readPlaces());
let guard: Guard | null = null;
let isReturning = true;
let hasMoved = false;

export function watchHistory(): void {
  history.scrollRestoration = 'manual';
  if (!keyOf(history.state)) history.replaceState({ key: newKey() }, '');
  window.addEventListener('popstate', onPopState, { capture: true });
  window.addEventListener('scroll', () => places.set(currentKey(), window.scrollY), { passive: true });
  window.addEventListener('pagehide', writePlaces);
}

/** Whether the page is shown by "back", "forward" or a reload, and not by a link. */
export function isReturn(): boolean {
  return isReturning;
}

/** Whether "back" stays within Pinhole. */
export function canGoBack(): boolean {
  return hasMoved;
}

/** For wouter's Router: asks the guard, and gives each new entry its key. */
export const aroundNav: AroundNavHandler = (navigate, to, options) => {
  const go = () => {
    isReturning = false;
    hasMoved ||= !options?.replace;
    navigate(to, { ...options, state: { key: options?.replace ? currentKey() : newKey() } });
  };
  const isSamePage = new URL(to, location.href).pathname === location.pathname;
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
    const place = isReturning ? (places.get(currentKey()) ?? 0) : 0;
    window.scrollTo(0, place);
    if (!isReturning) document.querySelector('main')?.focus({ preventScroll: true });
    return place > 0 ? scrollWhenTallEnough(place) : undefined;
  }, []);
}

function onPopState(event: PopStateEvent): void {
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

function currentKey(): string {
  return keyOf(history.state) ?? '';
}

function keyOf(state: unknown): string | undefined {
  return typeof state === 'object' && state !== null && 'key' in state ? String(state.key) : undefined;
}

function newKey(): string {
  return Math.random().toString(36).slice(2, 10);
}

function readPlaces(): [string, number][] {
  try {
    return JSON.parse(sessionStorage.getItem(STORAGE_KEY) ?? '[]') as [string, number][];
  } catch {
    return [];
  }
}

function writePlaces(): void {
  try {
    sessionStorage.setItem(STORAGE_KEY, JSON.stringify([...places].slice(-50)));
  } catch {
    // Without storage a reload starts at the top.
  }
}
