// The page Now: rows come as server-sent events, rendered by the server and put in by htmx; here they are held, and charts drawn.

const list = document.getElementById('conveyor');
const state = document.getElementById('state');
const button = document.getElementById('pause');
const quiet = document.getElementById('quiet');
const held = document.getElementById('waiting');
const skipped = document.getElementById('skipped');
const keep = Number(list.dataset.keep) || 40;

let isConnected = false;
let isHeld = false; // by the button or the key
let isOver = false; // by the pointer or the focus
let waiting = [];
let missed = 0;
let forget = 0;

function say() {
  const isPaused = isHeld || isOver;
  state.classList.toggle('is-paused', isPaused || !isConnected);
  const words = isPaused ? 'Paused' : isConnected ? 'Live' : 'Connecting';
  // The state is read out when it changes; how many wait is for eyes, or a screen reader would never stop.
  if (state.textContent !== words) state.textContent = words;
  held.textContent = isPaused && waiting.length + missed > 0 ? `${waiting.length + missed} new` : '';
  button.querySelector('span').textContent = isHeld ? 'Go on' : 'Pause';
  button.querySelector('svg').toggleAttribute('hidden', isHeld);
}

function goOn() {
  if (isHeld || isOver) return say();
  for (const html of waiting) list.insertAdjacentHTML('afterbegin', html);
  trim();
  waiting = [];
  missed = 0;
  say();
}

function trim() {
  while (list.children.length > keep) list.lastElementChild.remove();
  quiet.hidden = list.children.length > 0;
}

const live = document.getElementById('live');
live.addEventListener('htmx:sseOpen', (event) => {
  isConnected = true;
  event.detail.source.addEventListener('over', () => location.reload());
  say();
});
for (const lost of ['htmx:sseError', 'htmx:sseClose']) {
  live.addEventListener(lost, () => {
    isConnected = false;
    say();
  });
}
list.addEventListener('htmx:sseBeforeMessage', (event) => {
  if (!isHeld && !isOver) return;
  event.preventDefault();
  waiting.push(event.detail.data);
  if (waiting.length > keep) {
    waiting.shift();
    missed += 1;
  }
  say();
});
list.addEventListener('htmx:sseMessage', trim);
skipped.addEventListener('htmx:sseMessage', () => {
  clearTimeout(forget);
  forget = setTimeout(() => (skipped.textContent = ''), 3000);
});

list.addEventListener('pointerenter', (event) => {
  if (event.pointerType !== 'mouse') return;
  isOver = true;
  say();
});
list.addEventListener('pointerleave', () => {
  isOver = false;
  goOn();
});
list.addEventListener('focusin', () => {
  isOver = true;
  say();
});
list.addEventListener('focusout', (event) => {
  if (list.contains(event.relatedTarget)) return;
  isOver = false;
  goOn();
});
function toggle() {
  isHeld = !isHeld;
  goOn();
}
button.addEventListener('click', toggle);
document.addEventListener('keydown', (event) => {
  if (event.key.toLowerCase() !== 'p' || event.metaKey || event.ctrlKey || event.altKey) return;
  if (event.target.closest('input, textarea, select')) return;
  toggle();
});
// A page that comes back from the browser's memory has lost its stream.
addEventListener('pageshow', (event) => event.persisted && location.reload());
if (window.htmx) {
  button.hidden = false;
  say();
}

// MARK: Charts

let chart = null;
let column = 1;
let isOpen = false;
const dark = matchMedia('(prefers-color-scheme: dark)');

/** Draws the table of days as a line. The table stays, folded, for whoever wants the figures themselves. */
function draw() {
  chart?.destroy();
  chart = null;
  const place = document.querySelector('[data-chart="weeks"]');
  if (!place || !window.Chart || !document.getElementById('weeks').open) return;
  const chips = place.querySelector('.chips');
  const canvas = place.querySelector('canvas');
  const table = place.querySelector('.as-table');
  chips.hidden = canvas.parentElement.hidden = false;
  if (!isOpen) table.open = false;
  for (const chip of chips.children) chip.setAttribute('aria-pressed', String(Number(chip.dataset.column) === column));
  const rows = [...place.querySelectorAll('tbody tr')].reverse();
  const cells = rows.map((row) => row.children[column]);
  const style = getComputedStyle(document.documentElement);
  const [line, grid, ink] = ['--chart-1', '--chart-grid', '--chart-ink'].map((name) => style.getPropertyValue(name));
  chart = new window.Chart(canvas, {
    type: 'line',
    data: {
      labels: rows.map((row) => row.querySelector('time').textContent),
      datasets: [{
        data: cells.map((cell) => Number(cell.dataset.value)), borderColor: line, borderWidth: 1.5, pointRadius: 0, pointHitRadius: 12,
        pointHoverRadius: 4, pointHoverBackgroundColor: line, pointHoverBorderColor: line, tension: 0,
        // Today is not over.
        segment: { borderDash: (part) => (part.p1DataIndex === rows.length - 1 ? [2, 3] : undefined) },
      }],
    },
    options: {
      animation: false, maintainAspectRatio: false, interaction: { mode: 'index', intersect: false },
      font: { family: style.fontFamily },
      plugins: {
        legend: { display: false },
        tooltip: { displayColors: false, callbacks: { label: (item) => cells[item.dataIndex].textContent } },
      },
      scales: {
        x: { grid: { display: false }, ticks: { color: ink, maxTicksLimit: 9, maxRotation: 0 } },
        y: { beginAtZero: true, grid: { color: grid, drawBorder: false }, ticks: { color: ink, maxTicksLimit: 5, precision: 0 } },
      },
    },
  });
}

function prepare() {
  const weeks = document.getElementById('weeks');
  weeks.addEventListener('toggle', draw);
  weeks.querySelector('.as-table').addEventListener('toggle', (event) => (isOpen = Boolean(chart) && event.target.open));
  weeks.querySelector('.chips').addEventListener('click', (event) => {
    const chip = event.target.closest('[data-column]');
    if (!chip) return;
    column = Number(chip.dataset.column);
    draw();
  });
}
// Nobody looks at figures of a page in the background.
document.body.addEventListener('htmx:beforeRequest', (event) => event.detail.elt?.id === 'figures' && document.hidden && event.preventDefault());
let wasOpen = false;
document.body.addEventListener('htmx:beforeSwap', () => (wasOpen = document.getElementById('weeks').open));
document.body.addEventListener('htmx:afterSwap', (event) => {
  if (event.detail.target?.id !== 'figures') return;
  prepare();
  document.getElementById('weeks').open = wasOpen;
});
dark.addEventListener('change', draw);
prepare();
