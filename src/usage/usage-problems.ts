/** The codes of single fields and items. No text here ever holds a value from a body: bodies are health data. */

/** What can be wrong with one field of a usage, or one item of a request. */
export const usageProblems = {
  not_an_object: 'A usage must be a JSON object.',
  malformed_json: 'The line is not valid JSON.',
  required: 'The field is missing.',
  patient_id_type: 'patientId must be a string, or an integer within ±(2^53 - 1).',
  patient_id_length: 'patientId must be 1 to 128 characters.',
  medication_type: 'medication must be a string.',
  medication_length: 'medication must be 1 to 256 characters.',
  timestamp_format:
    "timestamp must be RFC 3339 (2016-11-01T09:11:51-05:00), what JavaScript's Date prints, or epoch milliseconds as a number. A time without a zone is UTC.",
  timestamp_range:
    'timestamp must be between 2000-01-01 and 24 hours from now. If it is a number: did you mean milliseconds? Epoch seconds are not accepted.',
  id_format: 'id must be a UUID.',
  text_not_well_formed: 'Text must be well-formed Unicode.',
  text_control_character: 'Text must not contain control characters.',
  number_out_of_range: 'Integers must be within ±(2^53 - 1), other numbers within the range of a double.',
  attributes_size:
    'The fields beyond the known ones must take at most 4 KiB of JSON, the whole usage as sent at most 32 KiB.',
  attributes_depth: 'The fields beyond the known ones must nest at most 16 levels deep.',
} as const satisfies Record<string, string>;

export type UsageProblemCode = keyof typeof usageProblems;
