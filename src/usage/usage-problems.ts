/** The codes of single fields and items. No text here ever holds a value from a body: bodies are health data. */

/** What can be wrong with one field of a usage, or one item of a request. */
export const usageProblems = {
  not_an_object: 'A usage is a JSON object.',
  malformed_json: 'The line is not valid JSON.',
  required: 'The field is missing.',
  patient_id_type: 'patientId is a string, or an integer within ±(2^53 - 1).',
  patient_id_length: 'patientId has 1 to 128 characters.',
  medication_type: 'medication is a string.',
  medication_length: 'medication has 1 to 256 characters.',
  timestamp_format:
    "timestamp is RFC 3339 (2016-11-01T09:11:51-05:00), what JavaScript's Date prints, or epoch milliseconds as a number.",
  timestamp_range: 'timestamp lies between 2000-01-01 and 24 hours from now.',
  id_format: 'id is a UUID.',
  text_not_well_formed: 'Text is well-formed Unicode.',
  text_control_character: 'Text holds no control characters.',
  number_out_of_range: 'Integers lie within ±(2^53 - 1), other numbers within the range of a double.',
  attributes_size:
    'The fields beyond the known ones must take at most 4 KiB of JSON, the whole usage as sent at most 32 KiB.',
  attributes_depth: 'The fields beyond the known ones nest at most 16 levels deep.',
} as const satisfies Record<string, string>;

export type UsageProblemCode = keyof typeof usageProblems;
