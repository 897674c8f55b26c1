// Files made in the page and handed to the viewer.

import { t } from './i18n.js';

/** Saves it under this name; content is text or a Blob. */
export function download(name, type, content) {
  const blob = content instanceof Blob ? content : new Blob([content], { type });
  const url = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** Whether the text is in the clipboard; where the browser has none for us, it can be copied. */
export async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    window.prompt(t('page.share'), text);
    return false;
  }
}

/** A table by RFC 4180, below lines `# ...` that say what it is. */
export function toCsv(columns, rows, notes = []) {
  const lines = [columns, ...rows].map((cells) => cells.map(cell).join(','));
  const told = notes.map((note) => cell(`# ${note.replace(/\s+/g, ' ')}`));
  return `\uFEFF${[...told, ...lines].join('\r\n')}\r\n`;
}

function cell(value) {
  const text = value === null || value === undefined ? '' : String(value);
  // A table program must not take a text for a formula.
  const safe = typeof value === 'string' && /^\s*[=+\-@]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
