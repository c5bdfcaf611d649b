/**
 * Faults put back on purpose, one at a time: test/simulation holds that the schedules find each of them. A text that is
 * not in its file exactly once is an error, so a mutation cannot fall asleep when the product changes.
 */

export interface Mutation {
  readonly name: string;
  /** What the product then does wrong. */
  readonly undoes: string;
  readonly edits: readonly {
    /** Below src/. */
    readonly file: string;
    /** Must stand there exactly once. */
    readonly from: string;
    readonly to: string;
  }[];
}

/** The product's text has changed: say anew what the mutation replaces. */
export class MutationMismatchError extends Error {
  override readonly name = 'MutationMismatchError';
  constructor(mutation: string, file: string, from: string) {
    super(
      `mutation "${mutation}" wants to replace this in src/${file}, which does not hold it exactly once:\n${from}`,
    );
  }
}

/** The text of a file below src/ as the mutation has it. @throws MutationMismatchError */
export function mutated({ name, edits }: Mutation, file: string, source: string): string {
  let text = source;
  for (const edit of edits) {
    if (edit.file !== file) continue;
    if (text.split(edit.from).length !== 2) throw new MutationMismatchError(name, file, edit.from);
    text = text.replace(edit.from, () => edit.to);
  }
  return text;
}

export const mutations: readonly Mutation[] = [
  {
    name: 'empty-answer',
    undoes: 'a Kafka send that was answered with nothing counts as acknowledged',
    edits: [
      {
        file: 'log/kafka/appender.ts',
        from: 'const offset = acknowledgedOffset(results, to.topic.name, partition);\n    offsets.acknowledged(partition, floor, offset);',
        to: 'if (results.length > 0) offsets.acknowledged(partition, floor, acknowledgedOffset(results, to.topic.name, partition));',
      },
    ],
  },
  {
    name: 'unknown-is-acknowledged',
    undoes: 'a Kafka send that failed counts as acknowledged',
    edits: [
      {
        file: 'log/kafka/appender.ts',
        from: '        sendFailed(current, partition, error);',
        to: "        sendFailed(current, partition, error);\n        return 'kafka';",
      },
    ],
  },
  {
    name: 'same-log-unasked',
    undoes: 'a Kafka reader that runs never looks whether it still reads the same log',
    edits: [
      {
        file: 'log/kafka/partition.ts',
        from: '    if (lineage && this.#lineage) return isSameLineage(lineage, this.#lineage);\n    const isToCompare = this.#interrupted && this.#last !== null && this.#proof === null;\n    return lineage === this.#lineage && !isToCompare;',
        to: '    return this.#proof === null || lineage === null || lineage !== null;',
      },
    ],
  },
  {
    name: 'stored-mark-trusted',
    undoes: "the relay begins where the log's own mark is, whatever database is there now",
    edits: [
      {
        file: 'relay/partition-relay.ts',
        from: 'const stored = mayBeStored ? await options.storedBefore() : null;',
        to: 'const stored = mayBeStored ? partition.mark : null;',
      },
    ],
  },
  {
    name: 'relay-marks-early',
    undoes: 'the relay marks records as sent that Kafka has not acknowledged',
    edits: [
      {
        file: 'relay/partition-relay.ts',
        from: 'await Promise.all(records.slice(first, first + inFlightMax).map(appendForever));',
        to: 'for (const each of records.slice(first, first + inFlightMax)) appendForever(each).catch(() => {});',
      },
    ],
  },
  {
    name: 'version-before-crc',
    undoes: "a foreign message's version is believed before its CRC is checked",
    edits: [
      {
        file: 'log/kafka/record-headers.ts',
        from: '  if (fields.some((field) => field === null || /[\\t\\n]/.test(field))) return null;',
        // biome-ignore lint/suspicious/noTemplateCurlyInString: source text
        to: "  if (Number(fields[0]) > 1) decodePayload(Buffer.from(`${magic}${fields[0]}\\n`, 'latin1'), position);\n  if (fields.some((field) => field === null || /[\\t\\n]/.test(field))) return null;",
      },
    ],
  },
  {
    name: 'bad-session-kept',
    undoes: 'a session keeps a bad setting for ever',
    edits: [
      {
        file: 'store/sessions.ts',
        from: 'if (session && error instanceof pg.DatabaseError && mayBeItsOwn(session, error)) session.giveUp();',
        to: "if (session && error instanceof pg.DatabaseError && mayBeItsOwn(session, error) && error.code === '42P01') session.giveUp();",
      },
    ],
  },
  {
    name: 'acceptance-skips',
    undoes: 'a gap that was accepted is passed over although its records came back',
    edits: [
      {
        file: 'store/gaps.ts',
        from: '    [gap.id, by, next],\n  );\n',
        to: "    [gap.id, by, next],\n  );\n  const { source, partition } = gap as StoredGap;\n  await client.query('insert into log_positions as p (source, partition, position, last_crc) values ($1, $2, $3, null) on conflict (source, partition) do update set position = $3, last_crc = null, updated_at = now() where p.position <= $4', [source, partition, next, gap.fromPosition]);\n",
      },
    ],
  },
  {
    name: 'month-name-taken',
    undoes: 'a month that was detached without being renamed blocks the whole log',
    edits: [
      {
        file: 'store/months.ts',
        // biome-ignore lint/suspicious/noTemplateCurlyInString: source text
        from: 'const names = [own, ...[2, 3, 4, 5, 6, 7, 8, 9].map((n) => `${own}_${n}`)];',
        to: 'const names = [own];',
      },
    ],
  },
  {
    name: 'acknowledged-before-sync',
    undoes: 'a local append is acknowledged before it is on disk',
    edits: [
      {
        file: 'log/local/durable-files.ts',
        from: 'constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_DSYNC',
        to: 'constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL',
      },
    ],
  },
  {
    name: 'segment-name-not-synced',
    undoes: 'a segment is used before its name is durable',
    edits: [
      {
        file: 'log/local/segment-writer.ts',
        from: '    await files.rename(making, path);\n    await files.syncFolder(folder);',
        to: '    await files.rename(making, path);',
      },
    ],
  },
  {
    name: 'acknowledged-at-once',
    undoes: 'a request is answered when its append begins',
    edits: [
      {
        file: 'front/group-commit.ts',
        from: "appender.append(header, Buffer.from(texts.join(''), 'utf8')).then(",
        to: "const begun = appender.append(header, Buffer.from(texts.join(''), 'utf8'));\n    begun.catch(() => {});\n    Promise.resolve('local' as LogKind).then(",
      },
    ],
  },
  {
    name: 'position-outside',
    undoes: "the position moves in a transaction of its own, before the rows'",
    edits: [
      {
        file: 'store/store-batch.ts',
        from: 'throw new OvertakenError();',
        to: "throw new OvertakenError();\n    await client.query('commit; begin');",
      },
    ],
  },
  {
    name: 'trimmed-before-commit',
    undoes: 'the log lets go of records before they are stored',
    edits: [
      {
        file: 'log/local/retained-partition.ts',
        from: 'if (end === null || end > this.#marked!) break;',
        to: 'if (end === null) break;',
      },
    ],
  },
  {
    name: 'living-taken-for-dead',
    undoes: "a living front's partition is taken for ended",
    edits: [
      {
        file: 'log/local/partition-reader.ts',
        from: 'if (!this.#isDead && !this.#probe.isHeld()) {',
        to: 'if (!this.#isDead) {',
      },
    ],
  },
  {
    name: 'damage-passed-over',
    undoes: 'records that are damaged are passed over without a gap',
    edits: [
      {
        file: 'log/local/partition-reader.ts',
        from: '      if (isDead || !(error instanceof LogGapError)) throw error;',
        to: "      if (error instanceof LogGapError && error.toPosition !== null && error.reason === 'damaged') return { next: error.toPosition };\n      if (isDead || !(error instanceof LogGapError)) throw error;",
      },
    ],
  },
];
