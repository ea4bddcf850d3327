/**
 * Loaded before each test file: ends one that hangs, and says on what. The test runner bounds single tests, but neither what
 * a file does before its first test nor what it closes after its last, and would wait for ever.
 */
import { Worker } from 'node:worker_threads';

const FILE_MAX_MS = 480_000;
/** In a file that runs in circles no timer of its own comes by. */
const CIRCLES_MS = FILE_MAX_MS + 10_000;

setTimeout(() => {
  const kinds = Object.groupBy(process.getActiveResourcesInfo(), (kind) => kind);
  const open = Object.entries(kinds).map(([kind, all]) => `${all?.length} ${kind}`);
  console.error(
    `${process.argv[1]} has not ended after ${FILE_MAX_MS / 1_000} s. Still open: ${open.join(', ')}`,
  );
  process.exit(1);
}, FILE_MAX_MS).unref();

/** Has a thread, and so a clock, of its own: it stops the others where they are, and says where that is. */
function watchFromBeside(): void {
  const watch = `
    const { Session } = require('node:inspector');
    const { writeSync } = require('node:fs');
    const { workerData } = require('node:worker_threads');
    const end = (where) => {
      writeSync(2, workerData + ' runs in circles:\\n  ' + where.join('\\n  ') + '\\n');
      process.kill(process.pid, 'SIGKILL');
    };
    setTimeout(() => {
      const scripts = new Map();
      const session = new Session();
      session.connectToMainThread();
      session.on('Debugger.scriptParsed', ({ params }) => scripts.set(params.scriptId, params.url));
      session.on('Debugger.paused', ({ params }) =>
        end(params.callFrames.map(({ functionName, location: { scriptId, lineNumber } }) =>
          functionName + ' ' + scripts.get(scriptId) + ':' + (lineNumber + 1))));
      session.post('Debugger.enable');
      session.post('Debugger.pause');
      setTimeout(() => end(['and cannot be stopped']), 5_000);
    }, ${CIRCLES_MS});`;
  new Worker(watch, { eval: true, execArgv: [], workerData: process.argv[1] }).unref();
}
watchFromBeside();
