/** Where a topic's partitions end, also of one that was made a moment ago. */

import kafkajs, { type Admin } from 'kafkajs';

type Offsets = Awaited<ReturnType<Admin['fetchTopicOffsets']>>;

/** Far longer than a broker takes to know what it leads. */
const askedMsMax = 10_000;
const againMs = 50;

/**
 * A broker that is told to be a new partition's leader may say for a moment that it is not; kafkajs' admin asks once.
 * @throws what kafkajs says, where that is no matter of time
 */
export async function topicOffsets(admin: Pick<Admin, 'fetchTopicOffsets'>, topic: string): Promise<Offsets> {
  const deadline = performance.now() + askedMsMax;
  for (;;) {
    try {
      return await admin.fetchTopicOffsets(topic);
    } catch (error) {
      const passes = error instanceof kafkajs.KafkaJSError && error.retriable;
      if (!passes || performance.now() > deadline) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, againMs));
  }
}
