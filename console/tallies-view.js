/** Counts that are 0 on a good day, or say how much was repeated; each with what it means for a person. */

import { count } from './numbers.js';
import { keyedRows, make, write } from './page-elements.js';

/** @typedef {import('../src/admin/console/snapshot.ts').ConsoleSnapshot} Snapshot */
/** @typedef {import('./headline.js').Tone} Tone */
/** @typedef {{ name: string, explained: string, value: number, tone: Tone | null }} Tally */

/** @param {Element} at */
export function createTalliesView(at) {
  const show = keyedRows(at, {
    key: (/** @type {Tally} */ { name }) => name,
    make: ({ name, explained }) =>
      make('div', '', make('dt', '', name), make('dd', 'count'), make('dd', 'explained', explained)),
    change(row, { value, tone }) {
      write(/** @type {Element} */ (row.children[1]), count(value));
      if (tone) row.dataset.tone = tone;
      else delete row.dataset.tone;
    },
  });
  /** @param {Snapshot} snapshot */
  return (snapshot) => show(talliesOf(snapshot));
}

/** @param {Snapshot} snapshot @returns {Tally[]} */
function talliesOf({ total, stopped }) {
  const waiting = Object.values(stopped).reduce((sum, partitions) => sum + partitions, 0);
  return [
    {
      name: 'Dead letters',
      explained: 'Postgres refused them; “usage-ingest dead-letters list” shows why.',
      value: total.deadLetters,
      tone: total.deadLetters > 0 ? 'warn' : null,
    },
    {
      name: 'Gaps in a log',
      explained: 'Records that are missing or damaged.',
      value: total.gaps,
      tone: total.gaps > 0 ? 'bad' : null,
    },
    {
      name: 'Partitions stopped',
      explained: 'They wait for a person; “usage-ingest positions list” names them.',
      value: waiting,
      tone: waiting > 0 ? 'bad' : null,
    },
    {
      name: 'Restarts',
      explained: 'Processes that ended unasked and were started again.',
      value: total.restarts,
      tone: total.restarts > 0 ? 'warn' : null,
    },
    {
      name: 'Duplicates',
      explained: 'Usages that were sent again and stored once, as they should be.',
      value: total.duplicates,
      tone: null,
    },
  ];
}
