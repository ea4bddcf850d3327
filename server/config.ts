/**
 * The environment is read here, once, and nowhere else. Each setting is a row of one table, from which
 * docs/configuration.md is made as well. All faults are reported together.
 */
import path from 'node:path';

type Setting<Value> = { default: string; means: string; parse(text: string): Value };

function integer(min: number, max: number) {
  return (text: string): number => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < min || value > max)
      throw new Error(`must be a whole number from ${min} to ${max}`);
    return value;
  };
}

function oneOf<const Choice extends string>(...choices: Choice[]) {
  return (text: string): Choice => {
    const found = choices.find((choice) => choice === text);
    if (found === undefined) throw new Error(`must be one of: ${choices.join(', ')}`);
    return found;
  };
}

function address(protocols: string[]) {
  return (text: string): string => {
    if (text === '') return '';
    if (!URL.canParse(text) || !protocols.includes(new URL(text).protocol))
      throw new Error(
        `must be an address that starts with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`,
      );
    return text;
  };
}

export const settings = {
  host: setting(
    'PINHOLE_HOST',
    '127.0.0.1',
    'The address to listen on. 0.0.0.0 lets other machines in.',
    (text) => text,
  ),
  port: setting('PINHOLE_PORT', '3000', 'The port to listen on; 0 takes a free one.', integer(0, 65_535)),
  publicUrl: setting(
    'PINHOLE_PUBLIC_URL',
    '',
    'The address that members use, e.g. https://photos.example.org. It is put into mails and link previews; with https, cookies are bound to it. Default: http://HOST:PORT.',
    address(['http:', 'https:']),
  ),
  dataDir: setting(
    'PINHOLE_DATA',
    'data',
    'The folder of the embedded database, photos and outgoing mail.',
    (text) => path.resolve(text),
  ),
  databaseUrl: setting(
    'PINHOLE_DATABASE',
    '',
    'A PostgreSQL server (15 to 18) of your own instead of the embedded one, e.g. postgres://user:password@host/pinhole. The last part is the prefix of the two databases, which are made if the user may: pinhole_directory and pinhole_shard.',
    address(['postgres:', 'postgresql:']),
  ),
  smtpUrl: setting(
    'PINHOLE_SMTP',
    '',
    'Where mail is sent, e.g. smtps://user:password@mail.example.org. Without it, mails are put into the folder outbox of the data.',
    address(['smtp:', 'smtps:']),
  ),
  mailFrom: setting(
    'PINHOLE_MAIL_FROM',
    'Pinhole <pinhole@localhost>',
    'The sender of mails.',
    (text) => text,
  ),
  signUps: setting(
    'PINHOLE_SIGN_UPS',
    'open',
    'open: everybody may sign up; closed: nobody.',
    oneOf('open', 'closed'),
  ),
  signUpsPerHour: setting(
    'PINHOLE_SIGN_UPS_PER_HOUR',
    '60',
    'Sign-ups per hour from one address (IPv6: one /64).',
    integer(1, 1_000_000),
  ),
  postsPerHour: setting(
    'PINHOLE_POSTS_PER_HOUR',
    '60',
    'Posts per hour of one account.',
    integer(1, 1_000_000),
  ),
  proxies: setting(
    'PINHOLE_PROXIES',
    '0',
    'How many reverse proxies stand in front, so that X-Forwarded-For is read from the right end.',
    integer(0, 10),
  ),
  mediaWorkers: setting(
    'PINHOLE_MEDIA_WORKERS',
    '2',
    'Photos developed at the same time, each in a process of its own.',
    integer(1, 64),
  ),
  logLevel: setting(
    'PINHOLE_LOG',
    'warn',
    'What is logged to standard error: silent, error, warn, info or debug.',
    oneOf('silent', 'error', 'warn', 'info', 'debug'),
  ),
};

export type Config = { [Name in keyof typeof settings]: ReturnType<(typeof settings)[Name]['parse']> };

/** Throws one error that names every setting that is wrong, or unknown. */
export function readConfig(environment: Record<string, string | undefined>): Config {
  const faults: string[] = [];
  const values = Object.entries(settings).map(([name, { variable, default: fallback, parse }]) => {
    try {
      return [name, parse(environment[variable] ?? fallback)];
    } catch (fault) {
      faults.push(
        `${variable} ${fault instanceof Error ? fault.message : fault}; it is "${environment[variable]}".`,
      );
      return [name, undefined];
    }
  });
  const known = new Set(Object.values(settings).map(({ variable }) => variable));
  for (const variable of Object.keys(environment))
    if (variable.startsWith('PINHOLE_') && !variable.startsWith('PINHOLE_TEST_') && !known.has(variable))
      faults.push(`${variable} is not a setting of Pinhole. See docs/configuration.md.`);
  if (faults.length > 0) throw new ConfigFault(faults.join('\n'));
  return Object.fromEntries(values) as Config;
}

export class ConfigFault extends Error {}

/** docs/configuration.md, made from the table. */
export function describeConfig(): string {
  const rows = Object.values(settings).map(
    ({ variable, default: fallback, means }) =>
      `| \`${variable}\` | ${fallback === '' ? '' : `\`${fallback}\``} | ${means} |`,
  );
  return [
    '# Configuration',
    '',
    'Everything is set by environment variables, and everything has a default. Faults are reported together at start.',
    '',
    '| variable | default | meaning |',
    '|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}

function setting<Value>(
  variable: string,
  fallback: string,
  means: string,
  parse: (text: string) => Value,
): Setting<Value> & { variable: string } {
  return { variable, default: fallback, means, parse };
}
