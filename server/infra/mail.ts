/** Mail by SMTP when it is configured, else as files in a folder, so that nothing is lost before it is. */
import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import nodemailer from 'nodemailer';
import type { Language } from '../../core/languages.ts';

/** Of plain text: whoever shows it finds the direction of each paragraph by its words. */
export type Mail = { to: string; subject: string; text: string; language: Language };
export type Mailer = { send(mail: Mail): Promise<void> };

const TIMEOUT_MS = 20_000;

/** `onFiled` is told the path of each mail that was put into the folder. */
export function openMailer(options: {
  smtpUrl: string;
  from: string;
  outbox: string;
  onFiled(file: string, mail: Mail): void;
}): Mailer {
  if (options.smtpUrl !== '') {
    const transport = nodemailer.createTransport({
      url: options.smtpUrl,
      connectionTimeout: TIMEOUT_MS,
      greetingTimeout: TIMEOUT_MS,
      socketTimeout: TIMEOUT_MS,
    });
    return { send: async (mail) => void (await transport.sendMail(messageOf(options.from, mail))) };
  }
  const transport = nodemailer.createTransport({ streamTransport: true, buffer: true, newline: 'unix' });
  return {
    async send(mail) {
      const { message } = await transport.sendMail(messageOf(options.from, mail));
      await mkdir(options.outbox, { recursive: true, mode: 0o700 });
      const file = path.join(
        options.outbox,
        `${new Date().toISOString().replaceAll(':', '-')}-${randomUUID().slice(0, 8)}.eml`,
      );
      await writeFile(file, message as Buffer, { mode: 0o600 });
      options.onFiled(file, mail);
    },
  };
}

function messageOf(from: string, { language, ...mail }: Mail) {
  return { from, ...mail, headers: { 'content-language': language } };
}
