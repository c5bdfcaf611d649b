/** The log in memory that tests of the writer use is held to the contract of the real ones. */

import { holdToLogContract } from '../support/log-contract.ts';
import { createMemoryLog } from '../support/memory-log.ts';

holdToLogContract({
  name: 'the log in memory',
  partitionsEnd: true,
  async createLog() {
    const log = createMemoryLog();
    return {
      createAppender: () => log.appender(),
      createReader: () => log.reader(),
      remove: async () => {},
    };
  },
});
