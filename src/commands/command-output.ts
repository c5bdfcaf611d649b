/** Where a command writes: whole lines, without the line feed. */
export interface CommandOutput {
  /** The answer. */
  out(line: string): void;
  /** What went wrong, and what to do. */
  err(line: string): void;
}

/** stdout and stderr of this process. */
export const processOutput: CommandOutput = {
  out: (line) => void process.stdout.write(`${line}\n`),
  err: (line) => void process.stderr.write(`${line}\n`),
};

/** A table for people: columns as wide as their widest cell. */
export function tableLines(header: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = header.map((name, at) =>
    Math.max(name.length, ...rows.map((row) => (row[at] ?? '').length)),
  );
  return [header, ...rows].map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
