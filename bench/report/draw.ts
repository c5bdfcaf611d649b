/** Draws charts: as SVG for a page, as PNG for Markdown and slides. */

import { Resvg } from '@resvg/resvg-js';
import * as echarts from 'echarts';
import type { Chart } from './charts.ts';
import { colours } from './colours.ts';

/** Without a browser echarts only guesses how wide text is, and too narrow for most fonts. In ems, of a broad sans-serif. */
const letterEm = 0.6;
echarts.setPlatformAPI({
  measureText: (text, font) => ({ width: text.length * letterEm * fontPx(font) }),
});

/** Out of a CSS font: "normal normal 12px sans-serif". */
function fontPx(font: string | undefined): number {
  return Number(/([\d.]+)px/.exec(font ?? '')?.[1] ?? 12);
}

const widthPx = { wide: 840, narrow: 360 };
const heightPx = 340;
/** Sharp on screens with twice the pixels. */
const pngScale = 2;

function svgOf(chart: Chart, narrow: boolean): string {
  const drawing = echarts.init(null, null, {
    renderer: 'svg',
    ssr: true,
    width: narrow ? widthPx.narrow : widthPx.wide,
    height: (chart.height ?? heightPx) + (narrow ? 40 : 0),
  });
  try {
    drawing.setOption(chart.option(narrow));
    return drawing.renderToSVGString();
  } finally {
    drawing.dispose();
  }
}

/** For a page: text and grid take the page's own colours, so that they follow light and dark. */
export function pageSvg(chart: Chart, narrow: boolean): string {
  return svgOf(chart, narrow)
    .replaceAll(colours.text, 'var(--text)')
    .replaceAll(colours.grid, 'var(--line)')
    .replace(/<rect width="\d+" height="\d+" x="0" y="0"[^>]*fill="none"><\/rect>/, '');
}

/** On white. */
export function png(chart: Chart): Buffer {
  const drawn = new Resvg(svgOf(chart, false), {
    background: '#ffffff',
    fitTo: { mode: 'zoom', value: pngScale },
    font: { loadSystemFonts: true },
  });
  return drawn.render().asPng();
}

/** Whether a PNG would have its text: the machine's own fonts are used, and without any, text is left out silently. */
export function canDrawText(): boolean {
  const word =
    '<svg xmlns="http://www.w3.org/2000/svg" width="90" height="30"><text x="5" y="20" font-family="sans-serif">word</text></svg>';
  return new Resvg(word, { font: { loadSystemFonts: true } }).getBBox() !== undefined;
}
