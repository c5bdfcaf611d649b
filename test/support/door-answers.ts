/** Sends a request in one of its shapes to a front or an edge, and holds what comes back. */

import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { connectRaw, statusesIn } from './front.ts';
import { type Door, plainRequest, type RequestShape } from './request-shapes.ts';
import { until } from './until.ts';

/**
 * Sends the shape to the door and holds what it answers: a status a usage, `none` where there is none.
 * @param port the door's
 */
export async function assertAnswers(
  t: TestContext,
  shape: RequestShape,
  door: Door,
  port: number,
): Promise<void> {
  const connection = connectRaw(t, port);
  await shape.send(connection);
  const wanted = shape.answers[door];
  const count = wanted === 'none' ? 0 : wanted.split(' ').length;
  const statuses = () => statusesIn(connection.received).join(' ') || 'none';
  await until(() => connection.isClosed || statusesIn(connection.received).length >= count, {
    what: `${door} answers ${wanted}: ${shape.name}`,
  });
  // Nothing more comes: a request that came after it has had its answer.
  const probe = connectRaw(t, port);
  probe.write(plainRequest);
  await until(() => statusesIn(probe.received).length === 1, { what: 'a later request is answered' });
  assert.equal(statuses(), wanted);
}
