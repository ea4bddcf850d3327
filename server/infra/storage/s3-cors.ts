/** Browsers send photos straight to a bucket only if its CORS rules let our pages. */
import { type CORSRule, GetBucketCorsCommand, PutBucketCorsCommand, type S3Client } from '@aws-sdk/client-s3';

/**
 * Adds a rule for our pages if none is there; others stay. False where we may neither read nor write the rules: photos
 * then come in through us.
 */
export async function allowForms(client: S3Client, bucket: string, origin: string): Promise<boolean> {
  try {
    const rules = await readRules(client, bucket);
    if (rules.some((rule) => allows(rule, origin))) return true;
    const ours = {
      AllowedOrigins: [origin],
      AllowedMethods: ['POST'],
      AllowedHeaders: ['*'],
      MaxAgeSeconds: 3_600,
    };
    await client.send(
      new PutBucketCorsCommand({ Bucket: bucket, CORSConfiguration: { CORSRules: [...rules, ours] } }),
    );
    return true;
  } catch {
    return false;
  }
}

async function readRules(client: S3Client, bucket: string): Promise<CORSRule[]> {
  try {
    return (await client.send(new GetBucketCorsCommand({ Bucket: bucket }))).CORSRules ?? [];
  } catch (error) {
    if (error instanceof Error && error.name === 'NoSuchCORSConfiguration') return [];
    throw error;
  }
}

function allows({ AllowedOrigins = [], AllowedMethods = [] }: CORSRule, origin: string): boolean {
  return AllowedMethods.includes('POST') && AllowedOrigins.some((each) => each === '*' || each === origin);
}
