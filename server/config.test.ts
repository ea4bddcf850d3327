import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ConfigFault, parseS3Address, readConfig } from './config.ts';

test('the address of a bucket is read, with the secret as it is or encoded', () => {
  const address = {
    endpoint: 'https://s3.eu-west-1.amazonaws.com',
    bucket: 'my.photos',
    region: 'eu-west-1',
    accessKey: 'AKIA',
    secret: 'ab/c+d@e:f%',
  };
  for (const secret of ['ab/c+d@e:f%', encodeURIComponent('ab/c+d@e:f%')])
    assert.deepEqual(
      parseS3Address(`https://AKIA:${secret}@s3.eu-west-1.amazonaws.com/my.photos?region=eu-west-1`),
      address,
    );
  assert.deepEqual(parseS3Address('http://k:s@127.0.0.1:9000/photos/'), {
    endpoint: 'http://127.0.0.1:9000',
    bucket: 'photos',
    region: 'us-east-1',
    accessKey: 'k',
    secret: 's',
  });
  assert.equal(parseS3Address(''), null);
});

test('any secret comes out as it went in', () => {
  const address = (secret: string) => `https://key:${encodeURIComponent(secret)}@host/bucket`;
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), (secret) =>
      assert.equal(parseS3Address(address(secret))?.secret, secret),
    ),
  );
});

test('an address of a bucket that is wrong is named in a sentence that does not show the secret', () => {
  const wrong = [
    'https://key:hush@host',
    'https://key:hush@host/',
    'https://key:hush@host/one/two',
    'https://key:hush@host/b',
    'https://key:hush@host/bucket?regoin=eu',
    'https://key:hush@host/bucket?region=',
    'https://key:hush@host/bucket?region=EU WEST',
    'https://key:hush@host/bucket#part',
    'https://key:hush@host:port/bucket',
    'https://hush@host/bucket',
    'https://:hush@host/bucket',
    'https://host/bucket?hush',
    's3://key:hush@host/bucket',
    'hush',
  ];
  for (const PINHOLE_S3 of wrong)
    assert.throws(
      () => readConfig({ PINHOLE_S3 }),
      (error) =>
        error instanceof ConfigFault &&
        error.message.startsWith('PINHOLE_S3 m') &&
        !error.message.includes('hush'),
      PINHOLE_S3,
    );
});

test('a setting that may hold a password is not shown when it is wrong; others are', () => {
  const wrong = { PINHOLE_SMTP: 'http://me:hidden@host', PINHOLE_DATABASE: 'hidden', PINHOLE_PORT: 'abc' };
  assert.throws(
    () => readConfig(wrong),
    (error) => error instanceof ConfigFault && !/hidden/.test(error.message) && /"abc"/.test(error.message),
  );
});
