/** The Markdown that generated pages are made of. */

/** @param source what the page is generated from */
export function page(title: string, source: string, introduction: string, ...parts: string[]): string {
  const note = `<!-- Written by docs/generate.ts from ${source}; change that, then run "npm run docs". -->`;
  return `${[`# ${title}`, note, introduction, ...parts].join('\n\n')}\n`;
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
