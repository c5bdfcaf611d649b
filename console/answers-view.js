/** Answers by status, then why: error codes of what was refused, reasons of what was shed. */

import { count } from './numbers.js';
import { keyedRows, make, write } from './page-elements.js';

/** @typedef {import('../src/admin/console/snapshot.ts').ConsoleSnapshot} Snapshot */
/**
 * A row without a pick heads those below it.
 * @typedef {{ key: string, name: string, explained: string, pick: ((snapshot: Snapshot) => number) | null }} Row
 */

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
    make({ name, explained, pick }) {
      const heading = make('th', '', name, ' ', make('span', 'explained', explained));
      heading.setAttribute('scope', pick ? 'row' : 'rowgroup');
      if (!pick) heading.setAttribute('colspan', '3');
      return pick
        ? make('tr', '', heading, make('td', 'number'), make('td', 'number'))
        : make('tr', 'group', heading);
    },
    change(row, { pick }) {
      if (!pick) return;
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
    else show([{ key: 'none', name: 'No request yet', explained: '', pick: null }]);
  };
}

/** @param {Snapshot} snapshot @returns {Row[]} */
function rowsOf({ answers, refused, shed }) {
  const statuses = Object.keys(answers).map((status) =>
    row(`answer ${status}`, status, meanings[status] ?? '', ({ answers }) => answers[status]),
  );
  const codes = Object.keys(refused).map((code) =>
    row(`refused ${code}`, code, '', ({ refused }) => refused[code]),
  );
  const reasons = Object.keys(shed).map((reason) =>
    row(`shed ${reason}`, reason, '', ({ shed }) => shed[reason]),
  );
  return [
    ...statuses,
    ...(codes.length > 0 ? [group('Refused usages and requests, by code'), ...codes] : []),
    ...(reasons.length > 0 ? [group('Answered 503, by reason'), ...reasons] : []),
  ];
}

/**
 * @param {string} key @param {string} name @param {string} explained
 * @param {(snapshot: Snapshot) => number | undefined} pick
 * @returns {Row}
 */
function row(key, name, explained, pick) {
  return { key, name, explained, pick: (snapshot) => pick(snapshot) ?? 0 };
}

/** @param {string} name @returns {Row} */
function group(name) {
  return { key: name, name, explained: '', pick: null };
}
