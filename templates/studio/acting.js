// What the editor says and presses: acts that are posted, dialogs that ask first, keys, dragging.
'use strict';

const issue = () => $('#top').dataset.issue;

function say(text, good = true) {
  said.innerHTML = '<span></span><button type="button" data-hush aria-label="Close this message">✕</button>';
  said.firstChild.textContent = text;
  speak(good);
}
function speak(good) {
  said.className = good ? '' : 'bad';
  clearTimeout(speak.end);
  if (good) speak.end = setTimeout(() => said.replaceChildren(), SAID_MS);
}

async function act(fields, source) {
  if (source?.getAttribute('aria-disabled')) return false;
  source?.setAttribute('aria-disabled', 'true');
  try {
    const body = new URLSearchParams({ token, issue: issue(), reader: state.reader ?? '', ...fields });
    const answer = await fetch(base + '/act', { method: 'POST', body });
    const text = await answer.text();
    if (answer.headers.get('content-type')?.includes('html')) { said.innerHTML = text; speak(answer.ok); }
    else say(text, answer.ok);
    if (answer.ok) everything();
    return answer.ok;
  } catch {
    say('The desk does not answer, so nothing was done. Is `newsletter preview` still running?', false);
    return false;
  } finally {
    source?.removeAttribute('aria-disabled');
  }
}

function everything() {
  stale = new Set(PANELS);
  desk();
  copies(true);
  if (chosen('part') !== 'html') part();
  panels();
}

async function submit(event) {
  const form = event.target;
  if (form.method === 'dialog' || form.getAttribute('action')) return;
  event.preventDefault();
  if (form.id === 'search') return $('#readers .row')?.click();
  if (form.id === 'comparison') {
    form.closest('dialog').close();
    return go(Object.fromEntries(COMPARISON.map((name) => [name, form.elements[name].value.trim() || null])), true);
  }
  if (!form.dataset.act) return;
  const fields = Object.fromEntries(new FormData(form));
  // Of an entry's words only those that were changed are other words.
  if (form.matches('.box')) for (const field of [form.elements.title, form.elements.summary]) if (field.value === field.defaultValue) delete fields[field.name];
  if (form.elements.at) fields.at = new Date(form.elements.at.value).toISOString();
  if (fields.to) localStorage.setItem('test-to', fields.to);
  form.closest('dialog')?.close();
  const good = await act({ act: form.dataset.act, ...(form.dataset.entry && { entry: form.dataset.entry }), ...fields }, form);
  if (good && form.matches('.box')) form.hidden = true;
}

function arrange(item, before) {
  const list = $('#pins');
  list.insertBefore(item, before);
  $$('li', list).forEach((one, place, all) => {
    $('[data-move="-1"]', one).disabled = place === 0;
    $('[data-move="1"]', one).disabled = place === all.length - 1;
  });
  act({ act: 'arrange', entries: $$('li', list).map((one) => one.dataset.entry).join(',') });
}

function dialog(name) {
  if (name === 'compare' && comparing()) return go(Object.fromEntries(COMPARISON.map((one) => [one, null])), true);
  const box = $('#dialog-' + name);
  if ($('dialog[open]')) return;
  if (!box) return issue() && say(`Nothing to ${name} here: this issue is ${$('#top .pill').textContent}.`, false);
  if (name === 'test') {
    $('[name=to]', box).value ||= localStorage.getItem('test-to') ?? '';
    $('#test-whose').textContent = state.like == null ? 'This copy, as it is in front of you' : 'Everybody’s edition (an imagined reader has no copy to post)';
  }
  if (name === 'release') {
    const errors = Number($('[data-errors]')?.dataset.errors ?? 0);
    $('#open-errors').hidden = !errors;
    $('#open-errors').textContent = errors ? `${errors === 1 ? 'One check says' : `${errors} checks say`} that something must be mended first.` : '';
  }
  box.showModal();
}

/** A picture in the middle of the desk, until it is closed. */
function larger(button) {
  const box = $('#dialog-larger'), figure = button.closest('figure'), place = document.createComment('picture');
  if (box.open) return box.close();
  figure.replaceWith(place);
  put(box, figure);
  button.textContent = 'Close';
  box.addEventListener('close', () => { button.textContent = 'Larger'; place.replaceWith(figure); button.focus(); }, { once: true });
  return box.showModal();
}

