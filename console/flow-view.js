/** The way of a usage, stage by stage: what is up, what is away, and the number that tells most of it. */

import { bytes, count, counted, duration, percentOfAll, rate } from './numbers.js';
import { fillBar, keyedRows, make, makeBar, write } from './page-elements.js';

/** @typedef {import('../src/admin/console/snapshot.ts').ConsoleSnapshot} Snapshot */
/** @typedef {import('../src/admin/console/snapshot.ts').LogState} LogState */
/** @typedef {import('./headline.js').Tone} Tone */
/**
 * @typedef {object} Stage
 * @property {string} name
 * @property {Tone} tone
 * @property {string} state
 * @property {string} figure
 * @property {string} unit
 * @property {string[]} notes
 * @property {number} [fill] share of what it may hold
 */

/** @param {Element} at */
export function createFlowView(at) {
  const show = keyedRows(at, { key: (/** @type {Stage} */ stage) => stage.name, make: makeStage, change });
  /** @param {Snapshot} snapshot */
  return (snapshot) => show(stagesOf(snapshot));
}

/** @param {Stage} stage */
function makeStage({ name, fill }) {
  const head = make('div', 'stage-head', make('h3', '', name), make('span', 'state'));
  const figure = make('p', 'stage-figure', make('span'), make('small'));
  return make(
    'li',
    'stage card',
    head,
    figure,
    ...(fill === undefined ? [] : [makeBar()]),
    make('div', 'stage-note'),
  );
}

/** @param {HTMLElement} at @param {Stage} stage */
function change(at, { tone, state, figure, unit, notes, fill }) {
  const find = (/** @type {string} */ selector) => /** @type {HTMLElement} */ (at.querySelector(selector));
  at.dataset.tone = tone;
  write(find('.state'), state);
  write(find('.stage-figure span'), figure);
  write(find('.stage-figure small'), ` ${unit}`);
  const bar = find('.bar');
  if (bar) fillBar(bar, fill ?? 0);
  const note = find('.stage-note');
  notes.forEach((text, index) => {
    write(note.children[index] ?? note.appendChild(make('p')), text);
  });
  while (note.children.length > notes.length) note.lastElementChild?.remove();
}

/** @param {Snapshot} snapshot @returns {Stage[]} */
function stagesOf(snapshot) {
  const kafka = snapshot.logs.find(({ log }) => log === 'kafka');
  const local = snapshot.logs.find(({ log }) => log === 'local');
  const stages = [frontStage(snapshot)];
  if (snapshot.instance.log === 'local') stages.push(localStage('Log on disk', local));
  else {
    if (snapshot.instance.spool) stages.push(spoolStage(snapshot, local));
    stages.push(kafkaStage(snapshot, kafka));
  }
  return [...stages, writerStage(snapshot), postgresStage(snapshot)];
}

/** @param {Snapshot} snapshot @returns {Stage} */
function frontStage({ processes, perSecond, acknowledged, instance }) {
  const fronts = processes.filter(({ role }) => role === 'front');
  const up = fronts.filter(({ ready }) => ready).length;
  const times = acknowledged
    ? [
        `99 % acknowledged within ${duration(acknowledged.p99)}`,
        `${percentOfAll(acknowledged.within)} within 100 ms; the objective is 99 %`,
      ]
    : [];
  return {
    name: up === 1 && fronts.length === 1 ? 'Front' : 'Fronts',
    tone: up === 0 || !instance.ready ? 'bad' : up < fronts.length ? 'warn' : 'ok',
    state: up === 0 ? 'away' : up < fronts.length ? `${up} of ${fronts.length} up` : 'up',
    figure: rate(perSecond.accepted),
    unit: 'usages a second',
    notes: [`${rate(perSecond.requests)} requests a second`, ...times],
  };
}

