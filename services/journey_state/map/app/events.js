// Server-sent events by fetch: EventSource can send no token.

import { headers } from './api.js';

const SILENT_SECONDS = 40; // the server says something each 15 s
export const REFUSED = new Set([400, 401, 403, 404]);

/** What the server said instead of a stream. */
export class Refusal extends Error {
  constructor(status, seconds) {
    super(`HTTP ${status}`);
    this.status = status;
    this.seconds = seconds; // when to come again, or NaN
  }
}

/**
 * Reads events from behind `last` on, until the stream ends or `signal` aborts it. `hear` is given
 * {events: [{name, data, id}], id, retry} of each piece that comes, also where it holds no event.
 */
export async function listen(path, { last, signal, hear }) {
  const ended = new AbortController();
  const stop = () => ended.abort();
  signal.addEventListener('abort', stop);
  let watch;
  const heard = () => {
    clearTimeout(watch);
    watch = setTimeout(stop, SILENT_SECONDS * 1000);
  };
  try {
    heard();
    const answer = await fetch(path, {
      headers: {
        ...headers(), Accept: 'text/event-stream', ...(last && { 'Last-Event-ID': last }),
      },
      signal: ended.signal,
      cache: 'no-store',
    });
    if (!answer.ok) {
      throw new Refusal(answer.status, Number(answer.headers.get('retry-after') ?? NaN));
    }
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    const parser = new Parser();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      heard();
      hear(parser.take(value));
    }
  } finally {
    clearTimeout(watch);
    signal.removeEventListener('abort', stop);
    ended.abort();
  }
}

/** The lines of a stream as events. */
export class Parser {
  rest = '';
  fields = { data: [] };

  take(text) {
    const found = { events: [], id: undefined, retry: undefined };
    const lines = (this.rest + text).split('\n');
    this.rest = lines.pop();
    for (const line of lines) this.takeLine(line.replace(/\r$/, ''), found);
    return found;
  }

  takeLine(line, found) {
    if (line === '') {
      const { name = 'message', data, id } = this.fields;
      if (id !== undefined) found.id = id;
      if (data.length) found.events.push({ name, data: JSON.parse(data.join('\n')), id });
      this.fields = { data: [] };
      return;
    }
    const [, field, value] = /^([^:]*):? ?(.*)$/.exec(line);
    if (field === 'data') this.fields.data.push(value);
    else if (field === 'event') this.fields.name = value;
    else if (field === 'id') this.fields.id = value;
    else if (field === 'retry') found.retry = Number(value);
  }
}