/** Go to the place that a finding, or a pick, is about. */
function jump({ place, name, url, title }) {
  if (place === 'reader') return go({ reader: name, like: null }, true);
  if (place === 'intro') return write();
  if (place === 'subject') return $('figcaption b', stage)?.scrollIntoView();
  if (place !== 'entry') { navigator.clipboard?.writeText(name).catch(() => {}); return say(`${name}: that is the ${place} to change. Its name is copied.`); }
  if (chosen('part') !== 'html') go({ part: null });
  const known = $(`#panel-picks [data-place=entry][data-name="${CSS.escape(name)}"]`);
  const link = url || known?.dataset.url, words = title || known?.textContent.trim();
  const found = $$('iframe:not(.coming)', stage).map((one) => {
    const document = one.contentDocument;
    const at = document && ([...document.links].find((a) => link && a.href === new URL(link, location.href).href) ?? [...document.querySelectorAll('h1, h2, h3, td, p, a')].find((a) => words && a.textContent.trim() === words));
    at?.scrollIntoView({ block: 'center' });
    return at;
  });
  if (!found.some(Boolean)) say(known ? 'It is not in this copy.' : `Entry ${name} is not in this reader’s copy. Choose another reader to see it.`, false);
}

function drawer(name, from) {
  const open = name && document.body.dataset.drawer !== name;
  if (open) document.body.dataset.drawer = name; else delete document.body.dataset.drawer;
  for (const button of $$('[data-drawer-of]')) button.setAttribute('aria-expanded', String(open && button.dataset.drawerOf === name));
  if (open) $(`#${name} :is(input, [aria-selected=true])`)?.focus(); else from?.focus();
}

// -- what the editor presses

function click(event) {
  const at = event.target, link = at.closest('a[data-set]');
  if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
    event.preventDefault();
    const set = JSON.parse(link.dataset.set);
    if (set.like && $('#search input').value) $('#search input').value = '';
    if (document.body.dataset.drawer === 'who' && set.like == null) drawer(null);
    return go(set, Boolean(link.closest('#who')));
  }
  for (const menu of $$('.menu[open]')) if (!menu.contains(at) || at.closest('button')) menu.open = false;
  if (document.body.dataset.drawer && !at.closest('#who, #why, [data-drawer-of], dialog, #said')) return drawer(null);
  const button = at.closest('button');
  if (!button) return undefined;
  const { dialog: opens, act: does, entry, panel: tab, unfold, place, drawerOf, intro: which, move } = button.dataset;
  if (button.id === 'images') return go({ images: state.images === 'off' ? null : 'off' });
  if (button.id === 'ask-links') { links = '&links=1'; button.disabled = true; button.textContent = 'Asking …'; return panel('checks').finally(() => { links = ''; button.disabled = false; button.textContent = 'Ask every link whether it answers'; }); }
  if (opens) return dialog(opens);
  if (does) return act({ act: does, ...(entry && { entry }) }, button);
  if (tab) return go({ panel: tab });
  if ('panelTo' in button.dataset) { if (getComputedStyle($('#why')).position === 'fixed' && document.body.dataset.drawer !== 'why') drawer('why'); return write(); }
  if (unfold) { const form = document.getElementById(unfold); form.hidden = !form.hidden; button.setAttribute('aria-expanded', String(!form.hidden)); return form.hidden || $('textarea', form).focus(); }
  if (place) return jump({ ...button.dataset, title: button.matches('h3 button') ? button.textContent.trim() : '' });
  if (drawerOf) return drawer(drawerOf, button);
  if ('larger' in button.dataset) return larger(button);
  if (which) return reconcile(which);
  if (move) { const item = button.closest('li'), list = $$('#pins li'), to = list.indexOf(item) + Number(move); arrange(item, list[to < list.indexOf(item) ? to : to + 1] ?? null); return (button.disabled ? $(`[data-move="${-move}"]`, item) : button).focus(); }
  if ('close' in button.dataset) return button.closest('dialog').close();
  if ('hush' in button.dataset) return said.replaceChildren();
  return undefined;
}

function step(by) {
  const rows = $$('#readers .row'), row = rows[rows.findIndex((one) => one.ariaCurrent === 'true') + by];
  if (!row) return;
  go(JSON.parse(row.dataset.set));
  row.scrollIntoView({ block: 'nearest' });
  if ($('#readers').contains(document.activeElement)) row.focus();
}

