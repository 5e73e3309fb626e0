// What makes the console's pages quicker to use. Every page works without it, and htmx does most of it, by the attributes of the pages.

const page = document;

// A search that is sent while it leaves one customer goes to that customer.
for (const form of page.querySelectorAll('form.find')) {
  form.addEventListener('submit', (event) => {
    const found = page.querySelectorAll('#results .row-link');
    if (found.length !== 1 || form.querySelector('input[type="search"]').value.trim() !== shown) return;
    event.preventDefault();
    location.assign(found[0].href);
  });
}
let shown = page.querySelector('form.find input[type="search"]')?.value.trim();

// On a phone the settings’ parts scroll: the current one comes into sight.
page.querySelector('.settings-nav [aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'center' });

// What waits says so, but only when it takes a while.
const waits = new WeakMap();
page.addEventListener('htmx:beforeRequest', (event) => {
  const { elt } = event.detail;
  waits.set(elt, setTimeout(() => elt.setAttribute('aria-busy', 'true'), 300));
});
page.addEventListener('htmx:afterRequest', (event) => {
  const { elt } = event.detail;
  clearTimeout(waits.get(elt));
  elt.removeAttribute('aria-busy');
  if (elt.type === 'search') shown = elt.value.trim();
});
// Whoever is signed out meanwhile is led to the sign-in; where the connection broke, the link itself still works.
page.addEventListener('htmx:responseError', (event) => event.detail.xhr.status === 401 && location.reload());

// “Show earlier” goes on in the day where the page ended, and the focus goes to what came.
page.addEventListener('htmx:afterSwap', (event) => {
  if (!event.detail.requestConfig?.path.includes('part=history')) return;
  const days = [...page.querySelectorAll('#history .day[data-day]')];
  const came = days.find((day, at) => at > 0 && day.dataset.day === days[at - 1].dataset.day);
  const before = came && days[days.indexOf(came) - 1].querySelector('ol');
  const first = (came ?? event.detail.elt).querySelector?.('.event summary');
  if (came) {
    before.append(...came.querySelector('ol').children);
    came.remove();
  }
  (first ?? before?.lastElementChild?.querySelector('summary'))?.focus({ preventScroll: true });
});

// A list that is narrowed by what somebody types. Without a script it is whole.
const narrowable = () => page.querySelectorAll('[data-filter][hidden]').forEach((field) => (field.hidden = false));
narrowable();
page.addEventListener('htmx:afterSwap', narrowable);
page.addEventListener(
  'input',
  (event) => {
    const field = event.target.closest?.('[data-filter]');
    if (!field) return;
    // The form around it, if there is one, is about something else.
    event.stopPropagation();
    const words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
    const finds = (it) => (word) => it.textContent.toLowerCase().includes(word);
    let [left, all] = [0, 0];
    for (const section of page.querySelectorAll(`${field.dataset.filter} > section`)) {
      let isEmpty = true;
      for (const item of section.querySelectorAll(':scope > ul > li')) {
        item.hidden = !words.every(finds(item));
        const isWhole = [...item.querySelectorAll(':scope > p')].some((line) => words.every(finds(line)));
        for (const part of item.querySelectorAll('ul > li')) part.hidden = !isWhole && !words.some(finds(part));
        all += 1;
        if (item.hidden) continue;
        left += 1;
        isEmpty = false;
      }
      section.hidden = isEmpty && words.length > 0;
    }
    field.querySelector('[role="status"]').textContent = words.length > 0 ? `${left} of ${all}` : '';
  },
  true,
);
page.addEventListener('keydown', (event) => event.key === 'Enter' && event.target.closest?.('[data-filter]') && event.preventDefault());

// A file that takes a while says how far it is. Where this fails the link is a link.
page.addEventListener('click', async (event) => {
  const link = event.target.closest?.('a[data-progress]');
  if (!link || event.metaKey || event.ctrlKey || event.shiftKey || link.ariaBusy === 'true') return;
  event.preventDefault();
  const state = page.querySelector(link.dataset.progress);
  link.ariaBusy = 'true';
  try {
    const answer = await fetch(link.href);
    if (!answer.ok || answer.redirected) return location.assign(link.href);
    const rows = Number(answer.headers.get('sightline-rows'));
    const name = /filename="([^"]+)"/.exec(answer.headers.get('content-disposition'))?.[1] ?? 'customers.csv';
    const pieces = [];
    let lines = -1;
    let said = 0;
    for await (const piece of stream(answer.body)) {
      pieces.push(piece);
      for (const byte of piece) if (byte === 10) lines += 1;
      if (performance.now() - said < 500) continue;
      said = performance.now();
      state.textContent = `${Math.min(lines, rows).toLocaleString('en-GB')} of ${rows.toLocaleString('en-GB')}`;
    }
    const file = page.createElement('a');
    file.href = URL.createObjectURL(new Blob(pieces, { type: 'text/csv' }));
    file.download = name;
    file.click();
    setTimeout(() => URL.revokeObjectURL(file.href), 60000);
    state.textContent = `${rows.toLocaleString('en-GB')} in ${name}`;
  } catch {
    state.textContent = 'The connection broke. Nothing was saved; try again.';
  } finally {
    link.ariaBusy = null;
  }
});
async function* stream(body) {
  const reader = body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield value;
  }
}

