/**
 * What a broker's answer to a send proves. kafkajs' `send` resolves with what brokers answered, which is an empty list
 * where its metadata lacks the partition: nothing was sent, and there is no error. So an acknowledgement is what says
 * so in full, and anything else leaves the record's fate unknown.
 */

/** One answer, as kafkajs' `send` gives it. */
export interface SendResult {
  readonly topicName: string;
  readonly partition: number;
  readonly errorCode: number;
  readonly baseOffset?: string;
}

/** The answer does not say that the record is in the partition it was for. */
export class NotAcknowledgedError extends Error {
  override readonly name = 'NotAcknowledgedError';
}

/** The partition gave an offset that it had given before: what it acknowledged then, it may not hold any more. */
export class LogMadeAnewError extends Error {
  override readonly name = 'LogMadeAnewError';
}

/**
 * Where the record is: exactly one answer, of its own partition, without an error, with an offset.
 * @throws NotAcknowledgedError for anything else
 */
export function acknowledgedOffset(results: readonly SendResult[], topic: string, partition: number): number {
  const [result] = results;
  if (results.length !== 1 || !result)
    throw new NotAcknowledgedError(`Kafka gave ${results.length} answers to one record`);
  if (result.topicName !== topic || result.partition !== partition)
    throw new NotAcknowledgedError(`Kafka answered for another partition than ${partition}`);
  if (result.errorCode !== 0) throw new NotAcknowledgedError(`Kafka answered with error ${result.errorCode}`);
  // A broker that does not know the offset says -1.
  if (!/^\d{1,15}$/.test(result.baseOffset ?? ''))
    throw new NotAcknowledgedError('Kafka answered without an offset');
  return Number(result.baseOffset);
}

/** The offsets that each partition acknowledged, held against each other. */
export interface OffsetOrder {
  /** Called when a send begins. @returns what its offset must be above */
  floor(partition: number): number;
  /** @throws LogMadeAnewError where the offset is not above its floor; from then on the new log's offsets count */
  acknowledged(partition: number, floor: number, offset: number): void;
}

/** Sends in flight together may be answered in any order: each is held against those answered before it began. */
export function createOffsetOrder(): OffsetOrder {
  const highest = new Map<number, number>();
  return {
    floor: (partition) => highest.get(partition) ?? -1,
    acknowledged(partition, floor, offset) {
      if (offset > floor) {
        highest.set(partition, Math.max(offset, highest.get(partition) ?? -1));
        return;
      }
      highest.set(partition, offset);
      throw new LogMadeAnewError(
        `partition ${partition} acknowledged offset ${offset} after ${floor}: its log was made anew or cut short`,
      );
    },
  };
}
