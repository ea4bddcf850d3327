/** ./pinhole dev: the server restarts when its code changes, Vite reloads the client. */
import { spawn } from 'node:child_process';
import path from 'node:path';
import { root } from '../app.ts';
import { say } from '../progress.ts';

export async function run(): Promise<void> {
  const start = (args: string[]) => spawn(process.execPath, args, { cwd: root, stdio: 'inherit' });
  const server = start(['--watch', '--watch-preserve-output', path.join(root, 'server/main/cli.ts'), 'up']);
  const client = start([path.join(root, 'node_modules/vite/bin/vite.js'), '--port', '5173']);
  say('The client with live reload will be at http://localhost:5173');
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.on(signal, () => [server, client].map((child) => child.kill(signal)));
  await Promise.all([server, client].map((child) => new Promise((resolve) => child.once('exit', resolve))));
}
