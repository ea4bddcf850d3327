import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';
import { openWorld, PASSWORD, until } from '../../test/world.ts';

/** Speaks SMTP (RFC 5321) as far as taking a mail needs it; `isDown` refuses every mail for now. */
async function startSmtpServer(): Promise<{
  server: Server;
  url: string;
  mails: string[];
  state: { isDown: boolean };
}> {
  const mails: string[] = [];
  const state = { isDown: false };
  const server = createServer((socket) => {
    let mail: string[] | null = null;
    const say = (line: string) => socket.write(`${line}\r\n`);
    socket.on('error', () => socket.destroy());
    say('220 test ESMTP');
    createInterface({ input: socket }).on('line', (line) => {
      if (mail && line !== '.') mail.push(line);
      else if (mail) {
        mails.push(mail.join('\n'));
        mail = null;
        say('250 taken');
      } else if (/^data/i.test(line)) {
        mail = [];
        say('354 go on');
      } else if (/^mail/i.test(line) && state.isDown) say('451 not now');
      else if (/^quit/i.test(line)) socket.end('221 bye\r\n');
      else say('250 ok');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return { server, url: `smtp://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`, mails, state };
}

const smtp = await startSmtpServer();
after(() => smtp.server.close());
const world = await openWorld({ config: { smtpUrl: smtp.url, mailFrom: 'Pinhole <photos@example.org>' } });

test('mail goes to the configured server, and is sent again when that was not ready', async () => {
  // The admin's own mail is not meant.
  await world.settled();
  smtp.mails.splice(0);
  smtp.state.isDown = true;
  const ann = await world.account('ann');
  await until(async () => ((await world.app.queue.counts()).waiting > 0 ? true : null), 'the mail waits');
  assert.equal(smtp.mails.length, 0);
  smtp.state.isDown = false;
  const mail = await until(
    async () => smtp.mails.find((each) => each.includes('To: ann@example.org')) ?? null,
    'the mail arrives',
  );
  assert.match(mail, /From: Pinhole <photos@example\.org>/);
  const token = tokenIn(mail);
  assert.equal((await world.call('POST', '/email-confirmations', { body: { token } })).status, 204);
  assert.equal((await ann.get('/me')).emailConfirmed, true);
});

test('a new password is set by the link in the mail, once', async () => {
  assert.equal(
    (await world.call('POST', '/password-resets', { body: { email: 'ANN@example.org' } })).status,
    202,
  );
  const mail = await until(
    async () => smtp.mails.find((each) => each.includes('/reset#')) ?? null,
    'the mail arrives',
  );
  const token = tokenIn(mail);
  const body = { token, password: `${PASSWORD} anew` };
  assert.equal((await world.call('POST', '/password-resets/confirm', { body })).status, 204);
  assert.equal((await world.call('POST', '/password-resets/confirm', { body })).status, 400);
});

/** Long lines are broken with = at their end (quoted-printable). */
function tokenIn(mail: string): string {
  return /\/(?:confirm|reset)#([\w-]+)/.exec(mail.replaceAll('=\n', ''))?.[1] ?? '';
}
