/**
 * The environment is read here, once, and nowhere else. Each setting is a row of one table, from which
 * docs/configuration.md is made as well. All faults are reported together.
 */
import path from 'node:path';

type Setting<Value> = { default: string; means: string; parse(text: string): Value; isSecret: boolean };

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

const DATABASE_PARAMETERS = /^(host|port|ssl\w*|channel_binding)$/;

/** Of a PostgreSQL address: those that would override what Pinhole sets itself, or hide a password where nobody looks for it. */
export function strangeParameters(url: string): string[] {
  return [...new URL(url).searchParams.keys()].filter((name) => !DATABASE_PARAMETERS.test(name));
}

function databaseAddress(text: string): string {
  const url = address(['postgres:', 'postgresql:'])(text);
  const [strange] = url === '' ? [] : strangeParameters(url);
  if (strange)
    throw new Error(`must not have the parameter ${strange}: only host, port and those that begin with ssl`);
  return url;
}

/** A bucket of a store that speaks S3. */
export type S3Address = {
  endpoint: string;
  bucket: string;
  region: string;
  accessKey: string;
  secret: string;
};

const S3_FORM = 'https://ACCESS_KEY:SECRET@host/bucket?region=eu-west-1';

/** A / in the secret may stand as it is, or as %2F. Null for ''. Throws a sentence that does not show the secret. */
export function parseS3Address(text: string): S3Address | null {
  if (text === '') return null;
  const [, protocol, accessKey, secret, rest] = /^(https?:)\/\/([^:@/]+):(.+)@([^@]+)$/.exec(text) ?? [];
  if (!accessKey || !secret || !URL.canParse(`${protocol}//${rest}`))
    throw new Error(`must be like ${S3_FORM}`);
  const url = new URL(`${protocol}//${rest}`);
  const bucket = url.pathname.replace(/^\/|\/$/g, '');
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{1,254}$/.test(bucket))
    throw new Error(`must name one bucket after the host, like ${S3_FORM}`);
  const region = url.searchParams.get('region') ?? 'us-east-1';
  const isStrange = [...url.searchParams.keys()].some((name) => name !== 'region') || url.hash !== '';
  if (isStrange || !/^[a-z0-9-]+$/.test(region))
    throw new Error(`may have nothing after the bucket but its region, like ${S3_FORM}`);
  return { endpoint: url.origin, bucket, region, accessKey: decoded(accessKey), secret: decoded(secret) };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** An address to put paths behind. */
