/** How every panel of ours looks: a unit, a description, a legend for each query; no panel without them. */

import {
  BigValueColorMode,
  BigValueGraphMode,
  GraphThresholdsStyleConfigBuilder,
  GraphThresholdsStyleMode,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  SortOrder,
  TooltipDisplayMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import {
  type Threshold,
  ThresholdsConfigBuilder,
  ThresholdsMode,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as TimeseriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries';

/** The data source that the reader chose at the top of the dashboard. */
const datasource = { type: 'prometheus', uid: '$datasource' };

/** Filters for every query: the dashboard's variables. */
export const instances = 'job="usage-ingest", instance=~"$instance"';
export const logs = `${instances}, log=~"$log"`;
export const acknowledged = `${instances}, status=~"201|207"`;

export interface Query {
  readonly expression: string;
  /** With `{{label}}` for a label's value. */
  readonly legend: string;
}

export interface PanelOptions {
  readonly title: string;
  /** What it shows and when to worry. */
  readonly description: string;
  /** A Grafana unit id, as the SDK's `units` names them. */
  readonly unit: string;
  readonly queries: readonly Query[];
  /** From this value on it is a warning, from that on it is bad. */
  readonly warnFrom?: number;
  readonly badFrom?: number;
  /** Instead of the two: below this value it is bad. */
  readonly goodFrom?: number;
  /** The axis' upper end, where there is a natural one. */
  readonly max?: number;
}

export type Panel = StatBuilder | TimeseriesBuilder;

/** One figure of now, coloured by its thresholds. */
export function stat(options: PanelOptions): StatBuilder {
  const panel = new StatBuilder()
    .colorMode(BigValueColorMode.Background)
    .graphMode(BigValueGraphMode.Area)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']).values(false));
  return common(panel, options).span(3).height(4);
}

/** Curves over time; `columns` panels stand beside each other. */
export function chart(options: PanelOptions, columns: 2 | 3 = 3): TimeseriesBuilder {
  const panel = new TimeseriesBuilder()
    .lineWidth(1)
    .fillOpacity(8)
    .showPoints(VisibilityMode.Never)
    .legend(
      new VizLegendOptionsBuilder()
        .showLegend(true)
        .displayMode(LegendDisplayMode.List)
        .placement(LegendPlacement.Bottom),
    )
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending));
  if (options.badFrom !== undefined)
    panel.thresholdsStyle(new GraphThresholdsStyleConfigBuilder().mode(GraphThresholdsStyleMode.Dashed));
  return common(panel, options)
    .span(24 / columns)
    .height(8);
}

function common<P extends Panel>(panel: P, options: PanelOptions): P {
  panel.title(options.title).description(options.description).unit(options.unit).datasource(datasource);
  panel.min(0).thresholds(thresholds(options)).noValue('no data');
  if (options.max !== undefined) panel.max(options.max);
  options.queries.forEach(({ expression, legend }, index) => {
    panel.withTarget(
      new DataqueryBuilder()
        .datasource(datasource)
        .refId(String.fromCharCode('A'.charCodeAt(0) + index))
        .expr(expression)
        .legendFormat(legend)
        .range(),
    );
  });
  return panel;
}

function thresholds({ warnFrom, badFrom, goodFrom }: PanelOptions): ThresholdsConfigBuilder {
  const steps: Threshold[] = [{ value: null, color: goodFrom === undefined ? 'green' : 'red' }];
  if (goodFrom !== undefined) steps.push({ value: goodFrom, color: 'green' });
  if (warnFrom !== undefined) steps.push({ value: warnFrom, color: 'orange' });
  if (badFrom !== undefined) steps.push({ value: badFrom, color: 'red' });
  return new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(steps);
}

/** A quantile of a histogram, `by` given labels. */
export function quantile(q: number, histogram: string, filter: string, by = ''): string {
  const labels = by === '' ? 'le' : `le, ${by}`;
  return `histogram_quantile(${q}, sum by (${labels}) (rate(${histogram}_bucket{${filter}}[$__rate_interval])))`;
}

/** Medians and tails of a histogram as queries; `by` is one label, shown in the legend. */
export function quantiles(histogram: string, filter: string, by?: string): Query[] {
  return [0.5, 0.9, 0.99].map((q) => ({
    expression: quantile(q, histogram, filter, by),
    legend: by === undefined ? `p${q * 100}` : `p${q * 100} {{${by}}}`,
  }));
}

/** Per second, summed `by` labels. */
export function perSecond(counter: string, filter = instances, by?: string): string {
  return `sum${by === undefined ? '' : ` by (${by})`} (rate(${counter}{${filter}}[$__rate_interval]))`;
}
