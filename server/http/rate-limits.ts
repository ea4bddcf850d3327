/** How often what may be asked. Counted in this process. */
import { isIPv6 } from 'node:net';
import type { FastifyRequest } from 'fastify';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import type { Config } from '../config.ts';
import { Limited } from '../errors.ts';
import { foldLogin } from '../features/accounts/sessions.ts';

export type RateLimits = {
  /** Throws Limited. Per login and address, so that a stranger cannot lock the owner out; and per address. */
  signIn(request: FastifyRequest, login: string): Promise<void>;
  signUp(request: FastifyRequest): Promise<void>;
  /** Mails that anybody can have sent to an address. */
  mail(request: FastifyRequest, email: string): Promise<void>;
  post(accountId: string): Promise<void>;
  comment(accountId: string): Promise<void>;
  /** Tickets, each for the bytes of one photo. */
  upload(accountId: string): Promise<void>;
  /** Photos made anew, and proofs: each costs as much as a new one. */
  edit(accountId: string): Promise<void>;
};

const MINUTES = 60;

export function openRateLimits(config: Config): RateLimits {
  const signInByLogin = limiter('sign-in login', 10, 15 * MINUTES);
  const signInByAddress = limiter('sign-in address', 100, 15 * MINUTES);
  const signUp = limiter('sign-up', config.signUpsPerHour, 60 * MINUTES);
  const mailByAddress = limiter('mail address', 20, 60 * MINUTES);
  const mailByReceiver = limiter('mail receiver', 5, 60 * MINUTES);
  const posts = limiter('post', config.postsPerHour, 60 * MINUTES);
  const edits = limiter('edit', 120, 10 * MINUTES);
  const uploads = limiter('upload', config.postsPerHour * 20, 60 * MINUTES);
  const comments = limiter('comment', config.postsPerHour * 10, 60 * MINUTES);
  return {
    async signIn(request, login) {
      const address = addressOf(request);
      await take(signInByAddress, address, 'Too many tries to sign in from your address. Try again later.');
      await take(
        signInByLogin,
        `${address} ${foldLogin(login)}`,
        'Too many tries to sign in. Try again later, or reset the password.',
      );
    },
    signUp: (request) =>
      take(signUp, addressOf(request), 'Too many sign-ups from your address. Try again later.'),
    async mail(request, email) {
      await take(
        mailByAddress,
        addressOf(request),
        'Too many mails were asked for from your address. Try again later.',
      );
      await take(mailByReceiver, email.toLowerCase(), 'Too many mails were asked for. Try again later.');
    },
    post: (accountId) => take(posts, accountId, 'That is a lot of posts within an hour. Try again later.'),
    upload: (accountId) =>
      take(uploads, accountId, 'That is a lot of uploads within an hour. Try again later.'),
    edit: (accountId) => take(edits, accountId, 'That is a lot of edits. Try again in some minutes.'),
    comment: (accountId) =>
      take(comments, accountId, 'That is a lot of comments within an hour. Try again later.'),
  };
}

function limiter(name: string, points: number, seconds: number): RateLimiterMemory {
  return new RateLimiterMemory({ keyPrefix: name, points, duration: seconds });
}

async function take(limit: RateLimiterMemory, key: string, message: string): Promise<void> {
  try {
    await limit.consume(key);
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
