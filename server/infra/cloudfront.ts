/** Permission to fetch private photos from CloudFront, which checks it without asking us. */
import { createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { getSignedCookies } from '@aws-sdk/cloudfront-signer';
import { LRUCache } from 'lru-cache';
import { ConfigFault } from '../config.ts';

export type CloudFront = {
  /** What to put behind the address of any file below `folder` (a key), good until then: `?Policy=…&Signature=…&Key-Pair-Id=…`. */
  permission(folder: string, expiresMs: number): string;
};

/** An RSA signature takes half a millisecond; one is enough for a folder for as long as it lasts. */
const MAX_KNOWN = 10_000;

/**
 * `baseUrl` is the distribution's, without a slash at the end; the key file holds the PEM of the private key. Throws a
 * ConfigFault that says what is wrong with the key.
 */
export function openCloudFront(baseUrl: string, keyPairId: string, keyFile: string): CloudFront {
  const privateKey = readPrivateKey(keyFile);
  const known = new LRUCache<string, string>({ max: MAX_KNOWN });
  return {
    permission(folder, expiresMs) {
      const key = `${folder} ${expiresMs}`;
      const before = known.get(key);
      if (before) return before;
      const made = sign(privateKey, keyPairId, `${baseUrl}/${folder}/*`, expiresMs);
      known.set(key, made);
      return made;
    },
  };
}

function sign(privateKey: string, keyPairId: string, resource: string, expiresMs: number): string {
  const condition = { DateLessThan: { 'AWS:EpochTime': Math.floor(expiresMs / 1_000) } };
  const policy = JSON.stringify({ Statement: [{ Resource: resource, Condition: condition }] });
  // The three values are the same, whether they are sent as cookies or as a query.
  const signed = getSignedCookies({ policy, keyPairId, privateKey });
  // Not URLSearchParams, which escapes the ~ that stands for a / here; CloudFront's own addresses have it bare.
  return `?Policy=${signed['CloudFront-Policy']}&Signature=${signed['CloudFront-Signature']}&Key-Pair-Id=${encodeURIComponent(keyPairId)}`;
}

function readPrivateKey(file: string): string {
  const fault = (sentence: string) => new ConfigFault(`PINHOLE_CLOUDFRONT_KEY_FILE: ${file} ${sentence}.`);
  const pem = attempt(
    () => readFileSync(file, 'utf8'),
    (code) => fault(`cannot be read (${code})`),
  );
  if (/\bENCRYPTED\b/.test(pem))
    throw fault('is locked with a passphrase. Write it without one: openssl pkey -in FILE -out FILE2');
  const { asymmetricKeyType: type } = attempt(
    () => createPrivateKey(pem),
    () => fault('is not a private key in PEM form (-----BEGIN PRIVATE KEY-----)'),
  );
  if (type !== 'rsa' && type !== 'ec')
    throw fault(`holds a key of type ${type}; CloudFront takes RSA of 2048 bits, or ECDSA P-256`);
  return pem;
}

function attempt<Result>(work: () => Result, faultOf: (code: unknown) => ConfigFault): Result {
  try {
    return work();
  } catch (error) {
    throw faultOf((error as { code?: unknown }).code);
  }
}
