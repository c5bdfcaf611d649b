/** The configuration is wrong. Holds every problem that was found, not only the first. */
export class ConfigError extends Error {
  override readonly name: string = 'ConfigError';
  /** One sentence a problem, each beginning with the setting's name; none holds a value. */
  readonly problems: readonly string[];
  constructor(problems: readonly string[], options?: ErrorOptions) {
    super(headOf(problems), options);
    this.problems = problems;
  }

  /** For a person, on stderr. */
  get text(): string {
    return [
      `usage-ingest: ${headOf(this.problems)}:`,
      ...this.problems.map((problem) => `  - ${problem}`),
      'Every setting, with its default and bounds: usage-ingest --help',
      '',
    ].join('\n');
  }
}

function headOf(problems: readonly string[]): string {
  return `${problems.length} configuration problem${problems.length === 1 ? '' : 's'}`;
}
