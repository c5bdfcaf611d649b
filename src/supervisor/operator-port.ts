/** The instance's admin port: the metrics of all its processes and of the supervisor itself, readiness, the console. */

import { createAdminServer } from '../admin/admin-server.ts';
import { createConsole } from '../admin/console/console.ts';
import type { Settings } from '../config/settings.ts';
import type { MetricSnapshot } from '../observability/metrics.ts';
import { createProcessMetrics } from '../observability/process-metrics.ts';
import type { Fleet } from './fleet.ts';
import { portRefused } from './free-port.ts';

export interface OperatorPort {
  /** Resolves with the port. @throws StartRefusedError where it cannot be listened on */
  start(): Promise<number>;
  /** Ends every stream, then the server. */
  stop(): Promise<void>;
}

/** @param apiPort of the HTTP API, where the console sends its sample */
export function createOperatorPort(settings: Settings, fleet: Fleet, apiPort: number): OperatorPort {
  const ownProcess = createProcessMetrics('supervisor', 0);
  const own = (): Promise<MetricSnapshot> => {
    ownProcess.sample();
    return ownProcess.registry.getMetricsAsJSON();
  };
  const console = createConsole({ settings, port: apiPort, fleet, own });
  const { ADMIN_HOST: host, ADMIN_PORT: port } = settings;
  const server = createAdminServer({
    host,
    port,
    readiness: fleet.readiness,
    metricsText: async () => fleet.metricsText(await own()),
    parts: [console.paths],
  });
  return {
    async start() {
      try {
        return await server.start();
      } catch (error) {
        throw portRefused('ADMIN_PORT', host, port, error);
      }
    },
    stop() {
      console.stop();
      return server.stop();
    },
  };
}
