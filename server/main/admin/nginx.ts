/** ./pinhole nginx: the configuration of an nginx in front of this Pinhole, which serves the photos from the disk. */
import { isIPv6 } from 'node:net';
import { userInfo } from 'node:os';
import path from 'node:path';
import { limits } from '../../../core/limits.ts';
import { type Config, readConfig } from '../../config.ts';
import { findRunningPostgres } from '../../infra/postgres-attach.ts';
import { OperatorFault } from '../progress.ts';
import { withApp } from './with-app.ts';

type Site = Pick<
  Config,
  'host' | 'port' | 'proxies' | 'publicUrl' | 'mediaUrl' | 'purgeUrl' | 'dataDir' | 's3'
>;

const UPLOAD_MB = limits.uploadMaxBytes / 1_048_576 + 1;
/** The end of a photo's address, as addresses.ts makes it: nothing else of the data folder has such a path. */
const PHOTO = '[0-9][0-9]/[0-9]{1,19}/[0-9]{1,19}/[0-9a-f]{32}/[a-z0-9]{1,10}\\.jpg';

export async function run(args: string[]): Promise<void> {
  if (args.length > 0) throw new OperatorFault('Usage: ./pinhole nginx');
  const { databaseUrl, dataDir } = readConfig(process.env);
  // What is printed goes into a file: lines about the start of a database would spoil it.
  if (databaseUrl === '' && !(await findRunningPostgres(path.join(dataDir, 'postgres'))))
    throw new OperatorFault('Start Pinhole first (./pinhole up): its secret is in its database.');
  const text = await withApp({ works: false }, async ({ linkSecret }, config) =>
    nginxSite(config, linkSecret),
  );
  process.stdout.write(text);
}

/** A file for nginx's sites-enabled. Throws an OperatorFault for settings that nginx cannot be told. */
export function nginxSite(site: Site, linkSecret: string): string {
  const names = [
    ...new Set([site.publicUrl, site.mediaUrl].filter(Boolean).map((url) => new URL(url).hostname)),
  ];
  const serverName = names.join(' ') || '_';
  return `${instructions(site)}
upstream pinhole {
  server ${upstreamAddress(site)};
  # Closed by nginx after 60 idle seconds, before Pinhole would, after 72.
  keepalive 32;
}

server {
  listen 80;
  listen [::]:80;
  # With TLS, these instead of the two above, and the second server at the end of this file:
  # listen 443 ssl http2;
  # listen [::]:443 ssl http2;
  # ssl_certificate     /etc/letsencrypt/live/${names[0] ?? 'photos.example.org'}/fullchain.pem;
  # ssl_certificate_key /etc/letsencrypt/live/${names[0] ?? 'photos.example.org'}/privkey.pem;
  # ssl_protocols TLSv1.2 TLSv1.3;
  # ssl_session_cache shared:pinhole:10m;
  server_name ${serverName};
  server_tokens off;

  client_header_timeout 15s;
  client_body_timeout 60s;
  send_timeout 60s;
  keepalive_timeout 65s;
  client_max_body_size 1m;

  # Text only: photos are compressed as they are.
  gzip on;
  gzip_vary on;
  gzip_proxied any;
  gzip_min_length 1024;
  gzip_types text/plain text/css text/javascript application/javascript application/json image/svg+xml;

${proxySettings(site)}
  location / {
    proxy_pass http://pinhole;
  }

  # Live events are passed on as they come in. Pinhole sends a beat every 20 s.
  location = /api/v1/live {
    proxy_buffering off;
    proxy_cache off;
    proxy_read_timeout 1h;
    proxy_pass http://pinhole;
  }

  # Uploads are passed on as they come in: Pinhole itself puts them on the disk.
  location ^~ /api/v1/uploads/ {
    client_max_body_size ${UPLOAD_MB}m;
    proxy_request_buffering off;
    proxy_pass http://pinhole;
  }
${site.s3 ? bucketNote() : photoLocations(site, linkSecret)}}

# server {
#   listen 80;
#   listen [::]:80;
#   server_name ${serverName};
#   server_tokens off;
#   return 301 https://$host$request_uri;
# }
`;
}

