/**
 * What JSON Schema can say of a usage's texts, as `pattern`: for the API's description, not for validation. A
 * property test holds them to the code: what is accepted fits, and what fits is refused only for a reason that
 * the description names. No `\d`, `\w` or `\p`: the same text means the same in ECMAScript, Python and Rust.
 */

/** Control characters (category Cc), as the inside of a character class. */
const control = '\\u0000-\\u001f\\u007f-\\u009f';

/** Any text without control characters. That it is well-formed Unicode, no pattern says portably. */
export const textPattern = `^[^${control}]*$`;

/** 1999 is there for local times before the new year of 2000 in UTC. */
const year = '(?:1999|2[0-9]{3})';
const hourAndMinute = '(?:[01][0-9]|2[0-3]):[0-5][0-9]';
const zoneDigits = (separator: string) => `[+-](?:[01][0-9]|2[0-3])${separator}[0-5][0-9]`;
const weekday = '(?:Sun|Mon|Tue|Wed|Thu|Fri|Sat)';
const month = '(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)';
const day = '(?:0[1-9]|[12][0-9]|3[01])';
const monthAndDay =
  '(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|[12][0-9]))';

/** `2016-11-01T09:11:51.123-05:00`; seconds, fraction, zone and the colon in it are optional; a space may stand before it. */
export const rfc3339Pattern = `^${year}-${monthAndDay}[Tt ]${hourAndMinute}(?::(?:[0-5][0-9]|60)(?:\\.[0-9]+)?)?(?:[Zz]| ?${zoneDigits(':?')})?$`;

/** `Tue Nov 01 2016 09:11:51 GMT-0500 (CDT)`; the name in parentheses is optional. */
export const dateStringPattern = `^${weekday} ${month} ${day} ${year} ${hourAndMinute}:[0-5][0-9] GMT${zoneDigits('')}(?: \\([^${control}]*\\))?$`;

/** `Tue, 01 Nov 2016 14:11:51 GMT` */
export const utcStringPattern = `^${weekday}, ${day} ${month} ${year} ${hourAndMinute}:[0-5][0-9] GMT$`;
