/** The alerts and recorded names of prometheus/rules, read from their YAML as this project writes it. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const prometheusFolder = join(import.meta.dirname, '..', '..', 'prometheus');

export interface Rule {
  readonly kind: 'alert' | 'record';
  readonly name: string;
  /** The file's name within prometheus/rules. */
  readonly file: string;
  readonly expression: string;
  readonly severity: string | null;
  readonly runbookUrl: string | null;
  /** The rule as it stands in its file. */
  readonly text: string;
}

/** Every rule, in the order of the files. */
export function readRules(): Rule[] {
  const folder = join(prometheusFolder, 'rules');
  return readdirSync(folder)
    .sort()
    .flatMap((file) => rulesOf(file, readFileSync(join(folder, file), 'utf8')));
}

function rulesOf(file: string, yaml: string): Rule[] {
  const texts = yaml.match(/^ {6}- (?:alert|record): .*\n(?:(?: {8}.*)?\n)*/gm) ?? [];
  return texts.map((text) => {
    const [, kind, name] = /- (alert|record): (\S+)/.exec(text)!;
    const expression = expressionPattern.exec(text)?.[2];
    if (!expression) throw new Error(`${file}: ${name} has no expr`);
    return {
      kind: kind as Rule['kind'],
      name: name!,
      file,
      expression: expression.trim(),
      severity: /^ {10}severity: (\S+)$/m.exec(text)?.[1] ?? null,
      runbookUrl: /^ {10}runbook_url: ["'](.*)["']$/m.exec(text)?.[1] ?? null,
      text,
    };
  });
}

const expressionPattern = /^( {8}expr: )((?:\|\n(?: {10}.*\n)+)|.*\n)/m;

/** The YAML with the expression of every alert replaced. */
export function withAlertExpressions(yaml: string, expression: string): string {
  return yaml.replace(/^ {6}- alert: .*\n(?:(?: {8}.*)?\n)*/gm, (text) =>
    text.replace(expressionPattern, (_, key) => `${key}${expression}\n`),
  );
}
