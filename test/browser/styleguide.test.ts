/**
 * All parts in all states, also those that are rare: names as long as may be, 20 photos, 1.2 million likes, failures, right to
 * left. The page is there while developing only, so it comes from Vite.
 */
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, test } from 'node:test';
import type { Page } from 'playwright-core';
import { createServer } from 'vite';
import { openWorld, PASSWORD } from '../world.ts';
import { findViolations } from './axe.ts';
import { assertNoSidewaysScroll, DESKTOP, openPage, PHONE } from './browser.ts';

const world = await openWorld();
await world.account('mia', { name: 'Mia Moor' });
const vite = await createServer({
  configFile: path.resolve(import.meta.dirname, '../../vite.config.ts'),
  logLevel: 'error',
  cacheDir: path.join(world.dataDir, 'vite'),
  server: { port: 0, host: '127.0.0.1', hmr: false, proxy: { '^/api(?!/[\\w-]+\\.ts)': world.base } },
});
await vite.listen();
after(() => vite.close());
const address = vite.httpServer?.address();
assert.ok(address && typeof address === 'object');
const base = `http://127.0.0.1:${address.port}`;

async function openEditor(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'The editor with three photos' }).click();
  await page.getByRole('dialog').getByRole('tabpanel').waitFor();
}

async function openViewer(page: Page): Promise<void> {
  await page.locator('article img').first().click();
  await page.getByRole('dialog').waitFor();
}

for (const [theme, size, locale] of [
  ['light', PHONE, 'en-GB'],
  ['dark', DESKTOP, 'en-GB'],
  ['dark', PHONE, 'ar'],
] as const) {
  test(`all parts in all states, ${theme}, ${size.width} px wide, ${locale}`, async () => {
    const { page, close } = await openPage(base, size, theme, { locale });
    await page.goto('/sign-in');
    const reply = await page.request.post('/api/v1/sessions', {
      data: { login: 'mia', password: PASSWORD, kind: 'web' },
    });
    assert.equal(reply.status(), 201, await reply.text());
    await page.goto('/styleguide');
    await page.getByRole('heading', { name: 'Styleguide' }).waitFor();
    await page.locator('.comment-form').waitFor();
    await assertNoSidewaysScroll(page);
    assert.deepEqual(await findViolations(page), []);
    for (const open of [openEditor, openViewer]) {
      await open(page);
      await assertNoSidewaysScroll(page);
      assert.deepEqual(await findViolations(page), [], open.name);
      await page.keyboard.press('Escape');
      await page.getByRole('dialog').waitFor({ state: 'detached' });
    }
    await close();
  });
}
