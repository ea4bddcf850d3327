import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openWorld } from '../../test/world.ts';

const world = await openWorld();
const TYPE = 'application/csp-report';
const REPORT = {
  'document-uri': 'https://photos.example.org/explore?q=secret',
  'effective-directive': 'script-src-elem',
  'violated-directive': 'script-src-elem',
  'blocked-uri': 'inline',
  'original-policy': "default-src 'self'",
  'line-number': 12,
};

async function send(raw: string, type = TYPE): Promise<number> {
  return (await world.call('POST', '/policy-reports', { raw, headers: { 'content-type': type } })).status;
}

async function counted(): Promise<string[]> {
  const text = await world.app.metrics.text();
  return text.split('\n').filter((line) => line.startsWith('pinhole_policy_reports_total'));
}

test('pages name the address for reports, and what comes there is counted and told without what was looked for', async () => {
  const page = await fetch(world.base);
  assert.match(page.headers.get('content-security-policy') ?? '', /report-uri \/api\/v1\/policy-reports/);
  const lines: unknown[] = [];
  const { log } = world.app;
  const warn = log.warn.bind(log);
  log.warn = ((...line: unknown[]) => lines.push(line)) as typeof log.warn;
  try {
    assert.equal(await send(JSON.stringify({ 'csp-report': REPORT })), 204);
    assert.equal(await send(JSON.stringify({ 'csp-report': { 'violated-directive': 'x' } })), 204);
  } finally {
    log.warn = warn;
  }
  assert.deepEqual(await counted(), [
    'pinhole_policy_reports_total{directive="script-src"} 1',
    'pinhole_policy_reports_total{directive="other"} 1',
  ]);
  assert.equal(lines.length, 2);
  const told = JSON.stringify(lines);
  assert.ok(told.includes('photos.example.org/explore') && told.includes('"line":12'), told);
  assert.ok(!told.includes('secret'), told);
});

test('what is no report is refused, and counts nothing', async () => {
  const before = await counted();
  assert.equal(await send('{"csp-report":'), 400);
  assert.equal(await send('[]'), 400);
  assert.equal(await send('{"csp-report":{"blocked-uri":7}}'), 400);
  assert.equal(await send(''), 400);
  assert.equal(await send(JSON.stringify({ 'csp-report': { ...REPORT, sample: 'x'.repeat(20_000) } })), 413);
  assert.equal(await send('x', 'text/plain'), 415);
  const elsewhere = { 'content-type': TYPE, origin: 'https://elsewhere.example' };
  const { status } = await world.call('POST', '/policy-reports', { raw: '{}', headers: elsewhere });
  assert.equal(status, 403);
  const otherwise = { raw: '{"login":"ann"}', headers: { 'content-type': TYPE } };
  assert.equal(
    (await world.call('POST', '/sessions', otherwise)).status,
    415,
    'the type is good for reports alone',
  );
  assert.deepEqual(await counted(), before);
});

test('a flood of them fills no log', async () => {
  const answers: number[] = [];
  for (let at = 0; at < 40; at++) answers.push(await send(JSON.stringify({ 'csp-report': REPORT })));
  assert.ok(answers.includes(204));
  assert.deepEqual(new Set(answers.slice(-5)), new Set([429]));
});
