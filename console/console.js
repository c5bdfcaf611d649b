/** The console: listens to the server and gives what it says to the parts of the page. */

import { createAnswersView } from './answers-view.js';
import { createChartsView } from './charts-view.js';
import { createFlowView } from './flow-view.js';
import { headlineOf, lostHeadline } from './headline.js';
import { createHistory } from './history.js';
import { element, write } from './page-elements.js';
import { createProcessesView } from './processes-view.js';
import { listenForSample } from './sample-view.js';
import { createStream } from './stream.js';
import { createTalliesView } from './tallies-view.js';

/** @typedef {import('../src/admin/console/snapshot.ts').ConsoleSnapshot} Snapshot */

const latelyMs = 10_000;
const history = createHistory();
const views = [
  createFlowView(element('flow')),
  createChartsView(element('charts'), history),
  createAnswersView(element('answers'), history),
  createTalliesView(element('tallies')),
  createProcessesView(element('processes')),
];
const pause = element('pause');
const asOf = element('as-of');
let isPaused = false;
let saidAt = '';

const stream = createStream('/events', {
  onSnapshot(snapshot) {
    history.push(snapshot);
    for (const show of views) show(snapshot);
    const lately = {
      overloaded: history.growth(({ shed }) => shed.overloaded ?? 0, latelyMs),
      failed: history.growth(failedOf, latelyMs),
    };
    showHeadline(headlineOf(snapshot, lately));
    element('sample').hidden = !snapshot.instance.sample;
    saidAt = new Date(snapshot.at).toLocaleTimeString();
    write(asOf, `live, ${saidAt}`);
    delete document.body.dataset.stale;
  },
  onLost(why) {
    if (isPaused) return;
    showHeadline(lostHeadline(why));
    write(asOf, saidAt === '' ? 'not connected' : `not connected since ${saidAt}`);
    document.body.dataset.stale = 'lost';
  },
});

/** @param {Snapshot} snapshot */
function failedOf({ answers }) {
  const failed = Object.entries(answers).filter(([status]) => status.startsWith('5'));
  return failed.reduce((sum, [, requests]) => sum + requests, 0);
}

/** Only the sentence is read out, and only when it changes; the numbers below it change every second. */
/** @param {import('./headline.js').Headline} headline */
function showHeadline({ tone, sentence, because }) {
  element('headline').dataset.tone = tone;
  write(element('sentence'), sentence);
  write(element('because'), because);
  const title = `${sentence.replace(/\.$/, '')} · usage-ingest`;
  if (document.title !== title) document.title = title;
}

pause.addEventListener('click', () => {
  isPaused = !isPaused;
  pause.setAttribute('aria-pressed', String(isPaused));
  write(pause, isPaused ? 'Go on' : 'Pause');
  if (!isPaused) return stream.open();
  stream.close();
  write(asOf, `paused at ${saidAt}`);
});

listenForSample(element('send-sample'), element('sample-answer'));
stream.open();
