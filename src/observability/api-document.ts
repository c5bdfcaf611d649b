/**
 * The API's description as `npm run docs` wrote it: fronts and the admin port answer these bytes, and nothing of
 * what made them is needed at run time.
 */

import { readFile } from 'node:fs/promises';

export const apiDocumentFile = new URL('../../docs/openapi.json', import.meta.url);

/** Read once, at a start. @throws Error where the file is not there or is not JSON: the installation is not whole */
export async function readApiDocument(file: URL = apiDocumentFile): Promise<Buffer> {
  try {
    const bytes = await readFile(file);
    JSON.parse(bytes.toString('utf8'));
    return bytes;
  } catch (cause) {
    throw new Error(`cannot read docs/openapi.json, which belongs to the installation: install it anew`, {
      cause,
    });
  }
}
