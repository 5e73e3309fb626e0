// The live page: rows come as server-sent events, rendered by the server.

const list = document.getElementById('conveyor');
const state = document.getElementById('state');
const button = document.getElementById('pause');
const quiet = document.getElementById('quiet');
const held = document.getElementById('waiting');
const skipped = document.getElementById('skipped');
const keep = Number(list.dataset.keep) || 40;

let source = null;
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

function show(html) {
  const part = document.createElement('template');
  part.innerHTML = html;
  list.prepend(part.content);
  while (list.children.length > keep) list.lastElementChild.remove();
  quiet.hidden = true;
}

function goOn() {
  if (isHeld || isOver) return say();
  for (const html of waiting) show(html);
  waiting = [];
  missed = 0;
  say();
}

function listen() {
  source = new EventSource(list.dataset.stream);
  source.addEventListener('open', () => {
    isConnected = true;
    say();
  });
  source.addEventListener('error', () => {
    isConnected = false;
    say();
  });
  source.addEventListener('row', (event) => {
    if (!isHeld && !isOver) return show(event.data);
    waiting.push(event.data);
    if (waiting.length > keep) {
      waiting.shift();
      missed += 1;
    }
    say();
  });
  source.addEventListener('skipped', (event) => {
    skipped.textContent = `${event.data} more in the last second.`;
    clearTimeout(forget);
    forget = setTimeout(() => (skipped.textContent = ''), 3000);
  });
  source.addEventListener('over', () => location.reload());
}

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
button.hidden = false;
button.addEventListener('click', toggle);
document.addEventListener('keydown', (event) => {
  if (event.key.toLowerCase() !== 'p' || event.metaKey || event.ctrlKey || event.altKey) return;
  if (event.target.closest('input, textarea, select')) return;
  toggle();
});
addEventListener('pagehide', () => source?.close());
addEventListener('pageshow', (event) => {
  if (event.persisted) listen();
});
say();
listen();
