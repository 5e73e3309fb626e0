// The editor of formulas: colours under the text while somebody types, names to choose from, and mending by a button. The server reads
// the language; here text is only kept in its place. Without this the form is sent and checked as any other.

const form = document.getElementById('editor');
const token = form.querySelector('input[name="form"]').value;
const boxes = new WeakMap();
// Rows come and go, so that the fields are those that stand there now.
const fields = () =>
  [...form.querySelectorAll('[data-formula]')].map((box) => {
    if (!boxes.has(box)) boxes.set(box, new Field(box));
    return boxes.get(box);
  });
fields();

function Field(box) {
  const text = box.querySelector('textarea');
  const choices = box.querySelector('.choices');
  const layer = () => document.getElementById(`${text.id}-layer`);
  let shown = text.value;
  let asked = 0;
  let waits = 0;

  // What was typed keeps the colours around it until the server has said how all of it is coloured.
  const follow = () => {
    const now = text.value;
    let head = 0;
    while (head < shown.length && head < now.length && shown[head] === now[head]) head += 1;
    let tail = 0;
    while (tail < Math.min(shown.length, now.length) - head && shown[shown.length - 1 - tail] === now[now.length - 1 - tail]) tail += 1;
    const parts = [];
    let at = 0;
    const keep = (from, to, style) => from < to && parts.push([shown.slice(from, to), style]);
    const pieces = [...layer().childNodes].map((node) => [node.textContent, node.className ?? '']);
    for (const [piece, style] of pieces) keep(at, Math.min((at += piece.length), head), style);
    parts.push([now.slice(head, now.length - tail), 'f-plain']);
    at = 0;
    for (const [piece, style] of pieces) {
      keep(Math.max(at, shown.length - tail), at + piece.length, style);
      at += piece.length;
    }
    layer().replaceChildren(...parts.map(([words, style]) => Object.assign(document.createElement('span'), { textContent: words, className: style })));
    shown = now;
    fit();
  };

  const fit = () => {
    // A line that is open needs something to stand on.
    const end = layer().querySelector('[data-end]') ?? Object.assign(document.createElement('span'), { textContent: '\n' });
    end.dataset.end = '';
    layer().append(end);
    layer().scrollTop = text.scrollTop;
    layer().scrollLeft = text.scrollLeft;
  };

  // Colours of an older text are of no use any more. White space at the end has none.
  this.takes = (fragment) => fragment.textContent === text.value.trimEnd();
  this.settled = () => {
    layer().querySelector('[data-end]')?.remove();
    const coloured = layer().textContent;
    if (!text.value.startsWith(coloured)) return;
    if (text.value.length > coloured.length) {
      layer().append(Object.assign(document.createElement('span'), { textContent: text.value.slice(coloured.length), className: 'f-plain' }));
    }
    shown = text.value;
    fit();
    mark();
  };
  const mark = () => {
    text.setAttribute('aria-invalid', box.querySelector('.formula-foot .error') ? 'true' : 'false');
    box.classList.toggle('is-wrong', box.querySelector('.formula-foot .error') !== null);
  };
  this.id = text.id;

  // MARK: names to choose from

  const scalars = (words) => [...words].length;
  const close = () => {
    choices.hidden = true;
    choices.replaceChildren();
    text.removeAttribute('aria-controls');
    text.removeAttribute('aria-activedescendant');
  };
  const chosen = () => choices.querySelector('[aria-selected="true"]');
  const choose = (item) => {
    chosen()?.setAttribute('aria-selected', 'false');
    item.setAttribute('aria-selected', 'true');
    item.scrollIntoView({ block: 'nearest' });
    text.setAttribute('aria-activedescendant', item.id);
  };
  const take = (item) => {
    const all = [...text.value];
    const [from, to] = [Number(item.dataset.from), Number(item.dataset.to)];
    const before = all.slice(0, from).join('');
    const after = all.slice(to).join('');
    close();
    put(before + item.dataset.insert + after, (before + item.dataset.insert).length);
  };
  const put = (words, at) => {
    text.focus();
    text.value = words;
    text.setSelectionRange(at, at);
    follow();
    // As if it had been typed.
    text.dispatchEvent(new Event('input', { bubbles: true }));
  };

  const place = (from) => {
    // Where they stand in the flow, as on a phone, there is nothing to place.
    if (getComputedStyle(choices).position !== 'absolute') return;
    let left = from;
    const walker = document.createTreeWalker(layer(), NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      if (left <= node.length) {
        const range = document.createRange();
        range.setStart(node, left);
        range.setEnd(node, left);
        const [at, around] = [range.getBoundingClientRect(), text.getBoundingClientRect()];
        const room = around.width - choices.offsetWidth;
        choices.style.left = `${Math.max(0, Math.min(at.left - around.left, room))}px`;
        choices.style.top = `${Math.max(0, at.bottom - around.top + 4)}px`;
        return;
      }
      left -= node.length;
    }
  };

  const ask = async (isWanted) => {
    const number = (asked += 1);
    const at = text.selectionEnd;
    const before = text.value.slice(0, at);
    // Behind a number a new line is more likely meant than a unit of time.
    const typed = isWanted || (/[\p{L}\p{N}_."“-]$/u.test(before) && !/(^|[^\p{L}\p{N}_])\d+$/u.test(before));
    if (!typed || text.selectionStart !== at) return close();
    const body = new URLSearchParams({ form: token, field: text.id, text: text.value, at: String(scalars(before)) });
    try {
      const answer = await fetch(form.dataset.completions, { method: 'POST', body, headers: { 'hx-request': 'true' } });
      if (number !== asked || !answer.ok || document.activeElement !== text) return;
      choices.innerHTML = await answer.text();
    } catch {
      return close();
    }
    if (number !== asked) return;
    const first = choices.querySelector('[role="option"]');
    if (!first || (!isWanted && first.dataset.from === first.dataset.to && !/[."“]$/u.test(before))) return close();
    choices.hidden = false;
    text.setAttribute('aria-controls', choices.id);
    place([...text.value].slice(0, Number(first.dataset.from)).join('').length);
    choose(first);
  };

  text.addEventListener('input', (event) => {
    follow();
    clearTimeout(waits);
    // What was taken or mended is no question.
    if (!event.isTrusted) return;
    waits = setTimeout(() => ask(false), 80);
  });
  text.addEventListener('scroll', fit);
  text.addEventListener('keydown', (event) => {
    if (event.key === ' ' && event.ctrlKey) {
      event.preventDefault();
      return ask(true);
    }
    if (choices.hidden) return;
    const all = [...choices.querySelectorAll('[role="option"]')];
    const at = all.indexOf(chosen());
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      choose(all[(at + (event.key === 'ArrowDown' ? 1 : all.length - 1)) % all.length]);
    } else if ((event.key === 'Enter' || event.key === 'Tab') && at >= 0 && !event.shiftKey) {
      event.preventDefault();
      take(all[at]);
    } else if (event.key === 'Escape') {
      event.preventDefault();
      close();
    } else if (['ArrowLeft', 'ArrowRight', 'Home', 'End'].includes(event.key)) {
      close();
    }
  });
  text.addEventListener('blur', () => {
    asked += 1;
    clearTimeout(waits);
    close();
  });
  // By the pointer: before the text loses the focus.
  choices.addEventListener('pointerdown', (event) => {
    const item = event.target.closest('[role="option"]');
    if (!item) return;
    event.preventDefault();
    take(item);
  });

  // MARK: mending

  this.mend = (from, to, words) => {
    const all = [...text.value];
    const before = all.slice(0, from).join('') + words;
    put(before + all.slice(to).join(''), before.length);
  };

  box.classList.add('is-lit');
  fit();
}

form.addEventListener('click', (event) => {
  const button = event.target.closest?.('button[name="mend"]');
  if (!button) return;
  const [id, from, to, ...words] = button.value.split(':');
  const field = fields().find((one) => one.id === id);
  if (!field) return;
  event.preventDefault();
  field.mend(Number(from), Number(to), words.join(':'));
});

document.addEventListener('htmx:oobBeforeSwap', (event) => {
  const { target, fragment } = event.detail;
  if (!target.classList.contains('formula-layer')) return;
  const field = fields().find((one) => target.id === `${one.id}-layer`);
  const came = fragment.querySelector?.('.formula-layer') ?? fragment;
  if (field && !field.takes(came)) event.detail.shouldSwap = false;
});
document.addEventListener('htmx:afterRequest', (event) => {
  if (event.detail.pathInfo?.requestPath !== '/formulas/preview') return;
  for (const field of fields()) field.settled();
  for (const fault of form.querySelectorAll('[data-fault]')) {
    document.getElementById(fault.dataset.fault)?.setAttribute('aria-invalid', fault.childElementCount > 0 ? 'true' : 'false');
  }
});
// htmx would take over styles of what stood there, as attributes, which the policy of our pages forbids.
document.addEventListener('htmx:beforeSwap', (event) => {
  for (const styled of event.detail.target.querySelectorAll('[style]')) styled.removeAttribute('style');
});
document.addEventListener('htmx:afterSwap', () => fields());
