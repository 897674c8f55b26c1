// Arrow keys go from number to number of a table, along its rows and columns.

const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

/** For `keydown` on a table of `<mp-number>`. */
export function moveFocus(event) {
  const step = STEPS[event.key];
  const cell = event.target.closest?.('td');
  if (!step || !cell || event.target.localName !== 'mp-number') return;
  const found = step[0] ? below(cell, step[0], event.target) : beside(cell, step[1], event.target);
  if (!found) return;
  event.preventDefault();
  found.focus();
}

const numbers = (cell) => [...(cell?.querySelectorAll('mp-number') ?? [])]
  .filter((one) => one.figure?.people);

function beside(cell, step, from) {
  const row = [...cell.parentElement.querySelectorAll('td')].flatMap(numbers);
  return row[row.indexOf(from) + step];
}

function below(cell, step, from) {
  const own = numbers(cell);
  const at = own.indexOf(from);
  if (cell.closest('.list-row') && own[at + step]) return own[at + step];
  const rows = [...cell.closest('table').rows];
  for (let y = cell.parentElement.rowIndex + step; rows[y]; y += step) {
    const found = numbers(rows[y].cells[cell.cellIndex]);
    if (found.length) return step < 0 && rows[y].matches('.list-row') ? found.at(-1) : found[0];
  }
  return null;
}
