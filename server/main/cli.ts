/** ./pinhole VERB: finds the verb's file, loads only that, and says what is wrong in a sentence. */
import { ConfigFault } from '../config.ts';

type Verb = { about: string; load(): Promise<{ run(args: string[]): Promise<void> }> };

const verbs: Record<string, Verb> = {
  up: { about: 'Run Pinhole on this machine; the first run makes everything', load: () => import('./up.ts') },
  test: { about: 'Install what the tests need and run all of them', load: () => import('./admin/test.ts') },
  dev: {
    about: 'Run it while writing code: restarts and reloads by itself',
    load: () => import('./admin/dev.ts'),
  },
  migrate: { about: 'Bring the databases up to date, and stop', load: () => import('./admin/migrate.ts') },
  shard: {
    about: 'add NAME URL | list | move RANGE --to NAME | set NAME | rebalance: many PostgreSQL servers',
    load: () => import('./admin/shard.ts'),
  },
  check: {
    about: 'Compare mirrors, counters and photo files with their sources; --repair, --checksums',
    load: () => import('./admin/check.ts'),
  },
  rebuild: {
    about: 'map: make what Redis holds anew from PostgreSQL, while the network runs',
    load: () => import('./admin/rebuild.ts'),
  },
  jobs: {
    about: 'list: jobs that failed for good; replay: try them again',
    load: () => import('./admin/jobs.ts'),
  },
  store: {
    about: 'list: what the photo store holds; copy --to FOLDER|URL: into another',
    load: () => import('./admin/store.ts'),
  },
  pgbouncer: {
    about: '[SERVER]: print the configuration of a pgbouncer in front of a PostgreSQL server',
    load: () => import('./admin/pgbouncer.ts'),
  },
  nginx: {
    about: 'Print the configuration of an nginx in front, which serves the photos',
    load: () => import('./admin/nginx.ts'),
  },
  seed: {
    about: '--photos DIR [--accounts N]: fill a demo network through the API',
    load: () => import('./admin/seed.ts'),
  },
  bench: {
    about: '[NAME] [--seconds N] [--json FILE]: measure; without a name, list',
    load: () => import('../../bench/bench.ts'),
  },
  drill: {
    about: 'power-cut [--cuts N] [--json FILE]: whether a server loses what it acknowledged',
    load: () => import('./admin/drill.ts'),
  },
  filter: {
    about: 'NAME [--strength N] IN OUT.png: a filter on one photograph',
    load: () => import('./admin/filter.ts'),
  },
  'contact-sheet': {
    about: 'DIR OUT.jpg [--width N]: every filter on every photograph of a folder, as one picture',
    load: () => import('./admin/contact-sheet.ts'),
  },
  kernel: {
    about: "Compile the filters' inner loops anew, after a change to core/look/kernel.as",
    load: () => import('./admin/kernel.ts'),
  },
};

const [name = 'help', ...args] = process.argv.slice(2);
const verb = Object.hasOwn(verbs, name) ? verbs[name] : undefined;
if (!verb) {
  const isHelp = ['help', '--help', '-h'].includes(name);
  console.log(`${isHelp ? '' : `There is no "${name}".\n\n`}Usage: ./pinhole VERB\n`);
  for (const [each, { about }] of Object.entries(verbs)) console.log(`  ${each.padEnd(13)} ${about}`);
  console.log('\nSettings are environment variables: see docs/configuration.md.');
  process.exitCode = isHelp ? 0 : 2;
} else {
  try {
    await (await verb.load()).run(args);
  } catch (error) {
    const isExpected =
      error instanceof ConfigFault ||
      (error instanceof Error && 'isForOperator' in error) ||
      String((error as { code?: unknown }).code).startsWith('ERR_PARSE_ARGS');
    console.error(isExpected && error instanceof Error ? error.message : error);
    process.exit(1);
  }
}
