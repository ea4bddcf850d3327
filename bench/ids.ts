/** IDs at full speed: next_id of one logical shard, in bulk on several connections; all are kept and compared. */
import pg from 'pg';
import { step } from './people.ts';
import { type Bench, type Figures, findSocket, type Scenario, startSystem, type Wish } from './system.ts';

const CONNECTIONS = 8;
const BATCH = 10_000;
const IDS_MAX = 4_000_000;
const SECONDS = 5;
const LOGICAL_SHARD = 7;
const ID_BYTES = 8;

export const ids: Scenario = {
  name: 'ids',
  about: `next_id on ${CONNECTIONS} connections at full speed; all IDs are compared`,
  measure,
};

async function measure(bench: Bench, wish: Wish): Promise<Figures> {
  const system = await startSystem(bench);
  const socket = await findSocket(system);
  const clients = Array.from(
    { length: CONNECTIONS },
    () => new pg.Client({ ...socket, database: 'pinhole_shard', application_name: 'bench' }),
  );
  const all = new BigUint64Array(IDS_MAX);
  let count = 0;
  const startMs = performance.now();
  const endMs = startMs + (wish.seconds ?? SECONDS) * 1_000;
  const draw = async (client: pg.Client) => {
    await client.connect();
    while (performance.now() < endMs && count + CONNECTIONS * BATCH <= IDS_MAX) {
      const bytes = await drawBatch(client);
      all.set(new BigUint64Array(bytes.buffer, bytes.byteOffset, BATCH), count);
      count += BATCH;
    }
  };
  try {
    await step('drawing', Promise.all(clients.map(draw)));
  } finally {
    await Promise.all(clients.map((client) => client.end()));
  }
  const elapsedMs = performance.now() - startMs;
  return {
    idsPerSecond: (count * 1_000) / elapsedMs,
    duplicates: countDuplicates(all.subarray(0, count)),
    idsCompared: count,
  };
}

/** IDs as bytes in this machine's order: a tenth of the work of reading digits. */
async function drawBatch(client: pg.Client): Promise<Buffer> {
  const { rows } = await client.query({
    name: 'draw',
    text: "select string_agg(int8send(next_id($1)), '') as ids from generate_series(1, $2)",
    values: [LOGICAL_SHARD, BATCH],
  });
  const bytes = Buffer.alloc(BATCH * ID_BYTES, rows[0].ids);
  return bytes.swap64();
}

function countDuplicates(drawn: BigUint64Array): number {
  drawn.sort();
  let duplicates = 0;
  for (let at = 1; at < drawn.length; at++) if (drawn[at] === drawn[at - 1]) duplicates++;
  return duplicates;
}
