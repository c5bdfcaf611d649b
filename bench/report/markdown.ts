/** Writes a report's contents as Markdown. */

import type { Block } from './contents.ts';

/** `plotFile` gives the file of a plot; null where there is none, and the plot is then told in words alone. */
export function toMarkdown(blocks: readonly Block[], plotFile: (name: string) => string | null): string {
  return `${blocks.map((block) => markdownOf(block, plotFile)).join('\n\n')}\n`;
}

function markdownOf(block: Block, plotFile: (name: string) => string | null): string {
  switch (block.kind) {
    case 'heading':
      return `${'#'.repeat(block.level)} ${block.text}`;
    case 'text':
      return block.text;
    case 'list':
      return block.items.map((item) => `- ${item}`).join('\n');
    case 'code':
      return `\`\`\`\n${block.text}\n\`\`\``;
    case 'table': {
      const line = (cells: readonly string[]) => `| ${cells.map(cell).join(' | ')} |`;
      return [
        line(block.columns.map(({ name }) => name)),
        line(block.columns.map(({ numeric }) => (numeric ? '---:' : '---'))),
        ...block.rows.map(line),
      ].join('\n');
    }
    case 'plot': {
      const file = plotFile(block.chart.name);
      return file === null
        ? `${block.chart.title}. ${block.chart.description}`
        : `![${block.chart.title}. ${block.chart.description}](${file})`;
    }
  }
}

/** A cell is one line, and a bar in it ends no cell. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ');
}