/** @param {string} name @param {LogState | undefined} local @param {string} [none] @returns {Stage} */
function localStage(name, local, none) {
  const fill = local?.bytes != null && local.bytesMax ? local.bytes / local.bytesMax : 0;
  const size =
    local?.bytes == null ? 'size not told yet' : `${bytes(local.bytes)} of ${bytes(local.bytesMax)}`;
  return {
    name,
    // Full of what is stored already is as it should be: the oldest of that goes first.
    tone: !local ? 'unknown' : waitsLong(local) ? 'warn' : 'ok',
    state: !local ? 'not told yet' : waitsLong(local) ? 'filling' : 'up',
    figure: count(local?.records),
    unit: local?.records === 1 ? 'record waits' : 'records wait',
    notes: [oldest(local, none), size],
    fill,
  };
}

/** @param {LogState} log */
function waitsLong({ oldestSeconds }) {
  return (oldestSeconds ?? 0) > 10;
}

/** @param {LogState | undefined} log @param {string} [none] said when nothing waits */
function oldest(log, none = 'all are in Postgres') {
  if (log?.oldestSeconds) return `the oldest for ${duration(log.oldestSeconds)}`;
  return log?.records === 0 ? none : 'none is old';
}

/** @param {Snapshot} snapshot @param {LogState | undefined} log @returns {Stage} */
function kafkaStage({ kafka, processes, instance }, log) {
  const fronts = processes.filter(({ role, ready }) => role === 'front' && ready).length;
  const up = kafka?.frontsUp ?? 0;
  const isWeak = (kafka?.weak ?? 0) > 0;
  const weak = isWeak ? ['settings of its topic weaken the promise: see the log line kafka_weak'] : [];
  const instead = instance.spool ? 'usages go to the spool' : 'usages are refused';
  return {
    name: 'Kafka',
    tone: up === 0 ? 'bad' : up < fronts || isWeak ? 'warn' : 'ok',
    state: up === 0 ? 'away' : up < fronts ? `up for ${up} of ${fronts}` : isWeak ? 'up, but weak' : 'up',
    // While it is away nobody can say what it holds.
    figure: count(up === 0 ? null : log?.records),
    unit: log?.records === 1 && up > 0 ? 'record waits' : 'records wait',
    notes: [up === 0 ? instead : oldest(log), ...weak],
  };
}

/** @param {Snapshot} snapshot @param {LogState | undefined} local @returns {Stage} */
function spoolStage({ processes, total }, local) {
  const isRelaying = processes.some(({ role, ready }) => role === 'relay' && ready);
  const stage = localStage('Spool on disk', local, 'all went on to Kafka');
  const relayed = `${counted(total.spooled, 'usage')} came here, ${count(total.relayed)} went on`;
  return {
    ...stage,
    ...(isRelaying ? {} : { tone: /** @type {Tone} */ ('warn'), state: 'relay away' }),
    notes: ['in use only while Kafka is away', ...stage.notes, relayed],
  };
}

/** @param {Snapshot} snapshot @returns {Stage} */
function writerStage({ processes, perSecond, lag, postgresUp }) {
  const isUp = processes.some(({ role, ready }) => role === 'writer' && ready);
  return {
    name: 'Writer',
    tone: !isUp ? 'bad' : postgresUp === false ? 'warn' : 'ok',
    state: !isUp ? 'away' : postgresUp === false ? 'waits' : 'up',
    figure: rate(perSecond.stored),
    unit: 'stored a second',
    notes: [
      postgresUp === false
        ? 'tries Postgres again and again'
        : lag
          ? `99 % in Postgres ${duration(lag.p99)} after they came`
          : 'nothing to store just now',
    ],
  };
}

/** @param {Snapshot} snapshot @returns {Stage} */
function postgresStage({ postgresUp, total, instance }) {
  const ofWhom = instance.database === 'embedded' ? 'the embedded one' : 'named by DATABASE_URL';
  return {
    name: 'Postgres',
    tone: postgresUp === null ? 'unknown' : postgresUp ? 'ok' : 'bad',
    state: postgresUp === null ? 'not told yet' : postgresUp ? 'up' : 'away',
    figure: count(total.stored),
    unit: 'stored',
    notes: ['since the start of this server', ofWhom],
  };
}
