/** The configuration of one node: broker and controller in one process, on loopback alone. */

export interface NodeAddress {
  readonly id: number;
  readonly port: number;
  readonly controllerPort: number;
}

/**
 * The text of a `server.properties`. With three nodes and more the cluster's defaults are those of production:
 * three replicas, of which two must have a record before it is acknowledged.
 */
export function serverProperties(
  node: NodeAddress,
  nodes: readonly NodeAddress[],
  folder: string,
  more: Readonly<Record<string, string>> = {},
): string {
  const replicas = Math.min(3, nodes.length);
  const inSyncMin = Math.max(1, replicas - 1);
  const voters = nodes.map(({ id, controllerPort }) => `${id}@127.0.0.1:${controllerPort}`);
  const properties: Record<string, string | number> = {
    'process.roles': 'broker,controller',
    'node.id': node.id,
    'controller.quorum.voters': voters.join(','),
    listeners: `BROKER://127.0.0.1:${node.port},CONTROLLER://127.0.0.1:${node.controllerPort}`,
    'advertised.listeners': `BROKER://127.0.0.1:${node.port}`,
    'listener.security.protocol.map': 'BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'inter.broker.listener.name': 'BROKER',
    'controller.listener.names': 'CONTROLLER',
    'log.dirs': folder,
    'auto.create.topics.enable': 'false',
    'default.replication.factor': replicas,
    'min.insync.replicas': inSyncMin,
    'offsets.topic.replication.factor': replicas,
    'offsets.topic.num.partitions': 6,
    'transaction.state.log.replication.factor': replicas,
    'transaction.state.log.min.isr': inSyncMin,
    'group.initial.rebalance.delay.ms': 0,
    // A node that was killed may come back at once: its old registration ends after 2 s, not 9.
    'broker.session.timeout.ms': 2_000,
    'broker.heartbeat.interval.ms': 300,
    ...more,
  };
  return `${Object.entries(properties)
    .map(([key, value]) => `${key}=${value}`)
    .join('\n')}\n`;
}
