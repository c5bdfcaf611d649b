/** The committed API document, and whether an answer is one that it describes. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { apiDocumentFile } from '../../src/observability/api-document.ts';

export interface DocumentExample {
  readonly summary?: string;
  readonly description?: string;
  readonly value: unknown;
}

export interface DocumentMedia {
  readonly schema: object;
  readonly examples?: Readonly<Record<string, DocumentExample>>;
}

export interface DocumentAnswer {
  readonly description: string;
  readonly headers?: Readonly<Record<string, { required?: boolean; schema: object }>>;
  readonly content?: Readonly<Record<string, DocumentMedia>>;
}

export interface DocumentOperation {
  readonly requestBody?: { readonly content: Readonly<Record<string, DocumentMedia>> };
  readonly responses: Readonly<Record<string, DocumentAnswer>>;
}

interface ApiDocument {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, DocumentOperation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, object>>;
    readonly responses: Readonly<Record<string, DocumentAnswer>>;
  };
}

export const apiDocument = JSON.parse(readFileSync(apiDocumentFile, 'utf8')) as ApiDocument;

const documentId = 'document:/openapi.json';
// OpenAPI's own keywords are none of JSON Schema's, so ajv is not asked to refuse what it does not know.
const ajv = new Ajv2020({ strict: false, allErrors: false, validateFormats: false });
ajv.addSchema(apiDocument, documentId);
const compiled = new Map<object, ValidateFunction>();

function validatorOf(schema: object): ValidateFunction {
  let validate = compiled.get(schema);
  if (!validate) {
    // References within it are to the document that it stands in.
    validate = ajv.compile(
      JSON.parse(JSON.stringify(schema).replaceAll('"$ref":"#/', `"$ref":"${documentId}#/`)),
    );
    compiled.set(schema, validate);
  }
  return validate;
}

/** Whether a value fits a schema of the document. */
export function fits(schema: object, value: unknown): boolean {
  return validatorOf(schema)(value) as boolean;
}

export function assertFits(schema: object, value: unknown, what: string): void {
  const validate = validatorOf(schema);
  assert.ok(validate(value), `${what}: ${ajv.errorsText(validate.errors)}`);
}

/** What the document says of an operation's answer with this status, references followed. */
export function answerOf(path: string, method: string, status: number): DocumentAnswer {
  const operation = apiDocument.paths[path]?.[method.toLowerCase()];
  const answer = operation?.responses[status];
  assert.ok(answer, `${method} ${path} with ${status} is not in the document`);
  return resolved(answer);
}

/** A shared answer is a reference to `components.responses`. */
export function resolved(answer: DocumentAnswer): DocumentAnswer {
  const { $ref } = answer as { $ref?: string };
  return $ref === undefined ? answer : apiDocument.components.responses[$ref.split('/').at(-1)!]!;
}

/** An answer of a server is one that the document describes: its status, media type, header fields and body. */
export function assertDescribed(
  { path, method }: { path: string; method: string },
  reply: { status: number; headers: Readonly<Record<string, string>>; text: string },
): void {
  const answer = answerOf(path, method, reply.status);
  const what = `${method} ${path} ${reply.status}`;
  for (const [name, header] of Object.entries(answer.headers ?? {})) {
    const text = reply.headers[name.toLowerCase()];
    assert.ok(text !== undefined || !header.required, `${what} lacks ${name}`);
    const isNumber = (header.schema as { type: string }).type === 'integer';
    assertFits(header.schema, isNumber ? Number(text) : text, `${what} ${name}`);
  }
  const type = reply.headers['content-type'] ?? '';
  if (method === 'HEAD') {
    assert.equal(reply.text, '');
    return;
  }
  const media = answer.content?.[type];
  assert.ok(media, `${what}: ${type} is not in the document`);
  assertFits(media.schema, JSON.parse(reply.text), what);
}
