/** Calls of the client that are answered wrongly, and what of it the member must read. */
import assert from 'node:assert/strict';
import type { Page, Route } from 'playwright-core';
import { until } from '../world.ts';

/** As the server (with a code), or what stands in front of it, answers; the sentence that the member reads. */
export type Answer = { status: number; code?: string; says: RegExp; retryAfter?: number; isPage?: boolean };

/** Each with a sentence of its own, so that it is known which answer was told. */
export const ANSWERS: readonly Answer[] = [
  { status: 0, says: /The server cannot be reached/ },
  { status: 403, code: 'odd', says: /Would not do, 403/ },
  { status: 409, code: 'odd', says: /Would not do, 409/ },
  { status: 413, code: 'body_too_large', says: /This is too large to be sent/ },
  { status: 422, code: 'odd', says: /Would not do, 422/ },
  { status: 429, code: 'limited', says: /That was too often/, retryAfter: 40 },
  { status: 500, code: 'internal', says: /Something went wrong on our side/ },
  { status: 500, isPage: true, says: /The server could not do this just now/ },
  // What was meant is not there any more: some screens then offer nothing more.
  { status: 404, code: 'not_found', says: /This does not exist, or you may not see it/ },
];
export const SIGNED_OUT: Answer = { status: 401, code: 'unauthenticated', says: /Sign in/ };
/** "PUT /posts/:/like": the method, and the path, in which ":" is any one part. */
export type Call = `${'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'HEAD'} /${string}`;
/** While it has an answer, the calls meant get this instead of the server's. */
export type Fault = { call: Call; answer: Answer | null; met: number };

/** What the browser itself says of such answers, and of connections that are cut. */
const NOISE = /the server responded with a status of|net::ERR_|Failed to fetch/;
/** Keys of catalogues, codes and values that are none for people. */
const RAW = /\bundefined\b|\bNaN\b|\[object |\bhttp_\d|\b(common|errors|offline|feed|post|composer)\.[a-z]/;

/** One at a time: `set` says which call is answered how. */
export type Faults = Awaited<ReturnType<typeof openFaults>>;

export async function openFaults(page: Page) {
  let fault: Fault = { call: 'GET /', answer: null, met: 0 };
  await page.route(
    ({ pathname }) => fault.answer !== null && partsOf(fault.call).at.test(pathname),
    (route) =>
      fault.answer && route.request().method() === partsOf(fault.call).method
        ? reply(route, fault, fault.answer)
        : route.fallback(),
  );
  return {
    set: (call: Call, answer: Answer | null) => {
      fault = { call, answer, met: 0 };
    },
    none: () => {
      fault = { ...fault, answer: null };
    },
    isMet: () =>
      until(async () => (fault.met > 0 ? true : null), `${fault.call} is asked (${fault.answer?.status})`),
  };
}

function partsOf(call: Call): { method: string; at: RegExp } {
  const [method = '', path = ''] = call.split(' ');
  return { method, at: new RegExp(`^/api/v1${path.replaceAll(':', '[^/]+')}$`) };
}

async function reply(
  route: Route,
  fault: Fault,
  { status, code, retryAfter, isPage }: Answer,
): Promise<void> {
  fault.met++;
  if (status === 0) return route.abort();
  const message = `Would not do, ${status}.`;
  await route.fulfill({
    status,
    headers: retryAfter ? { 'retry-after': String(retryAfter) } : {},
    contentType: isPage || !code ? 'text/html' : 'application/json',
    body: code && !isPage ? JSON.stringify({ error: { code, message, requestId: 'r' } }) : '<h1>Error</h1>',
  });
}

/** A sentence that is read out: in an alert or a status, seen, and not beneath a dialog; and nothing raw beside it. */
export async function isTold(page: Page, says: RegExp): Promise<void> {
  const told = page.waitForFunction((source) => {
    const dialog = [...document.querySelectorAll('dialog:modal')].at(-1);
    const regions = document.querySelectorAll<HTMLElement>('[role=alert], [role=status], [aria-live=polite]');
    return [...regions].some(
      (region) =>
        new RegExp(source).test(region.textContent) &&
        region.checkVisibility() &&
        (!dialog || dialog.contains(region) || region.matches(':popover-open')),
    );
  }, says.source);
  await told.catch(async (error: unknown) => {
    const regions = await page.locator('[role=alert], [role=status], [aria-live=polite]').allTextContents();
    throw new Error(`${says} is not told at ${page.url()}, but: ${regions.join(' | ')}`, { cause: error });
  });
  assert.doesNotMatch((await page.locator('#root').textContent()) ?? '', RAW);
  // It covers what is to be pressed next.
  await page.evaluate(() => {
    for (const dismiss of document.querySelectorAll<HTMLElement>('.toast .icon-button')) dismiss.click();
  });
}

/** The page for signing in, or, on a public page, the way there. */
export async function leadsToSignIn(page: Page): Promise<void> {
  await page
    .getByRole('link', { name: 'Sign in', exact: true })
    .or(page.getByRole('button', { name: 'Sign in', exact: true }))
    .first()
    .waitFor();
}

/** What must not be: errors inside the page, and rejections that nobody handles. */
export function faultsOf(problems: readonly string[]): string[] {
  return problems.filter((problem) => !NOISE.test(problem));
}

/** Waits of one to four seconds, before another try, pass at once. */
export async function hurry(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const wait = window.setTimeout;
    const hurried = (work: TimerHandler, ms = 0, ...given: unknown[]) =>
      wait(work, ms >= 1_000 && ms <= 4_000 ? ms / 50 : ms, ...given);
    Object.assign(window, { setTimeout: hurried });
  });
}

/** To another page, as a link leads there. */
export async function goTo(page: Page, at: string): Promise<void> {
  await page.evaluate((to) => {
    history.pushState(null, '', to);
    dispatchEvent(new PopStateEvent('popstate'));
  }, at);
}
