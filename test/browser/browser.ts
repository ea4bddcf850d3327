/** Real Chromium, as a member would use it. What goes wrong inside the page fails the test. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { PASSWORD, type World } from '../world.ts';

export const PHONE = { width: 390, height: 844 };
export const DESKTOP = { width: 1440, height: 900 };
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // Letters are drawn alike on all machines: pictures of them are compared.
  '--font-render-hinting=none',
  '--disable-lcd-text',
  '--disable-font-subpixel-positioning',
];
/** What the network answers is shown to the member; Chromium also logs it. */
const EXPECTED =
  /the server responded with a status of (401|403|404|409|422|429)|Service Worker registration blocked/;
const WAIT_MS = 20_000;
const STOPS_MAX = 80;

let starting: Promise<Browser> | undefined;
after(async () => (await starting)?.close());

/** A fresh browser profile. `problems` holds errors, warnings and violations of the content security policy. */
export async function openPage(
  base: string,
  viewport: { width: number; height: number },
  colorScheme: 'light' | 'dark' = 'light',
  more: BrowserContextOptions = {},
) {
  starting ??= chromium.launch({
    executablePath: process.env.PINHOLE_TEST_CHROMIUM ?? '/usr/bin/chromium',
    args: ARGUMENTS,
  });
  const browser = await starting;
  const context = await browser.newContext({
    viewport,
    colorScheme,
    // With a worker some requests are not the page's own: only the tests that are about it have one.
    serviceWorkers: 'block',
    locale: 'en-GB',
    baseURL: base,
    hasTouch: viewport === PHONE,
    reducedMotion: 'reduce',
    ...more,
  });
  context.setDefaultTimeout(WAIT_MS);
  const page = await context.newPage();
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(error.message));
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type()) && !EXPECTED.test(message.text()))
      problems.push(message.text());
  });
  return { page, problems, close: () => context.close() };
}

/** What browsers reported to this Pinhole that its content security policy kept from running. */
export async function policyReports({ app }: World): Promise<string[]> {
  const text = await app.metrics.text();
  return text.split('\n').filter((line) => line.startsWith('pinhole_policy_reports_total'));
}

type Device = 'phone' | 'desktop';

/** `device` makes handles that both have no use for: they share one world. */
export function testOnBoth(name: string, run: (size: typeof PHONE, device: Device) => Promise<void>): void {
  test(`on a phone: ${name}`, () => run(PHONE, 'phone'));
  test(`on a desktop: ${name}`, () => run(DESKTOP, 'desktop'));
}

/** Ends at the first steps of a new member, which are then not offered again. */
export async function signUp(page: Page, handle: string): Promise<void> {
  await page.goto('/sign-up');
  await page.getByLabel('Handle', { exact: true }).fill(handle);
  await page.getByLabel('E-mail address').fill(`${handle}@example.org`);
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign up' }).click();
  await page.getByRole('heading', { name: 'Add a photo of yourself' }).waitFor();
}

export async function signIn(page: Page, handle: string): Promise<void> {
  await page.goto('/sign-in');
  await page.getByLabel('Handle or e-mail address').fill(handle);
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('navigation', { name: 'Main' }).waitFor();
}

/** The page that was gone to has its heading, and waits for nothing more. */
export async function isThere(page: Page): Promise<void> {
  await page.getByRole('main').getByRole('heading').filter({ visible: true }).first().waitFor();
  await page.waitForFunction(() => !document.querySelector('main .spinner'));
}

/** Goes on by one key until what has the focus is called so: by its own name, its label, or what it says. */
export async function tabTo(page: Page, name: string, key = 'Tab'): Promise<void> {
  for (let stops = 0; stops < STOPS_MAX; stops++) {
    const here = await page.evaluate(() => {
      const { activeElement } = document;
      const label = activeElement instanceof HTMLInputElement ? activeElement.labels?.[0] : null;
      return activeElement?.getAttribute('aria-label') ?? (label ?? activeElement)?.textContent;
    });
    if (here === name) return;
    await page.keyboard.press(key);
  }
  assert.fail(`${name} is not reached by ${key}`);
}

/** Nothing is wider than the window: a phone's page does not scroll sideways. */
export async function assertNoSidewaysScroll(page: Page): Promise<void> {
  const [content, window] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  assert.ok((content ?? 0) <= (window ?? 0), `${page.url()} is ${content} px wide in a window of ${window}`);
}

/** To be looked at: only where a folder for pictures is named. */
export async function takePicture(page: Page, name: string): Promise<void> {
  const folder = process.env.PINHOLE_TEST_PICTURES;
  if (folder) await page.screenshot({ path: `${folder}/${name}.png`, fullPage: true });
}
