/** Usages as clients might send them, mild to hostile: generated as JSON text, for `JSON.parse` is part of what is tested. */

import fc from 'fast-check';

/** The clock of the tests that need one. */
export const testNowMs = Date.UTC(2026, 10, 21, 12);
export const usedAtMsMax = testNowMs + 86_400_000;
export const usedAtMsMin = Date.UTC(2000, 0, 1);

/** What has a meaning to COPY, JSON, SQL, JavaScript or a terminal, and is text to us. */
const meaningful = [
  '\\',
  '\\\\',
  '\\.',
  '\\N',
  '\\n',
  '\\x41',
  '\\101',
  '\\t',
  '"',
  "'",
  '{}',
  'null',
  'NULL',
  ' ',
  '__proto__',
  'constructor',
  'toJSON',
  'é',
  '\ufeff',
  '\u2028',
  '\u200e',
  '\ue000',
  '\ufffd',
  '\ufffe',
  '\uffff',
  '\u{10ffff}',
  '\u{1f469}\u200d\u{1f52c}',
  '\u00a0',
  '\u00ad',
];

/** What is refused in any text. */
const refused = [
  '\0',
  '\t',
  '\n',
  '\r',
  '\b',
  '\v',
  '\u001b',
  '\u007f',
  '\u0080',
  '\u0085',
  '\u009f',
  '\ud800',
  '\udfff',
];

const goodCharacter = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...meaningful) },
  { weight: 2, arbitrary: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }) },
  {
    weight: 4,
    arbitrary: fc
      .string({ unit: 'binary', minLength: 1, maxLength: 1 })
      .filter((point) => !/\p{Cc}/u.test(point)),
  },
);
const anyCharacter = fc.oneof(
  { weight: 30, arbitrary: goodCharacter },
  { weight: 1, arbitrary: fc.constantFrom(...refused) },
);

function textOf(character: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 8, arbitrary: fc.array(character, { maxLength: 12 }).map((parts) => parts.join('')) },
    // Around the bounds of both fields, in code points of one unit and of two.
    {
      weight: 1,
      arbitrary: fc
        .tuple(fc.constantFrom('a', '€', '\u{1f4a8}'), fc.constantFrom(0, 1, 127, 128, 129, 255, 256, 257))
        .map(([point, count]) => point.repeat(count)),
    },
  );
}

const goodNumber = fc.oneof(
  fc.constantFrom(
    '0',
    '-0',
    '-0.0',
    '1e2',
    '1E-7',
    '5e-324',
    '1e-400',
    '0.1',
    '9007199254740991',
    '-9007199254740991',
  ),
  fc.maxSafeInteger().map(String),
  fc
    .double({ noNaN: true, noDefaultInfinity: true })
    .filter((value) => !Number.isInteger(value) || Number.isSafeInteger(value))
    .map((value) => JSON.stringify(value)),
);
const badNumber = fc.constantFrom(
  '1e400',
  '-1e400',
  '9007199254740992',
  '-9007199254740993',
  '1e300',
  '12345678901234567890',
);

interface Choice {
  /** Whether values that must be refused are among them. */
  readonly hostile: boolean;
}

/** Any JSON value, as text. */
function jsonText({ hostile }: Choice): fc.Arbitrary<string> {
  const text = textOf(hostile ? anyCharacter : goodCharacter).map((value) => JSON.stringify(value));
  const number = hostile
    ? fc.oneof({ weight: 20, arbitrary: goodNumber }, { weight: 1, arbitrary: badNumber })
    : goodNumber;
  const { value } = fc.letrec<{ value: string; array: string; object: string }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      text,
      number,
      fc.constantFrom('true', 'false', 'null'),
      tie('array'),
      tie('object'),
    ),
    array: fc.array(tie('value'), { maxLength: 4 }).map((items) => `[${items.join(',')}]`),
    object: fc.array(fc.tuple(text, tie('value')), { maxLength: 4 }).map(objectText),
  }));
  const levels = fc
    .tuple(fc.integer({ min: 12, max: hostile ? 18 : 15 }), fc.constantFrom('[', '{"":'))
    .map(([count, open]) => `${open.repeat(count)}0${(open === '[' ? ']' : '}').repeat(count)}`);
  return fc.oneof({ weight: 9, arbitrary: value }, { weight: 1, arbitrary: levels });
}

function objectText(entries: readonly (readonly [key: string, value: string])[]): string {
  return `{${entries.map(([key, value]) => `${key}:${value}`).join(',')}}`;
}

/** An instant in range, its bounds more often than chance has them. */
export const usedAtMs = fc.oneof(
  { weight: 1, arbitrary: fc.constantFrom(usedAtMsMin, usedAtMsMin + 1, usedAtMsMax - 1, usedAtMsMax) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 9800 }).map((day) => usedAtMsMin + day * 86_400_000) },
  { weight: 6, arbitrary: fc.integer({ min: usedAtMsMin, max: usedAtMsMax }) },
);

