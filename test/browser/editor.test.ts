/** The photo editor in a real browser: what is done by hand becomes the edits that are told, and the picture shows them. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { cropOf, isInside } from '../../core/frame.ts';
import { FILTER_NAMES } from '../../core/look/filters.ts';
import { assertNoSidewaysScroll, DESKTOP, openPage, PHONE } from './browser.ts';
import {
  assertNear,
  CORNERS,
  chooseTool,
  coloursAt,
  drag,
  editsOf,
  makeQuarters,
  middleOf,
  pictureOnStage,
  quarterOf,
  readLog,
  SIZE,
  smallTargets,
  touchscreen,
  UPRIGHT,
  until,
  waitForCorners,
} from './editor-hands.ts';
import { serveEditorPage } from './editor-page.ts';

const picture = await makeQuarters();
const server = await serveEditorPage([picture, picture, picture]);
after(server.close);

async function openEditor(viewport: typeof PHONE, count = 1) {
  const opened = await openPage(server.base, viewport);
  await opened.page.goto(`/?photos=${count}`);
  await opened.page.getByRole('dialog', { name: 'Edit Photo 1' }).waitFor();
  await opened.page.locator('.editor-photo[data-drawn="true"]').waitFor();
  return opened;
}
test('a corner that is dragged crops; the crop is dragged as a whole; undo, redo and reset', async () => {
  const { page, problems, close } = await openEditor(DESKTOP);
  await waitForCorners(page, UPRIGHT);
  await chooseTool(page, 'Crop');
  const { width, height } = await pictureOnStage(page);
  await drag(page, 'Bottom right corner', -width * 0.6, -height * 0.6);
  assertNear((await editsOf(page)).frame.crop, { left: 0, top: 0, width: 0.4, height: 0.4 });
  await chooseTool(page, 'Filter');
  await waitForCorners(page, ['red', 'red', 'red', 'red']);

  await chooseTool(page, 'Crop');
  await waitForCorners(page, UPRIGHT, '.crop-canvas');
  await drag(page, 'Crop area', width * 0.9, height * 0.9);
  assertNear((await editsOf(page)).frame.crop, { left: 0.6, top: 0.6, width: 0.4, height: 0.4 });
  await chooseTool(page, 'Filter');
  await waitForCorners(page, ['yellow', 'yellow', 'yellow', 'yellow']);

  await page.getByRole('button', { name: 'Undo' }).click();
  await waitForCorners(page, ['red', 'red', 'red', 'red']);
  await page.keyboard.press('Control+z');
  await waitForCorners(page, UPRIGHT);
  assert.equal((await editsOf(page)).frame.crop, null);
  assert.ok(await page.getByRole('button', { name: 'Undo' }).isDisabled());
  assert.equal(await page.evaluate(() => document.activeElement?.getAttribute('aria-label')), 'Undo');
  await page.keyboard.press('Control+Shift+z');
  await page.getByRole('button', { name: 'Redo' }).click();
  await waitForCorners(page, ['yellow', 'yellow', 'yellow', 'yellow']);

  await chooseTool(page, 'Crop');
  await page.getByRole('button', { name: 'Reset', exact: true }).click();
  assert.equal((await editsOf(page)).frame.crop, null);
  assert.deepEqual(problems, []);
  await close();
});

test('a shape is kept while a corner is dragged, and given up by Free', async () => {
  const { page, problems, close } = await openEditor(DESKTOP);
  await chooseTool(page, 'Crop');
  const { width, height } = await pictureOnStage(page);
  const ratio = async () => {
    const { crop } = (await editsOf(page)).frame;
    return crop ? (crop.width * SIZE.width) / (crop.height * SIZE.height) : SIZE.width / SIZE.height;
  };
  for (const [label, value] of [
    ['1:1', 1],
    ['4:5', 0.8],
    ['1.91:1', 1.91],
  ] as const) {
    await page.getByText(label, { exact: true }).click();
    assert.ok(Math.abs((await ratio()) / value - 1) < 1e-3, `${label} is ${await ratio()}`);
    await drag(page, 'Top left corner', width * 0.3, height * 0.05);
    assert.ok(Math.abs((await ratio()) / value - 1) < 1e-3, `${label} became ${await ratio()}`);
    assert.ok(await page.getByRole('radio', { name: label, exact: true }).isChecked());
  }
  await page.getByText('Original', { exact: true }).click();
  assert.equal((await editsOf(page)).frame.crop, null);
  await page.getByText('Free', { exact: true }).click();
  await drag(page, 'Right side', -width * 0.5, 0);
  assertNear((await editsOf(page)).frame.crop, { left: 0, top: 0, width: 0.5, height: 1 });
  assert.deepEqual(problems, []);
  await close();
});

test('straightening never shows an empty corner, and gives back what it took', async () => {
  const { page, problems, close } = await openEditor(DESKTOP);
  await chooseTool(page, 'Crop');
  const { width, height } = await pictureOnStage(page);
  const straighten = page.getByRole('slider', { name: 'Straighten' });
  await straighten.fill('25');
  assert.deepEqual((await editsOf(page)).frame, { turns: 0, isMirrored: false, degrees: 25, crop: null });
  await chooseTool(page, 'Filter');
  // Clockwise: what was above at the left comes to the middle of the top.
  await until('the corners are filled', async () => {
    const [[red = 0] = []] = await coloursAt(page, [[0.5, 0.02]]);
    const seen = (await coloursAt(page, CORNERS)).map(quarterOf);
    return !seen.includes('none') && red > 150 ? true : `${seen}, ${red} red`;
  });

  await chooseTool(page, 'Crop');
  await straighten.fill('0');
  await drag(page, 'Bottom right corner', -width * 0.3, -height * 0.1);
  const { crop } = (await editsOf(page)).frame;
  assert.ok(crop);
  for (const degrees of [12, -20]) {
    await straighten.fill(String(degrees));
    const { frame } = await editsOf(page);
    assert.ok(frame.crop && frame.crop.width < crop.width);
    assert.ok(isInside(SIZE, degrees, frame.crop));
    assert.deepEqual(cropOf(SIZE, frame), frame.crop);
  }
  await straighten.fill('0');
  assert.deepEqual((await editsOf(page)).frame.crop, crop);
  await straighten.fill('5.5');
  await straighten.dblclick();
  assert.equal((await editsOf(page)).frame.degrees, 0);
  assert.deepEqual(problems, []);
  await close();
});

test('rotating and flipping turn what is seen, the crop with it', async () => {
  const { page, problems, close } = await openEditor(DESKTOP);
  const press = async (name: 'Rotate' | 'Flip') => {
    await chooseTool(page, 'Crop');
    await page.getByRole('button', { name }).click();
    await chooseTool(page, 'Filter');
  };
  await press('Rotate');
  await waitForCorners(page, ['blue', 'red', 'yellow', 'green']);
  await press('Flip');
  await waitForCorners(page, ['red', 'blue', 'green', 'yellow']);
  await press('Rotate');
  await waitForCorners(page, ['green', 'red', 'yellow', 'blue']);

  await chooseTool(page, 'Crop');
  const { width, height } = await pictureOnStage(page);
  await drag(page, 'Bottom right corner', -width * 0.6, -height * 0.6);
  await press('Rotate');
  await waitForCorners(page, ['green', 'green', 'green', 'green']);
  assertNear((await editsOf(page)).frame.crop, { left: 0.6, top: 0, width: 0.4, height: 0.4 });
  await press('Flip');
  await waitForCorners(page, ['green', 'green', 'green', 'green']);
  assertNear((await editsOf(page)).frame.crop, { left: 0, top: 0, width: 0.4, height: 0.4 });
  assert.deepEqual(problems, []);
  await close();
});

test('a filter, its strength, adjustments, and the photo without them for as long as it is held', async () => {
  const { page, problems, close } = await openEditor(DESKTOP);
  const isGrey = async () => {
    const colours = await coloursAt(page, CORNERS);
    return colours.every((colour) => Math.max(...colour) - Math.min(...colour) < 12)
      ? true
      : colours.join(' / ');
  };
  await page.getByText('Silver', { exact: true }).click();
  await until('the photo is black and white', isGrey);
  await page.getByRole('slider', { name: 'Strength' }).fill('0');
  await waitForCorners(page, UPRIGHT);
  assert.equal((await editsOf(page)).look.strength, 0);
  await page.getByRole('button', { name: 'Reset strength' }).click();
  await until('the photo is black and white', isGrey);

  const compare = page.getByRole('button', { name: 'Hold to compare' });
  await compare.hover();
  await page.mouse.down();
  await waitForCorners(page, UPRIGHT);
  await page.mouse.up();
  await until('the filter is back', isGrey);
  await compare.focus();
  await page.keyboard.down(' ');
  await waitForCorners(page, UPRIGHT);
  await page.keyboard.up(' ');
  await until('the filter is back', isGrey);
  await page.getByRole('img', { name: 'Photo 1' }).hover();
  await page.mouse.down();
  await waitForCorners(page, UPRIGHT);
  await page.mouse.up();
  await until('the filter is back', isGrey);

  await page.getByText('Original', { exact: true }).click();
  await chooseTool(page, 'Adjust');
  const saturation = page.getByRole('slider', { name: 'Saturation' });
  await saturation.fill('-100');
  await until('the photo is black and white', isGrey);
  await page.getByRole('slider', { name: 'Brightness' }).fill('40');
  assert.deepEqual((await editsOf(page)).look, {
    filter: 'none',
    strength: 100,
    adjustments: { saturation: -100, brightness: 40 },
  });
  await saturation.dblclick();
  assert.deepEqual((await editsOf(page)).look.adjustments, { brightness: 40 });
  await page.getByRole('button', { name: 'Reset brightness' }).click();
  await waitForCorners(page, UPRIGHT);
  assert.deepEqual((await editsOf(page)).look.adjustments, {});
  assert.deepEqual(problems, []);
  await close();
});

test('the kernel is fetched, and the content security policy lets the worker run it', async () => {
  const { page, problems, close } = await openPage(server.base, DESKTOP);
  const kernel = page.waitForResponse(/kernel-.*\.wasm$/);
  await page.goto('/');
  assert.equal((await kernel).status(), 200);
  await page.locator('.editor-photo[data-drawn="true"]').waitFor();
  const bytes = [...(await (await kernel).body())];
  const [worker] = page.workers();
  const compiled = await worker?.evaluate(
    async (code) => (await WebAssembly.compile(new Uint8Array(code))) instanceof WebAssembly.Module,
    bytes,
  );
  assert.ok(compiled);
  assert.deepEqual(problems, []);
  await close();
});

test('each photo of a carousel has its edits and its history; one look can be used for all', async () => {
  const { page, problems, close } = await openEditor(PHONE, 3);
  await page.getByText('Silver', { exact: true }).click();
  await page.getByRole('button', { name: 'Photo 2' }).click();
  await page.getByRole('dialog', { name: 'Edit Photo 2' }).waitFor();
  await waitForCorners(page, UPRIGHT);
  assert.ok(await page.getByRole('button', { name: 'Undo' }).isDisabled());
  await page.getByText('Harbour', { exact: true }).click();
  await chooseTool(page, 'Crop');
  await page.getByRole('button', { name: 'Flip' }).click();
  await page.getByRole('button', { name: 'Use look for all' }).click();
  await page.getByText('All 3 photos have this look.').waitFor({ state: 'attached' });
  const { edits } = await readLog(page);
  assert.deepEqual(
    Object.values(edits).map(({ look, frame }) => [look.filter, frame.isMirrored]),
    [
      ['harbour', false],
      ['harbour', true],
      ['harbour', false],
    ],
  );
  await page.getByRole('button', { name: 'Photo 1' }).click();
  await page.getByRole('button', { name: 'Undo' }).click();
  assert.equal((await editsOf(page, 'photo-1')).look.filter, 'silver');
  assert.equal((await editsOf(page, 'photo-2')).look.filter, 'harbour');
  await assertNoSidewaysScroll(page);
  await page.getByRole('button', { name: 'Next' }).click();
  assert.equal((await readLog(page)).ended, 'done');
  assert.deepEqual(problems, []);
  await close();
});

test('all of it by keyboard alone; the focus stays in the editor, and Escape leaves', async () => {
  const { page, problems, close } = await openEditor(DESKTOP);
  const press = async (...keys: string[]) => {
    for (const key of keys) await page.keyboard.press(key);
  };
  const focusOn = async (name: string) => {
    for (let at = 0; at < 40; at++) {
      const { isInside, label } = await page.evaluate(() => {
        const element = document.activeElement;
        const label = element?.getAttribute('aria-label') ?? element?.closest('label')?.textContent;
        const labelled = element instanceof HTMLInputElement ? element.labels?.[0]?.textContent : null;
        return {
          isInside: element === document.body || Boolean(element?.closest('dialog')),
          label: label ?? labelled ?? element?.textContent,
        };
      });
      assert.ok(isInside, `The focus is on ${label}, outside the editor`);
      if (label === name) return;
      await press('Tab');
    }
    throw new Error(`Tab never reaches ${name}.`);
  };
  await focusOn('Original');
  await press('ArrowRight', 'ArrowRight');
  assert.equal((await editsOf(page)).look.filter, FILTER_NAMES[2]);
  await focusOn('Strength');
  await press('Home', 'ArrowRight', 'ArrowRight');
  assert.equal((await editsOf(page)).look.strength, 2);
  await focusOn('Filter');
  await press('ArrowRight');
  await focusOn('Warmth');
  await press('ArrowLeft', 'ArrowLeft', 'ArrowLeft');
  assert.equal((await editsOf(page)).look.adjustments.warmth, -3);
  await focusOn('Adjust');
  await press('ArrowRight');
  await focusOn('Bottom right corner');
  for (let step = 0; step < 4; step++) await press('Shift+ArrowLeft', 'Shift+ArrowUp');
  assertNear((await editsOf(page)).frame.crop, { left: 0, top: 0, width: 0.8, height: 0.8 });
  await focusOn('Crop area');
  await press('ArrowDown', 'ArrowRight', 'Shift+ArrowRight');
  assertNear((await editsOf(page)).frame.crop, { left: 0.06, top: 0.01, width: 0.8, height: 0.8 });
  await focusOn('Straighten');
  await press('ArrowRight', 'ArrowRight');
  assert.equal((await editsOf(page)).frame.degrees, 0.2);
  await focusOn('Free');
  await press('ArrowRight', 'ArrowRight');
  const { crop } = (await editsOf(page)).frame;
  assert.ok(crop && Math.abs((crop.width * SIZE.width) / (crop.height * SIZE.height) - 1) < 0.01);
  await focusOn('Rotate');
  await press('Enter');
  assert.equal((await editsOf(page)).frame.turns, 1);
  await press('Control+z');
  assert.equal((await editsOf(page)).frame.turns, 0);
  await press('Escape');
  assert.equal((await readLog(page)).ended, 'cancelled');
  assert.deepEqual(problems, []);
  await close();
});

test('on a phone: a finger drags a corner, two fingers hold the crop, a double tap resets a slider; targets are large', async () => {
  const { page, problems, close } = await openEditor(PHONE, 2);
  for (const tool of ['Filter', 'Adjust', 'Crop'] as const) {
    await page.getByRole('tab', { name: tool }).tap();
    assert.deepEqual(await smallTargets(page), []);
  }
  await page.getByRole('tab', { name: 'Crop' }).tap();
  const { width, height } = await pictureOnStage(page);
  const { touch, tap } = await touchscreen(page);
  const corner = await middleOf(page, 'Bottom right corner');
  await touch([[corner, { x: corner.x - width / 2, y: corner.y - height / 2 }]]);
  assertNear((await editsOf(page)).frame.crop, { left: 0, top: 0, width: 0.5, height: 0.5 }, 0.02);

  const { x, y } = await middleOf(page, 'Crop area');
  await touch([
    [
      { x: x - 20, y },
      { x: x - 28 + width * 0.25, y: y + height * 0.25 },
    ],
    [
      { x: x + 20, y },
      { x: x + 28 + width * 0.25, y: y + height * 0.25 },
    ],
  ]);
  assertNear((await editsOf(page)).frame.crop, { left: 0.15, top: 0.15, width: 0.7, height: 0.7 }, 0.02);

  await page.getByRole('tab', { name: 'Adjust' }).tap();
  await page.getByText('Grain', { exact: true }).tap();
  const { x: left, y: top } = await middleOf(page, 'Grain', 'slider');
  await tap({ x: left, y: top }, 0);
  const { grain } = (await editsOf(page)).look.adjustments;
  assert.ok(grain !== undefined && grain > 40 && grain < 60, `Grain is ${grain}`);
  await tap({ x: left, y: top }, 0.2);
  assert.equal((await editsOf(page)).look.adjustments.grain, undefined);
  assert.deepEqual(problems, []);
  await close();
});
