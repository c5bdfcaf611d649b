/** How long the texts of a usage may be, and what an id looks like. */

/** Code points. */
export const patientIdLengthMax = 128;
/** Code points. */
export const medicationLengthMax = 256;
/** Any UUID in the text form of RFC 9562 section 4, in either case, whatever its version and variant. */
export const uuidPattern = /^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$/;
/** Bytes of a usage's JSON as sent, blanks between its parts aside: what it takes with every character escaped, and more. */
export const usageBytesMax = 32 * 1024;
/** Bytes of a usage's JSON as sent, with blanks: room to print 4 KiB of deeply nested fields in columns. */
export const usageSentBytesMax = 256 * 1024;