export interface WrittenTimestamp {
  /** What a client sends: a string or a number. */
  readonly written: string | number;
  readonly ms: number;
  readonly utcOffsetMinutes: number | null;
}

const zone = fc.oneof(
  fc.constantFrom(0, 60, -300, 330, 845, 1439, -1439),
  fc.integer({ min: -1439, max: 1439 }),
);

function zoneText(minutes: number, separator: string): string {
  const total = Math.abs(minutes);
  const digits = (value: number) => String(value).padStart(2, '0');
  return `${minutes < 0 ? '-' : '+'}${digits(Math.floor(total / 60))}${separator}${digits(total % 60)}`;
}

/** An instant, written in every form there is; what the form cannot carry is cut from the instant. */
export const writtenTimestamp: fc.Arbitrary<WrittenTimestamp> = fc.oneof(
  usedAtMs.map((ms) => ({ written: ms, ms, utcOffsetMinutes: null })),
  fc
    .tuple(
      usedAtMs,
      fc.constantFrom('T', 't', ' '),
      zone,
      fc.constantFrom(0, 3, 9),
      fc.constantFrom('', 'Z', 'z', '-00:00', '+'),
    )
    .map(([ms, separator, minutes, digits, zoneForm]) => {
      const offset = zoneForm === '+' ? minutes : null;
      const whole = digits === 0 ? ms - (ms % 1000) : ms;
      const iso = new Date(whole + (offset ?? 0) * 60_000).toISOString();
      const time = iso.slice(11, digits === 0 ? 19 : 23) + (digits === 9 ? '999999' : '');
      const zoneEnd = offset === null ? zoneForm : zoneText(offset, ':');
      return { written: iso.slice(0, 10) + separator + time + zoneEnd, ms: whole, utcOffsetMinutes: offset };
    }),
  fc
    .tuple(usedAtMs, zone, fc.constantFrom('', ' ()', ' (CDT)', ' (Восточноевропейское (летнее) время)'))
    .map(([ms, minutes, name]) => {
      const whole = ms - (ms % 1000);
      const [weekday, day, month, year, time] = new Date(whole + minutes * 60_000).toUTCString().split(/,? /);
      const written = `${weekday} ${month} ${day} ${year} ${time} GMT${zoneText(minutes, '')}${name}`;
      return { written, ms: whole, utcOffsetMinutes: minutes };
    }),
  usedAtMs.map((ms) => ({
    written: new Date(ms).toUTCString(),
    ms: ms - (ms % 1000),
    utcOffsetMinutes: null,
  })),
);

const uuidText = fc.oneof(
  fc.uuid(),
  fc.uuid().map((id) => id.toUpperCase()),
);

/** The JSON text of a usage; where not hostile, of one that nothing is wrong with but perhaps its size. */
export function usageText(choice: Choice): fc.Arbitrary<string> {
  const json = jsonText(choice);
  const text = (max: number) =>
    textOf(choice.hostile ? anyCharacter : goodCharacter)
      .filter((value) => choice.hostile || (value !== '' && [...value].length <= max))
      .map((value) => JSON.stringify(value));
  const field = (good: fc.Arbitrary<string>) =>
    choice.hostile ? fc.oneof({ weight: 12, arbitrary: good }, { weight: 1, arbitrary: json }) : good;
  const missable = <T>(entry: fc.Arbitrary<T>) =>
    fc.option(entry, { nil: null, freq: choice.hostile ? 30 : Number.MAX_SAFE_INTEGER });
  const key = textOf(choice.hostile ? anyCharacter : goodCharacter);
  return fc
    .tuple(
      missable(
        field(fc.oneof(text(128), fc.maxSafeInteger().map(String))).map(
          (value) => ['patientId', value] as const,
        ),
      ),
      missable(field(text(256)).map((value) => ['medication', value] as const)),
      missable(
        field(writtenTimestamp.map(({ written }) => JSON.stringify(written))).map(
          (value) => ['timestamp', value] as const,
        ),
      ),
      fc.option(field(uuidText.map((id) => JSON.stringify(id))).map((value) => ['id', value] as const)),
      fc.array(fc.tuple(key, json), { maxLength: 4 }),
      fc.integer({ min: 0, max: 8 }),
    )
    .map(([patientId, medication, timestamp, id, others, turn]) => {
      const known = [patientId, medication, timestamp, id].filter((entry) => entry !== null);
      const isKnown = (name: string) => ['patientId', 'medication', 'timestamp', 'id'].includes(name);
      const entries = [...known, ...others.filter(([name]) => !isKnown(name))];
      const from = turn % (entries.length + 1);
      const turned = [...entries.slice(from), ...entries.slice(0, from)];
      return objectText(turned.map(([name, value]) => [JSON.stringify(name), value]));
    });
}
