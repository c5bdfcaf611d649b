/** Writes a report's contents as one HTML file that needs nothing else: no script, no font, no request. */

import type { Block } from './contents.ts';
import { pageSvg } from './draw.ts';

const style = `
:root { color-scheme: light dark; --ground: #ffffff; --text: #1b1b1c; --quiet: #5c5c60; --line: #d8d8d9; --met: #00734f; --missed: #b3261e; --shade: #f5f5f6 }
@media (prefers-color-scheme: dark) { :root { --ground: #151517; --text: #e8e8ea; --quiet: #a5a5aa; --line: #3c3c40; --met: #4fc79b; --missed: #ff8a7f; --shade: #202023 } }
@media print { :root { --ground: #ffffff; --text: #000000; --quiet: #444444; --line: #bbbbbb; --met: #00734f; --missed: #b3261e; --shade: #f5f5f6 } table, figure { break-inside: avoid } .scroll { overflow: visible !important } table { font-size: 8px !important } }
body { margin: 0 auto; max-width: 62rem; padding: 1rem; background: var(--ground); color: var(--text); font: 16px/1.5 system-ui, sans-serif }
h1 { font-size: 1.5rem; line-height: 1.25; margin: .5rem 0 1rem } h2 { font-size: 1.2rem; margin: 2.5rem 0 .5rem; border-top: 1px solid var(--line); padding-top: 1rem } h3 { font-size: 1rem; margin: 1.5rem 0 .5rem }
p, li { max-width: 46rem } .quiet { color: var(--quiet) } code { font-size: .9em }
pre { background: var(--shade); padding: .75rem; overflow-x: auto }
.scroll { overflow-x: auto; margin: 1rem 0 } table { border-collapse: collapse; font-size: .85rem; font-variant-numeric: tabular-nums }
th, td { padding: .3rem .6rem; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top } th { font-weight: 600; background: var(--shade) }
small { display: block; color: var(--quiet) } .n { text-align: right; white-space: nowrap } th.n { white-space: normal; min-width: 4rem }
.met { color: var(--met); font-weight: 600 } .missed { color: var(--missed); font-weight: 600 } .unmeasured { color: var(--quiet) }
figure { margin: 1.5rem 0 } figcaption { font-weight: 600; margin-bottom: .25rem } figure svg { max-width: 100%; height: auto; display: block } .narrow { display: none }
@media (max-width: 40rem) { .wide { display: none } .narrow { display: block } }
`;

/** The whole page. */
export function toHtml(title: string, blocks: readonly Block[]): string {
  return [
    '<!doctype html>',
    '<html lang="en">',
    '<head>',
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${escaped(title)}</title>`,
    `<style>${style}</style>`,
    '</head>',
    '<body>',
    ...blocks.map(htmlOf),
    '</body>',
    '</html>',
    '',
  ].join('\n');
}

function htmlOf(block: Block): string {
  switch (block.kind) {
    case 'heading':
      return `<h${block.level}>${inline(block.text)}</h${block.level}>`;
    case 'text':
      return `<p>${inline(block.text)}</p>`;
    case 'list':
      return `<ul>${block.items.map((item) => `<li>${inline(item)}</li>`).join('')}</ul>`;
    case 'code':
      return `<pre><code>${escaped(block.text)}</code></pre>`;
    case 'plot': {
      const { title, description } = block.chart;
      const drawing = (narrow: boolean) =>
        `<div class="${narrow ? 'narrow' : 'wide'}" role="img" aria-label="${escaped(description)}">${pageSvg(block.chart, narrow)}</div>`;
      return `<figure><figcaption>${escaped(title)}</figcaption>${drawing(false)}${drawing(true)}</figure>`;
    }
    case 'table': {
      const cellOf = (tag: 'td' | 'th') => (text: string, at: number) =>
        `<${tag}${classOf(block.columns[at]!.numeric, text)}>${tag === 'td' ? withSpread(inline(text)) : inline(text)}</${tag}>`;
      const rows = block.rows.map((row) => `<tr>${row.map(cellOf('td')).join('')}</tr>`);
      const head = block.columns.map(({ name }) => name).map(cellOf('th'));
      // A table that can be scrolled must be reachable by keyboard.
      return `<div class="scroll" tabindex="0"><table><thead><tr>${head.join('')}</tr></thead><tbody>${rows.join('')}</tbody></table></div>`;
    }
  }
}

/** Verdicts are told by their words; colour only helps. */
function classOf(numeric: boolean, text: string): string {
  if (numeric) return ' class="n"';
  if (/^(goal|must) met/.test(text)) return ' class="met"';
  if (text.startsWith('missed')) return ' class="missed"';
  return text === 'not measured' ? ' class="unmeasured"' : '';
}

/** The spread below its figure, so that tables stay narrow. */
function withSpread(html: string): string {
  return html.replace(/ (\([\d.,]+ to [\d.,]+\))$/, ' <small>$1</small>');
}

function inline(text: string): string {
  return escaped(text).replaceAll(/`([^`]+)`/g, '<code>$1</code>');
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