function instructions({ proxies, dataDir, s3 }: Site): string {
  const rights = `#
#  - The workers of nginx must be able to read the photos. Let them run as Pinhole's user, by this line at the top of
#    /etc/nginx/nginx.conf:
#      user ${userInfo().username};
#    or put nginx's user into Pinhole's group, and let the group enter the data folder and photos in it (chmod g+x).
#    Photos that they cannot read come from Pinhole, slower, each with "Permission denied" in nginx's error log.
`;
  const unset = `#
#  - PINHOLE_PROXIES is 0. START PINHOLE WITH PINHOLE_PROXIES=1, and make this file anew: else all members have the
#    address of nginx, and one who guesses passwords locks out everybody.
`;
  const secret = `#  - It holds a secret, with which anybody could see all private photos: nobody but root may read it.
`;
  return `# nginx in front of Pinhole, made by "./pinhole nginx". How to use it:
#
${s3 ? '' : secret}#      ./pinhole nginx | sudo install -m 600 /dev/stdin /etc/nginx/sites-available/pinhole
#      sudo ln -s ../sites-available/pinhole /etc/nginx/sites-enabled/pinhole
#      sudo rm -f /etc/nginx/sites-enabled/default
#      sudo nginx -t && sudo systemctl reload nginx
${s3 ? '' : rights}${proxies === 0 ? unset : ''}#
#  - Make it anew after a change of PINHOLE_HOST, _PORT, _PROXIES, _PUBLIC_URL, _MEDIA_URL, _PURGE_URL, _S3 or _DATA
#    (${dataDir.replace(/[\r\n]/g, ' ')}). See docs/photos.md.
`;
}

function upstreamAddress({ host, port }: Site): string {
  if (port === 0)
    throw new OperatorFault('PINHOLE_PORT is 0, a free one each time. Set one that nginx can know.');
  const reached = { '0.0.0.0': '127.0.0.1', '::': '::1' }[host] ?? host;
  return `${isIPv6(reached) ? `[${reached}]` : reached}:${port}`;
}

function proxySettings({ proxies }: Site): string {
  const [why, addresses] =
    proxies > 1
      ? [
          `PINHOLE_PROXIES is ${proxies}: what stands before nginx has named the client.`,
          '$proxy_add_x_forwarded_for',
        ]
      : ['Nothing stands before nginx: what a client says of its address does not count.', '$remote_addr'];
  return `  proxy_http_version 1.1;
  proxy_set_header Connection "";
  proxy_set_header Host $http_host;
  # ${why}
  proxy_set_header X-Forwarded-For ${addresses};
  proxy_connect_timeout 5s;
  proxy_send_timeout 130s;
  # Pinhole gives a request 120 s.
  proxy_read_timeout 130s;
`;
}

function bucketNote(): string {
  return `
  # The photos lie in a bucket (PINHOLE_S3): Pinhole fetches them from there, unless PINHOLE_MEDIA_URL names a CDN.
`;
}

/**
 * Only what has the very shape of a photo's address comes from the disk. What is not there may be on its way to the
 * other shelf, and what cannot be read is worth another try: Pinhole is asked for both.
 */
function photoLocations(site: Site, linkSecret: string): string {
  const base = mediaBase(site);
  const folder = path.join(site.dataDir, 'photos');
  if (/["$\\\r\n]/.test(folder))
    throw new OperatorFault(
      `nginx cannot be told of a folder with " $ \\ or a line break in its name: ${folder}`,
    );
  const sharedSeconds = site.purgeUrl ? 31_536_000 : 600;
  const fromDisk = (cacheControl: string) => `
    root "${folder}";
    try_files /$photo @pinhole;
    error_page 403 = @pinhole;
    types { }
    default_type image/jpeg;
    add_header Cache-Control "${cacheControl}";
    add_header Content-Security-Policy "default-src 'none'; sandbox";
    add_header Cross-Origin-Resource-Policy same-site;
    add_header X-Content-Type-Options nosniff;`;
  return `
  # Photos of public accounts. Their addresses cannot be guessed, and what one shows never changes.
  location ~ "^${base}/(?<photo>public/${PHOTO})$" {${fromDisk(`public, max-age=31536000, s-maxage=${sharedSeconds}, immutable`)}
  }

  # Those of private accounts: with a signature of Pinhole's, until it expires (5 to 10 minutes).
  location ~ "^${base}/(?<photo>private/${PHOTO})$" {
    secure_link $arg_s,$arg_e;
    secure_link_md5 "${linkSecret}$secure_link_expires$uri ${linkSecret}";
    # Missing, wrong or expired: as if there were no such photo.
    if ($secure_link != "1") {
      return 404;
    }
${fromDisk('private, max-age=300').slice(1)}
  }

  location @pinhole {${base === '/media' ? '' : `\n    rewrite "^${base}/(.*)$" /media/$1 break;`}
    proxy_pass http://pinhole;
  }
`;
}

/** The path before /public and /private in the addresses of photos, with its dots escaped for nginx. */
function mediaBase({ mediaUrl }: Site): string {
  if (!mediaUrl) return '/media';
  const { pathname, search, hash } = new URL(mediaUrl);
  if (!/^[A-Za-z0-9/._~-]*$/.test(pathname) || search || hash)
    throw new OperatorFault(
      `nginx can serve photos below a plain path, which PINHOLE_MEDIA_URL has not: ${mediaUrl}`,
    );
  return pathname.replace(/\/$/, '').replaceAll('.', '\\.');
}
