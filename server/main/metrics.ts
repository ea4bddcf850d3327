/** GET /metrics on a listener of its own: what it tells is for operators, so it is never on the members' address. */
import { createServer, type Server } from 'node:http';
import type { App } from '../infra/app.ts';
import { readServerGauges } from '../infra/fleet/gauges.ts';
import { OperatorFault } from './progress.ts';

/** Gives what ends it. */
export async function serveMetrics(app: App, address: { host: string; port: number }): Promise<Server> {
  const server = createServer(async (request, response) => {
    if (request.method !== 'GET' || request.url !== '/metrics') {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' });
    const parts = [await app.metrics.text(), await readServerGauges(app.shards), acceleratorGauges(app)];
    response.end(parts.join('\n'));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) =>
      reject(new OperatorFault(`PINHOLE_METRICS: ${address.host}:${address.port}: ${error.message}`)),
    );
    server.listen(address.port, address.host, resolve);
  });
  return server;
}

function acceleratorGauges({ redis, memcached }: App): string {
  const servers = new Map(
    Object.values(redis).flatMap((each) => (each ? [[each.name, each.isDown()] as const] : [])),
  );
  for (const { name, isDown } of memcached?.nodes() ?? []) servers.set(`memcached ${name}`, isDown);
  return [
    '# HELP pinhole_accelerator_up Whether Redis or a node of Memcached answers',
    '# TYPE pinhole_accelerator_up gauge',
    ...[...servers].map(([name, isDown]) => `pinhole_accelerator_up{name="${name}"} ${Number(!isDown)}`),
    '',
  ].join('\n');
}
