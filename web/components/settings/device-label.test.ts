import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deviceOf } from './device-label.ts';

test('browser and system are found, also when the name was cut off', () => {
  const table: [string, string | undefined, string][] = [
    [
      'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/156.0.0.0 Safa',
      'Chrome',
      'Linux',
    ],
    [
      'Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 Version/19.0 Safari/604.1',
      'Safari',
      'iPhone',
    ],
    [
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/156.0 Safari/537.36 Edg/156.0',
      'Edge',
      'Windows',
    ],
    ['Mozilla/5.0 (Android 16; Mobile; rv:150.0) Gecko/150.0 Firefox/150.0', 'Firefox', 'Android'],
    [
      'Mozilla/5.0 (Macintosh; Intel Mac OS X 15_0) AppleWebKit/605.1.15 (KHTML, like Gecko)',
      undefined,
      'Mac',
    ],
  ];
  for (const [name, browser, system] of table) assert.deepEqual(deviceOf(name), { browser, system });
});

test('other names are none of a browser', () => {
  assert.equal(deviceOf('backup script'), null);
  assert.equal(deviceOf(''), null);
});
