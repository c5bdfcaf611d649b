/** Panels and their queries, read from a dashboard as Grafana reads it. */

import type { Dashboard, Panel } from '@grafana/grafana-foundation-sdk/dashboard';

export interface DashboardPanel {
  /** For messages: dashboard, row and title. */
  readonly name: string;
  readonly panel: Panel;
  readonly queries: readonly { readonly expression: string; readonly legend: string }[];
}

/** Every panel that is no row. */
export function dashboardPanels(dashboard: Dashboard): DashboardPanel[] {
  const found: DashboardPanel[] = [];
  for (const panel of dashboard.panels ?? []) {
    if (!('targets' in panel)) continue;
    const targets = (panel.targets ?? []) as { expr?: string; legendFormat?: string }[];
    found.push({
      name: `${dashboard.uid}: ${panel.title}`,
      panel,
      queries: targets.map(({ expr, legendFormat }) => ({
        expression: expr ?? '',
        legend: legendFormat ?? '',
      })),
    });
  }
  return found;
}
