/**
 * The naive original: Express with its own body parser and an array.
 *
 * Durability: none. What it answered 201 is gone when the process ends, and it takes in whatever is JSON, until the
 * heap is full. One process.
 */

import type { AddressInfo } from 'node:net';
import express from 'express';
import { announce, wantedPort } from '../announce.ts';

const usages: unknown[] = [];

const app = express();
app.use(express.json());
app.post('/api/usages', (request, response) => {
  usages.push(request.body);
  response.sendStatus(201);
});
// For the bench alone: what was kept is counted, and let go of between scenarios.
app.get('/kept', (_request, response) => response.json({ count: usages.length }));
app.delete('/kept', (_request, response) => {
  usages.length = 0;
  response.sendStatus(204);
});

const server = app.listen(wantedPort, '127.0.0.1');
server.once('listening', () => announce((server.address() as AddressInfo).port));
