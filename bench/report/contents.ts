/** What a report says, in order: headings, texts, tables and plots, told once and written as Markdown and HTML. */

import type { Chart } from './charts.ts';

export interface Column {
  readonly name: string;
  readonly numeric: boolean;
}

export type Block =
  | { readonly kind: 'heading'; readonly level: 1 | 2 | 3; readonly text: string }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'list'; readonly items: readonly string[] }
  | { readonly kind: 'code'; readonly text: string }
  | {
      readonly kind: 'table';
      readonly columns: readonly Column[];
      readonly rows: readonly (readonly string[])[];
    }
  | { readonly kind: 'plot'; readonly chart: Chart };

export function heading(level: 1 | 2 | 3, text: string): Block {
  return { kind: 'heading', level, text };
}

/** `text` is plain, with code between backticks. */
export function paragraph(text: string): Block {
  return { kind: 'text', text };
}

/** A column whose name begins with # holds figures. */
export function table(names: readonly string[], rows: readonly (readonly string[])[]): Block {
  const columns = names.map((name) => ({ name: name.replace(/^#/, ''), numeric: name.startsWith('#') }));
  return { kind: 'table', columns, rows };
}

/** None where there is nothing to draw: a table beside it says what is missing. */
export function plots(...charts: readonly (Chart | null)[]): Block[] {
  return charts.filter((chart) => chart !== null).map((chart) => ({ kind: 'plot', chart }));
}