function baseAddress(text: string): string {
  const url = address(['http:', 'https:'])(text);
  if (url !== '' && /[?#@]/.test(url)) throw new Error('must be an address without ?, # or a password');
  return url.replace(/\/+$/, '');
}

function hookAddress(text: string): string {
  const url = address(['http:', 'https:'])(text);
  if (url !== '' && new URL(url).username) throw new Error('must be an address without a user or password');
  return url;
}

function hostAndPort(text: string): { host: string; port: number } | null {
  if (text === '') return null;
  const found = /^\[?(?<host>[^\]]+)\]?:(?<port>\d{1,5})$/.exec(text)?.groups;
  if (!found?.host || Number(found.port) > 65_535) throw new Error('must be HOST:PORT, like 127.0.0.1:9464');
  return { host: found.host, port: Number(found.port) };
}

/** One server, or what a group of Sentinels says it is. */
export type RedisAddress =
  | { kind: 'server'; url: string }
  | {
      kind: 'sentinel';
      name: string;
      sentinels: { host: string; port: number }[];
      credentials: { username?: string; password?: string };
    };
/** What is kept in Redis. Each may have a server of its own. */
export const redisRoles = ['feeds', 'sessions', 'map', 'events'] as const;
export type RedisRole = (typeof redisRoles)[number];

const REDIS_FORM = 'redis://host:6379, or redis-sentinel://host:26379,host:26379/NAME';
const MEMCACHED_PORT = 11_211;

/** One address for all roles, or ROLE=ADDRESS for some, separated by blanks. Null for ''. */
export function parseRedis(text: string): Record<RedisRole, RedisAddress> | null {
  if (text.trim() === '') return null;
  const given = new Map<string, RedisAddress>();
  for (const part of text.trim().split(/\s+/)) {
    const [, role = '', address = ''] = /^(?:([a-z]+)=)?(.*)$/.exec(part) ?? [];
    if (role !== '' && !redisRoles.some((each) => each === role))
      throw new Error(`may have addresses for ${redisRoles.join(', ')}, and not for ${role}`);
    if (given.has(role)) throw new Error(`must not have two addresses for ${role || 'all'}`);
    given.set(role, parseRedisAddress(address));
  }
  const entries = redisRoles.map((role) => {
    const found = given.get(role) ?? given.get('');
    if (!found)
      throw new Error(`must also say where ${role} are: one address without a role serves the rest`);
    return [role, found] as const;
  });
  return Object.fromEntries(entries) as Record<RedisRole, RedisAddress>;
}

function parseRedisAddress(text: string): RedisAddress {
  const [, access, hosts, name] = /^redis-sentinel:\/\/(?:([^@/]*)@)?([^@/]+)\/([\w.-]+)$/.exec(text) ?? [];
  if (hosts && name) {
    const [username, password] = (access ?? '').split(':').map(decoded);
    const sentinels = hosts.split(',').map((host) => hostAndPort(host));
    return {
      kind: 'sentinel',
      name,
      sentinels: sentinels.filter((each) => each !== null),
      credentials: { ...(username ? { username } : {}), ...(password ? { password } : {}) },
    };
  }
  if (!URL.canParse(text) || !/^rediss?:\/\/.+/.test(text)) throw new Error(`must be like ${REDIS_FORM}`);
  return { kind: 'server', url: text };
}

function memcachedNodes(text: string): { host: string; port: number }[] {
  const nodes = text.split(/[\s,]+/).filter(Boolean);
  const found = nodes.map((node) => hostAndPort(/:\d+$/.test(node) ? node : `${node}:${MEMCACHED_PORT}`));
  const names = new Set(found.map((node) => `${node?.host}:${node?.port}`));
  if (names.size < found.length) throw new Error('must not name a node twice');
  return found.filter((node) => node !== null);
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
    databaseAddress,
    { isSecret: true },
  ),
  redis: setting(
    'PINHOLE_REDIS',
    '',
    `Redis (6.2 or newer, or Valkey), which makes home feeds, activity and sessions quick for many members: \`${REDIS_FORM}\`. Several, separated by blanks, for single purposes: \`feeds=redis://a sessions=redis://b map=redis://c events=redis://d\`. All processes of a network must have the same. See docs/accelerators.md.`,
    parseRedis,
    { isSecret: true },
  ),
  memcached: setting(
    'PINHOLE_MEMCACHED',
    '',
    'Memcached nodes (1.6 or newer) for the cards of posts, e.g. 10.0.0.4:11211,10.0.0.5:11211. All processes of a network must have the same.',
    memcachedNodes,
  ),
  pushLimit: setting(
    'PINHOLE_PUSH_LIMIT',
    '10000',
    'Posts of accounts with more followers are not pushed into home feeds in Redis, but merged when a feed is read. How it was chosen: docs/performance.md.',
    integer(1, 100_000_000),
  ),
  s3: setting(
    'PINHOLE_S3',
    '',
    `A bucket that speaks S3 for the photos, instead of the folder photos of the data: \`${S3_FORM}\`. A / in the secret may stand as it is, or as %2F. Without a region it is us-east-1. ./pinhole store copy brings the photos there.`,
    parseS3Address,
    { isSecret: true },
  ),
  smtpUrl: setting(
    'PINHOLE_SMTP',
    '',
    'Where mail is sent, e.g. smtps://user:password@mail.example.org. Without it, mails are put into the folder outbox of the data.',
    address(['smtp:', 'smtps:']),
    { isSecret: true },
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
  mediaUrl: setting(
    'PINHOLE_MEDIA_URL',
    '',
    'Where members fetch photos, if not from the process itself: the address of a CDN, or of nginx, e.g. https://photos.example.org/media. See docs/photos.md.',
    baseAddress,
  ),
  cloudFrontKeyPair: setting(
    'PINHOLE_CLOUDFRONT_KEY_PAIR',
    '',
    'The ID of a CloudFront key pair: private photos are then signed for CloudFront. Needs PINHOLE_MEDIA_URL and the key.',
    (text) => text,
  ),
  cloudFrontKeyFile: setting(
    'PINHOLE_CLOUDFRONT_KEY_FILE',
    '',
    'The PEM file of that key pair’s private key.',
    (text) => text,
  ),
  purgeUrl: setting(
    'PINHOLE_PURGE_URL',
    '',
    'A hook that makes the cache in front forget: it is sent {"prefixes": [paths]} when photos were deleted, edited or made private. With it, caches may keep public photos for a year, without it for ten minutes.',
    hookAddress,
  ),
  mediaWorkers: setting(
    'PINHOLE_MEDIA_WORKERS',
    '2',
    'Photos developed at the same time, each in a process of its own.',
    integer(1, 64),
  ),
  metrics: setting(
    'PINHOLE_METRICS',
    '',
    'Where Prometheus reads counters and durations, e.g. 127.0.0.1:9464 (path /metrics). Not for members: keep it inside.',
    hostAndPort,
  ),
  logLevel: setting(
    'PINHOLE_LOG',
    'warn',
    'What is logged to standard error: silent, error, warn, info or debug.',
    oneOf('silent', 'error', 'warn', 'info', 'debug'),
  ),
};

export type Config = { [Name in keyof typeof settings]: ReturnType<(typeof settings)[Name]['parse']> };

/** Where members reach us, without a slash at the end. */
export function publicUrlOf({ publicUrl, host, port }: Pick<Config, 'publicUrl' | 'host' | 'port'>): string {
  return (publicUrl || `http://${host}:${port}`).replace(/\/$/, '');
}

/** Throws one error that names every setting that is wrong, or unknown. */
export function readConfig(environment: Record<string, string | undefined>): Config {
  const faults: string[] = [];
  const values = Object.entries(settings).map(([name, { variable, default: fallback, parse, isSecret }]) => {
    try {
      return [name, parse(environment[variable] ?? fallback)];
    } catch (fault) {
      const given = isSecret
        ? 'it holds a secret, so it is not shown here'
        : `it is "${environment[variable]}"`;
      faults.push(`${variable} ${fault instanceof Error ? fault.message : fault}; ${given}.`);
      return [name, undefined];
    }
  });
  const isSet = (...variables: string[]) => variables.every((variable) => environment[variable]);
  const cloudFront = ['PINHOLE_CLOUDFRONT_KEY_PAIR', 'PINHOLE_CLOUDFRONT_KEY_FILE'];
  if (cloudFront.some((variable) => isSet(variable)) && !isSet(...cloudFront, 'PINHOLE_MEDIA_URL'))
    faults.push(`${cloudFront.join(' and ')} need each other and PINHOLE_MEDIA_URL.`);
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
  { isSecret = false } = {},
): Setting<Value> & { variable: string } {
  return { variable, default: fallback, means, parse, isSecret };
}
