/**
 * How often what may be asked: counted by all processes together in Redis, and in each process where there is none. While
 * Redis is down each process counts for itself, and what guesses or floods is then held shorter: docs/decisions/0018.
 */
import { isIPv6 } from 'node:net';
import type { FastifyRequest } from 'fastify';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { Limited } from '../errors.ts';
import { foldLogin } from '../features/accounts/sessions.ts';
import type { App } from '../infra/app.ts';
import { countOnce } from '../infra/redis/counts.ts';
import { whereServed } from '../infra/redis/optional.ts';
import type { Redis } from '../infra/redis/redis.ts';

export type RateLimits = {
  /** Throws Limited. Per login and address, so that a stranger cannot lock the owner out; and per address. */
  signIn(request: FastifyRequest, login: string): Promise<void>;
  signUp(request: FastifyRequest): Promise<void>;
  /** Mails that anybody can have sent to an address. */
  mail(request: FastifyRequest, email: string): Promise<void>;
  /** What browsers say that the content security policy stopped; each is a line of the log. */
  policyReport(request: FastifyRequest): Promise<void>;
  post(accountId: string): Promise<void>;
  comment(accountId: string): Promise<void>;
  /** Tickets, each for the bytes of one photo. */
  upload(accountId: string): Promise<void>;
  /** Photos made anew, and proofs: each costs as much as a new one. */
  edit(accountId: string): Promise<void>;
  /** Drafts that are made and saved; a client saves one while it is typed. */
  draft(accountId: string): Promise<void>;
  /** Small pictures that are made. */
  thumbnail(accountId: string): Promise<void>;
  /** ZIPs of all that is an account's. */
  export(accountId: string): Promise<void>;
};

/** Counts once more for the key. Throws Limited with the message. */
type Take = (key: string, message: string) => Promise<void>;
type Limit = {
  name: string;
  points: number;
  seconds: number;
  /** The points of each process while Redis is down, as a share. */
  alone: number;
};

const MINUTES = 60;
const DAYS = 86_400;
const A_THIRD = 1 / 3;
const ALL = 1;

export function openRateLimits({
  config,
  redis: { sessions: redis },
}: Pick<App, 'config' | 'redis'>): RateLimits {
  const limit = (name: string, points: number, seconds: number, alone: number) =>
    openLimit(redis, { name, points, seconds, alone });
  const signInByLogin = limit('sign-in-login', 10, 15 * MINUTES, A_THIRD);
  const signInByAddress = limit('sign-in-address', 100, 15 * MINUTES, A_THIRD);
  const signUp = limit('sign-up', config.signUpsPerHour, 60 * MINUTES, A_THIRD);
  const mailByAddress = limit('mail-address', 20, 60 * MINUTES, A_THIRD);
  const mailByReceiver = limit('mail-receiver', 5, 60 * MINUTES, A_THIRD);
  const policyReports = limit('policy-report', 30, 10 * MINUTES, ALL);
  const posts = limit('post', config.postsPerHour, 60 * MINUTES, ALL);
  const edits = limit('edit', 120, 10 * MINUTES, ALL);
  const uploads = limit('upload', config.postsPerHour * 20, 60 * MINUTES, ALL);
  const drafts = limit('draft', 1_200, 10 * MINUTES, ALL);
  const thumbnails = limit('thumbnail', 1_200, 10 * MINUTES, ALL);
  const comments = limit('comment', config.postsPerHour * 10, 60 * MINUTES, ALL);
  const exports = limit('export', 3, DAYS, ALL);
  return {
    async signIn(request, login) {
      const address = addressOf(request);
      await signInByAddress(address, 'Too many tries to sign in from your address. Try again later.');
      await signInByLogin(
        `${address} ${foldLogin(login)}`,
        'Too many tries to sign in. Try again later, or reset the password.',
      );
    },
    signUp: (request) => signUp(addressOf(request), 'Too many sign-ups from your address. Try again later.'),
    async mail(request, email) {
      await mailByAddress(
        addressOf(request),
        'Too many mails were asked for from your address. Try again later.',
      );
      await mailByReceiver(email.toLowerCase(), 'Too many mails were asked for. Try again later.');
    },
    policyReport: (request) => policyReports(addressOf(request), 'Too many reports from your address.'),
    post: (accountId) => posts(accountId, 'That is a lot of posts within an hour. Try again later.'),
    upload: (accountId) => uploads(accountId, 'That is a lot of uploads within an hour. Try again later.'),
    edit: (accountId) => edits(accountId, 'That is a lot of edits. Try again in some minutes.'),
    draft: (accountId) => drafts(accountId, 'That is a lot of changes to drafts. Try again in some minutes.'),
    thumbnail: (accountId) => thumbnails(accountId, 'That is a lot of pictures. Try again in some minutes.'),
    export: (accountId) =>
      exports(accountId, 'Your data can be downloaded three times a day. Try again later.'),
    comment: (accountId) => comments(accountId, 'That is a lot of comments within an hour. Try again later.'),
  };
}

function openLimit(redis: Redis | null, { name, points, seconds, alone }: Limit): Take {
  const windowMs = seconds * 1_000;
  const here = new RateLimiterMemory({
    keyPrefix: name,
    points: redis ? Math.max(1, Math.floor(points * alone)) : points,
    duration: seconds,
  });
  return async (key, message) => {
    const counted = redis && (await whereServed(() => countOnce(redis, name, key, windowMs)));
    if (!counted) return takeHere(here, key, message);
    if (counted.count > points) throw new Limited(counted.msLeft / 1_000, message);
  };
}

async function takeHere(limiter: RateLimiterMemory, key: string, message: string): Promise<void> {
  try {
    await limiter.consume(key);
  } catch (refusal) {
    if (refusal instanceof RateLimiterRes) throw new Limited(refusal.msBeforeNext / 1_000, message);
    throw refusal;
  }
}

/** An IPv6 client owns a whole /64, so that counts as one. */
function addressOf(request: FastifyRequest): string {
  const ip = request.ip.replace(/^::ffff:(?=\d+\.)/, '');
  if (!isIPv6(ip)) return ip;
  const [head = '', tail] = ip.split('::');
  const left = head.split(':').filter(Boolean);
  const right = (tail ?? '').split(':').filter(Boolean);
  const zeros = tail === undefined ? [] : Array.from({ length: 8 - left.length - right.length }, () => '0');
  return [...left, ...zeros, ...right].slice(0, 4).join(':');
}
