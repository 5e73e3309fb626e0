// What makes the console's pages quicker to use. Every page works without it.

const page = document;

/** Shows what a search finds while somebody types, and keeps the address in step. */
function searchAsYouType(form) {
  const results = page.querySelector(form.dataset.search);
  const field = form.querySelector('input[type="search"]');
  let timer = 0;
  let asked = null;
  let shown = field.value.trim();

  async function show() {
    const text = field.value.trim();
    if (text === shown) return;
    asked?.abort();
    asked = new AbortController();
    const address = new URL(form.action);
    if (text) address.searchParams.set('search', text);
    const part = new URL(address);
    part.searchParams.set('part', 'results');
    const busy = setTimeout(() => form.setAttribute('aria-busy', 'true'), 300);
    try {
      const answer = await fetch(part, { signal: asked.signal });
      if (answer.status === 401) return location.assign(address);
      if (!answer.ok) return;
      results.innerHTML = await answer.text();
      shown = text;
      history.replaceState(null, '', address);
    } catch (error) {
      if (error.name === 'AbortError') return;
      // The connection broke: the form itself still works.
    } finally {
      clearTimeout(busy);
      form.removeAttribute('aria-busy');
    }
  }

  field.addEventListener('input', () => {
    clearTimeout(timer);
    timer = setTimeout(show, 120);
  });
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    clearTimeout(timer);
    const first = results.querySelector('.row-link');
    if (field.value.trim() === shown && first && results.querySelectorAll('.row-link').length === 1) location.assign(first.href);
    else show();
  });
}

/** “Show earlier” adds what comes before to the page instead of leaving it. */
async function showEarlier(link) {
  const row = link.closest('.earlier');
  link.setAttribute('aria-busy', 'true');
  let answer;
  try {
    answer = await fetch(link.dataset.earlier);
  } catch {
    answer = null;
  }
  if (!answer?.ok) return location.assign(link.href);
  const part = page.createElement('template');
  part.innerHTML = await answer.text();
  const first = part.content.querySelector('.day');
  const last = [...page.querySelectorAll('#history .day')].at(-1);
  let focus = part.content.querySelector('.event summary');
  if (first && last && first.dataset.day === last.dataset.day) {
    last.querySelector('ol').append(...first.querySelector('ol').children);
    first.remove();
  }
  row.replaceWith(part.content);
  focus?.focus({ preventScroll: true });
}

for (const form of page.querySelectorAll('form[data-search]')) searchAsYouType(form);

page.addEventListener('click', (event) => {
  const link = event.target.closest?.('a[data-earlier]');
  if (!link || event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
  event.preventDefault();
  showEarlier(link);
});

// “/” goes to the search, as the key beside it says.
page.addEventListener('keydown', (event) => {
  if (event.key !== '/' || event.metaKey || event.ctrlKey || event.altKey) return;
  if (event.target.closest('input, textarea, select, [contenteditable]')) return;
  const field = page.querySelector('#q') ?? page.querySelector('[data-key="/"]');
  if (!field) return;
  event.preventDefault();
  field.focus();
  field.select();
});

// Escape closes what was opened around the focus, and the focus goes back to where it was opened.
page.addEventListener('keydown', (event) => {
  if (event.key !== 'Escape' || event.defaultPrevented || event.target.closest('input[type="search"], select')) return;
  const open = event.target.closest('details[open]');
  if (!open) return;
  open.open = false;
  open.querySelector('summary').focus();
});
