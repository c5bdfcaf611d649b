import assert from 'node:assert/strict';
import { test } from 'node:test';
import kafkajs from 'kafkajs';
import { topicOffsets } from '../../bench/topic-offsets.ts';

const offsets = [{ partition: 0, offset: '3', high: '3', low: '0' }];

/** Answers with each of these in turn. A real broker says so in a moment that nobody can hold. */
function adminThat(answers: readonly (Error | typeof offsets)[]) {
  let asked = 0;
  return {
    asked: () => asked,
    async fetchTopicOffsets() {
      const answer = answers[asked++]!;
      if (answer instanceof Error) throw answer;
      return answer;
    },
  };
}

test('a broker that does not lead a new partition yet is asked again', async () => {
  const notLeader = new kafkajs.KafkaJSError('not the leader', { retriable: true });
  const admin = adminThat([notLeader, notLeader, offsets]);
  assert.deepEqual(await topicOffsets(admin, 'topic'), offsets);
  assert.equal(admin.asked(), 3);
});

test('what no waiting mends is told at once', async () => {
  for (const error of [new kafkajs.KafkaJSError('refused', { retriable: false }), new Error('a mistake')]) {
    const admin = adminThat([error, offsets]);
    await assert.rejects(topicOffsets(admin, 'topic'), error);
    assert.equal(admin.asked(), 1);
  }
});
