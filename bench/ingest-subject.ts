/** Our own server as the runner drives it, with the local log or with Kafka. */

import { createIngestServer, type IngestServer } from './ingest-server.ts';
import type { BenchContext, CreateSubject } from './subject.ts';

export const ingestDurability = {
  local: 'on disk (O_DSYNC), then in Postgres exactly once',
  kafka: 'in Kafka (acks=-1), then in Postgres exactly once',
} as const;

export const createLocal: CreateSubject = () => ingestSubject('local', null);

export const createKafka: CreateSubject = ({ kafka }) => {
  if (kafka === null) throw new Error('kafka needs a Kafka');
  return ingestSubject('kafka', kafka);
};

function ingestSubject(name: 'local' | 'kafka', kafka: BenchContext['kafka']): ReturnType<CreateSubject> {
  let server: IngestServer | null = null;

  function started(): IngestServer {
    if (server === null) throw new Error(`${name} is not started`);
    return server;
  }

  return {
    name,
    durability: ingestDurability[name],
    async start() {
      server = await createIngestServer(kafka);
      return server.start();
    },
    stageRoots: () => started().stageRoots(),
    countRows: () => started().countRows(),
    settle: async (usages) => (await started().allStored(usages)).lastSeenAtMs,
    forget: () => started().forget(),
    observe: () => started().observe(),
    async stop() {
      await server?.stop();
    },
  };
}
