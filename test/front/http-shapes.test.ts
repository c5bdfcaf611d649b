/** What the fronts answer themselves to each way in which clients write requests; the edges: test/deployment/edge.test.ts. */

import { describe, it } from 'node:test';
import { loadUws } from '../../src/front/uws.ts';
import { assertAnswers } from '../support/door-answers.ts';
import { startFront } from '../support/front.ts';
import { requestShapes } from '../support/request-shapes.ts';

const { release } = await loadUws();

describe(`a front on uWebSockets.js ${release}`, { concurrency: true }, () => {
  for (const shape of requestShapes)
    it(`${shape.name}: ${shape.answers[release]}`, async (t) => {
      const { port } = await startFront(t, { USAGE_BODY_TIMEOUT_MS: '500' });
      await assertAnswers(t, shape, release, port);
    });
});
