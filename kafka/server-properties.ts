/** The configuration of one node: broker and controller in one process, on loopback alone. */

export interface NodeAddress {
  readonly id: number;
  readonly port: number;
  readonly controllerPort: number;
  /** Of a second listener that wants TLS and a login; undefined where there is none. */
  readonly securePort?: number;
}

/** Who may log in on the second listener, and the certificate that it shows. */
export interface SecureListener {
  /** Names and passwords, for PLAIN and for SCRAM. */
  readonly users: Readonly<Record<string, string>>;
  /** A PEM file: private key (PKCS #8), then certificate. */
  readonly keystoreFile: string;
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
  secure?: SecureListener,
): string {
  const replicas = Math.min(3, nodes.length);
  const inSyncMin = Math.max(1, replicas - 1);
  const voters = nodes.map(({ id, controllerPort }) => `${id}@127.0.0.1:${controllerPort}`);
  const brokerListener = `BROKER://127.0.0.1:${node.port}`;
  const properties: Record<string, string | number> = {
    'process.roles': 'broker,controller',
    'node.id': node.id,
    'controller.quorum.voters': voters.join(','),
    listeners: `${brokerListener},CONTROLLER://127.0.0.1:${node.controllerPort}`,
    'advertised.listeners': brokerListener,
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
    ...(secure ? secureProperties(node, secure) : {}),
    ...more,
  };
  return `${Object.entries(properties)
    .map(([key, value]) => `${key}=${value}`)
    .join('\n')}\n`;
}

/** The listeners, once more, with the second one among them. */
function secureProperties(
  node: NodeAddress,
  { users, keystoreFile }: SecureListener,
): Record<string, string> {
  const plain = Object.entries(users).map(([name, password]) => `user_${name}="${password}"`);
  const modules = 'org.apache.kafka.common.security';
  const advertised = `BROKER://127.0.0.1:${node.port},SECURE://127.0.0.1:${node.securePort}`;
  return {
    listeners: `${advertised},CONTROLLER://127.0.0.1:${node.controllerPort}`,
    'advertised.listeners': advertised,
    'listener.security.protocol.map': 'BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURE:SASL_SSL',
    'listener.name.secure.ssl.keystore.type': 'PEM',
    'listener.name.secure.ssl.keystore.location': keystoreFile,
    'listener.name.secure.sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
    'listener.name.secure.plain.sasl.jaas.config': `${modules}.plain.PlainLoginModule required ${plain.join(' ')};`,
    'listener.name.secure.scram-sha-256.sasl.jaas.config': `${modules}.scram.ScramLoginModule required;`,
    'listener.name.secure.scram-sha-512.sasl.jaas.config': `${modules}.scram.ScramLoginModule required;`,
  };
}

/** Arguments for Kafka's storage tool that make the users known for SCRAM. */
export function scramArguments({ users }: SecureListener): string[] {
  return Object.entries(users).flatMap(([name, password]) =>
    ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((mechanism) => [
      '--add-scram',
      `${mechanism}=[name=${name},password=${password}]`,
    ]),
  );
}
