/**
 * Listens to the server. A stream can break without anybody being told, so silence counts as broken; a browser's
 * own reconnecting gives up on some answers, so it is done here.
 */

/** @typedef {import('../src/admin/console/snapshot.ts').ConsoleSnapshot} Snapshot */

const silentMs = 5_000;
const firstPauseMs = 500;
const pauseMsMax = 5_000;

/**
 * @param {string} url
 * @param {{ onSnapshot(snapshot: Snapshot): void, onLost(why: string): void }} listener
 */
export function createStream(url, { onSnapshot, onLost }) {
  /** @type {EventSource | null} */
  let source = null;
  let timer = 0;
  let pauseMs = firstPauseMs;
  let isLive = false;

  function open() {
    close();
    source = new EventSource(url);
    source.addEventListener('message', hear);
    source.addEventListener('error', () => void lose());
    watch();
  }

  /** @param {MessageEvent<string>} event */
  function hear(event) {
    pauseMs = firstPauseMs;
    isLive = true;
    watch();
    onSnapshot(JSON.parse(event.data));
  }

  function watch() {
    clearTimeout(timer);
    timer = setTimeout(() => void lose(), silentMs);
  }

  async function lose() {
    isLive = false;
    close();
    timer = setTimeout(open, pauseMs);
    pauseMs = Math.min(pauseMs * 2, pauseMsMax);
    const why = await reason();
    // It may have come back while the reason was asked for.
    if (!isLive) onLost(why);
  }

  async function reason() {
    try {
      const answer = await fetch(url, { method: 'HEAD', signal: AbortSignal.timeout(2_000) });
      if (answer.status === 503) return 'As many pages listen to it as it takes, or it is stopping.';
      return answer.ok ? 'The stream broke off.' : `It answers ${answer.status}.`;
    } catch {
      return 'It does not answer: it may be stopped, or out of reach.';
    }
  }

  function close() {
    clearTimeout(timer);
    source?.close();
    source = null;
  }

  return { open, close };
}
