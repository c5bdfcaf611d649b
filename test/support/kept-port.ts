export { keptPort } from '../../harness/kept-port.ts';