// Whether what is typed goes into a field. The search that a page begins with is not in use while it is empty: “/” and “?” are keys there too.
function isTyped(event) {
  const isUnused = event.target.matches('#q') && event.target.value === '' && ['/', '?'].includes(event.key);
  return !isUnused && event.target.closest('input, textarea, select, [contenteditable]');
}

// Keys: “/” finds, “?” shows them all, “g” and a letter goes to a page.
const places = Object.fromEntries([...page.querySelectorAll('a[data-go]')].map((link) => [link.dataset.go, link]));
const keys = page.getElementById('keys');
let isGoing = 0;
page.addEventListener('keydown', (event) => {
  if (event.metaKey || event.ctrlKey || event.altKey || isTyped(event) || event.target.closest('dialog')) return;
  if (event.key === '?' && keys) {
    event.preventDefault();
    return keys.showModal();
  }
  if (performance.now() - isGoing < 1500 && places[event.key]) {
    event.preventDefault();
    return places[event.key].click();
  }
  isGoing = event.key === 'g' ? performance.now() : 0;
});
for (const link of page.querySelectorAll('a[href="#keys"]')) {
  link.addEventListener('click', (event) => {
    event.preventDefault();
    keys.showModal();
  });
}

// “/” goes to the search, as the key beside it says.
page.addEventListener('keydown', (event) => {
  if (event.key !== '/' || event.metaKey || event.ctrlKey || event.altKey) return;
  if (isTyped(event)) return;
  const field = page.querySelector('#q') ?? page.querySelector('[data-key="/"]');
  if (!field) return;
  event.preventDefault();
  field.focus();
  field.select();
});

// Escape in a search that is empty leaves it, so that the other keys are keys again.
page.addEventListener('keydown', (event) => {
  if (event.key === 'Escape' && event.target.matches('input[type="search"]') && event.target.value === '') event.target.blur();
});

// What has the focus in a row that scrolls sideways comes into sight: browsers leave a part of it outside.
page.addEventListener('focusin', (event) => {
  if (event.target.closest('.is-scroll, .tabs, .settings-nav')) event.target.scrollIntoView({ block: 'nearest', inline: 'nearest' });
});

// Escape closes what was opened around the focus, and the focus goes back to where it was opened.
page.addEventListener('keydown', (event) => {
  if (event.key !== 'Escape' || event.defaultPrevented || event.target.closest('input[type="search"], select')) return;
  const open = event.target.closest('details[open]');
  if (!open) return;
  open.open = false;
  open.querySelector('summary').focus();
});
