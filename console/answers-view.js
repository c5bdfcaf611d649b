/** Answers by status, then why: error codes of what was refused, reasons of what was shed. */

import { count } from './numbers.js';
import { keyedRows, make, write } from './page-elements.js';

/** @typedef {import('../src/supervisor/console/snapshot.ts').ConsoleSnapshot} Snapshot */
/** @typedef {{ key: string, name: string, explained: string, pick(snapshot: Snapshot): number }} Row */

/** @type {Readonly<Record<string, string>>} */
const meanings = {
  200: 'health, readiness',
  201: 'durable',
  207: 'durable in part',
  400: 'malformed',
  401: 'no key',
  403: 'key revoked',
  404: 'no such path',
  405: 'another method',
  408: 'too slow',
  413: 'too large',
  415: 'another media type',
  422: 'invalid',
  429: 'over the rate',
  500: 'a mistake of the server',
  503: 'come back later',
};

/** @param {HTMLElement} table @param {import('./history.js').History} history */
export function createAnswersView(table, history) {
  /** @type {Snapshot} */
  let now;
  const body = /** @type {HTMLElement} */ (table.querySelector('tbody'));
  const show = keyedRows(body, {
    key: (/** @type {Row} */ { key }) => key,
    make({ name, explained }) {
      const heading = make('th', '', name, ' ', make('span', 'explained', explained));
      heading.setAttribute('scope', 'row');
      return make('tr', '', heading, make('td', 'number'), make('td', 'number'));
    },
    change(row, { pick }) {
      const [, lately, all] = /** @type {unknown[]} */ ([...row.children]);
      write(/** @type {Element} */ (lately), count(history.growth(pick)));
      write(/** @type {Element} */ (all), count(pick(now)));
    },
  });
  /** @param {Snapshot} snapshot */
  return (snapshot) => {
    now = snapshot;
    const rows = rowsOf(snapshot);
    if (rows.length > 0) show(rows);
    else show([{ key: 'none', name: 'No request yet', explained: '', pick: () => 0 }]);
  };
}

/** @param {Snapshot} snapshot @returns {Row[]} */
function rowsOf({ answers, refused, shed }) {
  return [
    ...Object.keys(answers).map((status) => ({
      key: `answer ${status}`,
      name: status,
      explained: meanings[status] ?? '',
      pick: (/** @type {Snapshot} */ snapshot) => snapshot.answers[status] ?? 0,
    })),
    ...Object.keys(refused).map((code) => ({
      key: `refused ${code}`,
      name: code,
      explained: 'refused',
      pick: (/** @type {Snapshot} */ snapshot) => snapshot.refused[code] ?? 0,
    })),
    ...Object.keys(shed).map((reason) => ({
      key: `shed ${reason}`,
      name: reason,
      explained: 'shed',
      pick: (/** @type {Snapshot} */ snapshot) => snapshot.shed[reason] ?? 0,
    })),
  ];
}
