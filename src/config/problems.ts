/** The configuration is wrong. Holds every problem that was found, not only the first. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  /** One sentence a problem, each beginning with the setting's name; none holds a value. */
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(`${problems.length} configuration problem${problems.length === 1 ? '' : 's'}`);
    this.problems = problems;
  }

  /** For a person, on stderr. */
  get text(): string {
    return [
      `usage-ingest: ${this.message}:`,
      ...this.problems.map((problem) => `  - ${problem}`),
      'Every setting, with its default and bounds: usage-ingest --help',
      '',
    ].join('\n');
  }
}
