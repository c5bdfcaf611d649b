/** Writes the report of a run beside its result.json: report.md, report.html and a PNG of each plot. */

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BenchResult } from '../result.ts';
import { type Block, paragraph } from './contents.ts';
import { canDrawText, png } from './draw.ts';
import { toHtml } from './html.ts';
import { toMarkdown } from './markdown.ts';
import { reportBlocks } from './sections.ts';

const noFonts =
  'This machine has no font, so that the PNG plots would have no text: there are none. The plots are in report.html. On Debian, `apt-get install fonts-dejavu-core` and `npm run bench:report -- <folder>` make them.';

/**
 * Writes report.md, report.html and the PNG plots into `folder`; result.json is left as it is. Where the machine
 * has no font the PNGs are left out, which report.md says.
 */
export async function writeReport(result: BenchResult, folder: string): Promise<void> {
  const blocks = reportBlocks(result);
  const charts = blocks.flatMap((block) => (block.kind === 'plot' ? [block.chart] : []));
  const withText = canDrawText();
  await mkdir(folder, { recursive: true });
  if (withText) for (const chart of charts) await writeFile(join(folder, `${chart.name}.png`), png(chart));
  const told: Block[] = withText ? blocks : [blocks[0]!, paragraph(noFonts), ...blocks.slice(1)];
  await writeFile(
    join(folder, 'report.md'),
    toMarkdown(told, (name) => (withText ? `${name}.png` : null)),
  );
  await writeFile(join(folder, 'report.html'), toHtml('usage-ingest, measured', blocks));
}