const KEYS = {
  '/': () => { if (getComputedStyle($('#who')).position === 'fixed') drawer('who'); $('#search input').select(); },
  j: () => step(1), k: () => step(-1),
  1: () => go({ panel: 'checks' }), 2: () => go({ panel: 'picks' }), 3: () => go({ panel: 'intro' }), 4: () => go({ panel: 'pictures' }),
  d: () => go({ scheme: chosen('scheme') === 'dark' ? null : 'dark' }),
  p: () => go({ view: chosen('view') === 'phone' ? null : 'phone' }),
  i: () => $('#images').click(), t: () => go({ part: chosen('part') === 'text' ? null : 'text' }),
  c: () => dialog('compare'), e: () => $('[data-panel-to]')?.click(), r: () => dialog('release'), '?': () => dialog('keys'),
};

function key(event) {
  const at = event.target, tab = at.closest?.('[role=tab]'), typing = at.matches?.('input:not([type=checkbox]), textarea, select');
  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey) && at.form?.id === 'intro-form') return at.form.requestSubmit();
  if (event.ctrlKey || event.metaKey || event.altKey || $('dialog[open]')) return undefined;
  if (event.key === 'Escape') return escape(at);
  if (tab && ['ArrowLeft', 'ArrowRight'].includes(event.key)) {
    const next = PANELS[(PANELS.indexOf(tab.dataset.panel) + (event.key === 'ArrowRight' ? 1 : 3)) % 4];
    go({ panel: next });
    return $('#tab-' + next).focus();
  }
  const list = at.closest?.('#readers, #search') && !at.matches('textarea');
  if (list && ['ArrowDown', 'ArrowUp'].includes(event.key)) { event.preventDefault(); return step(event.key === 'ArrowDown' ? 1 : -1); }
  if (typing || !KEYS[event.key]) return undefined;
  event.preventDefault();
  return KEYS[event.key]();
}

function escape(at) {
  const menu = at.closest?.('.menu[open]');
  if (menu) { menu.open = false; return $('summary', menu).focus(); }
  if (at.matches?.('#search input') && at.value) { at.value = ''; return readers(); }
  if (document.body.dataset.drawer) return drawer(null, $(`[data-drawer-of=${document.body.dataset.drawer}]`));
  return said.replaceChildren();
}

const later = (work) => (event) => { clearTimeout(work.timer); work.timer = setTimeout(work, work.wait, event.target); };
const typing = {
  q: later(Object.assign(() => readers(), { wait: 70 })),
  like: later(Object.assign((field) => { go({ like: field.value, reader: null }); field.closest('#readers').querySelectorAll('.row')[1].lastChild.textContent = field.value || '…'; }, { wait: WARM_MS })),
  text: later(Object.assign(proof, { wait: 200 })),
  find: later(Object.assign(async (field) => { const html = field.value.trim() && await ask('found', `/find?${query({}, ['issue'])}&q=${encodeURIComponent(field.value.trim())}`); put($('#found')); if (html) $('#found').innerHTML = html; }, { wait: 200 })),
  others: later(Object.assign(others, { wait: 150 })),
};

async function others(field) {
  const html = await ask('others', `/readers?${query({}, ['issue'])}&q=${encodeURIComponent(field.value.trim())}`);
  const rows = html ? $$('.row', new DOMParser().parseFromString(html, 'text/html')) : [];
  const people = rows.map((row) => [JSON.parse(row.dataset.set).reader, row.firstChild.textContent]).filter(([address]) => address);
  put($('#others'), new Option('Everybody’s edition', '*'), ...people.map(([address, name]) => new Option(name, address)));
}

function input(event) {
  const { target } = event;
  const kind = target.matches('#search input') ? 'q' : target.matches('#finder input') ? 'find' : target.matches('#comparison [name=with]') ? 'others' : target.name;
  if (target.closest('#search, #imagine, #intro-form, #finder, #comparison')) typing[kind]?.(event);
}

// -- dragging pins; the arrows beside them do the same

let dragged = null;
document.addEventListener('dragstart', (event) => { dragged = event.target.closest?.('#pins li'); dragged?.classList.add('held'); });
document.addEventListener('dragend', () => { $$('.held, .over').forEach((one) => one.classList.remove('held', 'over')); dragged = null; });
document.addEventListener('dragover', (event) => {
  const over = dragged && event.target.closest?.('#pins li');
  if (!over) return;
  event.preventDefault();
  $$('.over').forEach((one) => one.classList.remove('over'));
  over.classList.add('over');
});
document.addEventListener('drop', (event) => {
  const over = dragged && event.target.closest?.('#pins li');
  if (!over || over === dragged) return;
  event.preventDefault();
  arrange(dragged, dragged.compareDocumentPosition(over) & Node.DOCUMENT_POSITION_FOLLOWING ? over.nextSibling : over);
});
