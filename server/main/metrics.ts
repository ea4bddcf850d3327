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
    response.end(`${await app.metrics.text()}\n${await readServerGauges(app.shards)}`);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) =>
      reject(new OperatorFault(`PINHOLE_METRICS: ${address.host}:${address.port}: ${error.message}`)),
    );
    server.listen(address.port, address.host, resolve);
  });
  return server;
}
