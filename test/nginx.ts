/** A real nginx for one test file, with the configuration that ./pinhole nginx prints. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import path from 'node:path';
import { after } from 'node:test';
import { nginxSite } from '../server/main/admin/nginx.ts';
import { findNginx } from '../server/main/admin/programs.ts';
import { until } from './world.ts';

export type Answer = { status: number; headers: Record<string, unknown>; body: Buffer };
type Ask = (
  at: string,
  more?: { method?: string; headers?: Record<string, string>; body?: Uint8Array },
) => Promise<Answer>;

/** Starts nginx as this user, on a free port of this machine, in a folder of its own; stopped with the test file. */
export async function startNginx(...[settings, linkSecret]: Parameters<typeof nginxSite>) {
  const [program, port, folder] = [
    await findNginx(),
    await freePort(),
    await mkdtemp(path.join(tmpdir(), 'pinhole-test-nginx-')),
  ];
  const at = (name: string) => path.join(folder, name);
  const site = nginxSite(settings, linkSecret);
  const here = site.replace('listen 80;\n  listen [::]:80;', `listen 127.0.0.1:${port};`);
  assert.notEqual(here, site);
  await writeFile(at('site'), here);
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  await writeFile(
    at('nginx.conf'),
    `daemon off; worker_processes 1; pid ${at('pid')}; error_log ${at('error.log')};
    ${userInfo().uid === 0 ? 'user root;' : ''}
    events { worker_connections 64; }
    http { access_log off; ${temporary.map((each) => `${each}_temp_path ${at(each)};`).join(' ')} include ${at('site')}; }`,
  );
  const nginx = spawn(program, ['-c', at('nginx.conf'), '-e', at('error.log')], { stdio: 'ignore' });
  after(async () => {
    nginx.kill('SIGTERM');
    if (nginx.exitCode === null && nginx.signalCode === null) await once(nginx, 'exit');
    await rm(folder, { recursive: true, force: true });
  });
  const ask = askAt(port);
  const answers = () =>
    ask('/').then(
      () => true,
      () => null,
    );
  await until(answers, 'nginx answers', 10_000).catch(async (error) => {
    throw new Error(`${error.message}\n${await readFile(at('error.log'), 'utf8').catch(() => '')}`);
  });
  return Object.assign(ask, { base: `http://127.0.0.1:${port}` });
}

/** Sends paths just as they are, which fetch does not. */
export function askAt(port: number): Ask {
  return (at, { method = 'GET', headers = {}, body } = {}) =>
    new Promise((resolve, reject) => {
      const sent = request(
        { host: '127.0.0.1', port, path: at, method, headers, agent: false },
        async (answer) => {
          const parts: Buffer[] = [];
          for await (const part of answer) parts.push(part);
          resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(parts) });
          sent.destroy();
        },
      );
      sent.on('error', reject);
      if (body || !headers['content-length']) sent.end(body);
      // Only the headers go out: the answer must not wait for the body.
      else sent.flushHeaders();
    });
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  assert.ok(address && typeof address === 'object');
  return address.port;
}
