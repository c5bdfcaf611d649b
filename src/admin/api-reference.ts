/** The API's description on the admin port, and the page to read it: Swagger UI, from the files of its package. */

import { apiDocumentFile } from '../observability/api-document.ts';
import type { AdminPaths } from './admin-paths.ts';
import { contentSecurityPolicy, serveFiles } from './static-files.ts';

const ofPage = (name: string) => new URL(`../../api-reference/${name}`, import.meta.url);
/** Found as Node finds a package, wherever it is installed. */
const ofSwaggerUi = (name: string) => new URL(name, import.meta.resolve('swagger-ui-dist/package.json'));

export const apiReference: AdminPaths = serveFiles(
  {
    '/docs': ofPage('page.html'),
    '/docs/page.css': ofPage('page.css'),
    '/docs/page.js': ofPage('page.js'),
    '/docs/swagger-ui.css': ofSwaggerUi('swagger-ui.css'),
    '/docs/swagger-ui.js': ofSwaggerUi('swagger-ui-bundle.js'),
    '/docs/icon.png': ofSwaggerUi('favicon-32x32.png'),
    '/openapi.json': apiDocumentFile,
  },
  // The icons of Swagger UI's style sheet are written into it.
  contentSecurityPolicy({ 'img-src': "'self' data:" }),
);
