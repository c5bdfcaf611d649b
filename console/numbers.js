/** Numbers as people read them, pure. What is not known is a dash. */

const unknown = '–';
const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const oneDigit = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });

/** @param {number | null | undefined} value */
export function count(value) {
  return value == null ? unknown : whole.format(value);
}

/** How often a second: small numbers with one digit after the point. @param {number | null | undefined} value */
export function rate(value) {
  if (value == null) return unknown;
  return (value < 10 ? oneDigit : whole).format(value);
}

/** @param {number | null | undefined} seconds */
export function duration(seconds) {
  if (seconds == null) return unknown;
  if (seconds < 0.01) return `${oneDigit.format(seconds * 1_000)} ms`;
  if (seconds < 1) return `${whole.format(seconds * 1_000)} ms`;
  if (seconds < 10) return `${oneDigit.format(seconds)} s`;
  if (seconds < 120) return `${whole.format(seconds)} s`;
  if (seconds < 7_200) return `${whole.format(seconds / 60)} min`;
  if (seconds < 172_800) return `${whole.format(seconds / 3_600)} h`;
  return `${whole.format(seconds / 86_400)} days`;
}

/** In powers of 1,024, as settings count. @param {number | null | undefined} value */
export function bytes(value) {
  if (value == null) return unknown;
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];
  let size = value;
  let unit = 0;
  while (size >= 1_000 && unit < units.length - 1) {
    size /= 1_024;
    unit++;
  }
  return `${(unit === 0 || size >= 100 ? whole : oneDigit).format(size)} ${units[unit]}`;
}

/** @param {number | null | undefined} share 0 to 1, or more */
export function percent(share) {
  return share == null ? unknown : `${whole.format(share * 100)} %`;
}

/** Never rounded up to all: 99.96 % is not 100 %. @param {number | null | undefined} share */
export function percentOfAll(share) {
  return share == null ? unknown : `${oneDigit.format(Math.floor(share * 1_000) / 10)} %`;
}

/** `1 record`, `2 records`. @param {number} value @param {string} noun */
export function counted(value, noun) {
  return `${count(value)} ${noun}${value === 1 ? '' : 's'}`;
}
