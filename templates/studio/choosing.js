// What the desk shows stands in its address: read from there, changed by what is chosen, and fetched.
'use strict';

const $ = (selector, within = document) => within.querySelector(selector);
const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];
const { base, token } = document.body.dataset;
const stage = $('#stage'), said = $('#said');
const NAMES = ['issue', 'reader', 'like', 'view', 'scheme', 'images', 'part', 'panel', 'with', 'picks', 'outside', 'floor', 'favourites'];
const FIRST = { view: 'both', scheme: 'light', images: 'on', part: 'html', panel: 'checks' };
const COMPARISON = ['with', 'picks', 'outside', 'floor', 'favourites'];
const COPY = ['issue', 'reader', 'like', 'scheme', 'images', ...COMPARISON];
const WIDTHS = { desktop: 640, phone: 320 }, ROOM_FOR_TWO = 840, ROOM_FOR_BOTH = 480;
const HASTE_MS = 90, WARM_MS = 350, CALM_MS = 1500, SLOW_MS = 400, LONG_MS = 3000, SAID_MS = 8000, LOST_MS = 2500;

// -- what is chosen

const read = () => Object.fromEntries([...new URLSearchParams(location.search)].filter(([name]) => NAMES.includes(name)));
let state = read();
const chosen = (name) => state[name] || FIRST[name];
const comparing = () => COMPARISON.some((name) => state[name]);
const query = (changes = {}, names = NAMES) => {
  const all = { ...state, ...changes };
  const kept = names.filter((name) => all[name] != null && (name === 'like' || (all[name] !== '' && all[name] !== FIRST[name])));
  return new URLSearchParams(kept.map((name) => [name, all[name]])).toString();
};

function go(changes, push = false) {
  if ('issue' in changes && changes.issue !== state.issue && unsaved()) {
    go({ panel: 'intro' });
    return say('The intro is not saved yet. Save it, or take back what you typed, before you open another issue.', false);
  }
  const before = state;
  history[push ? 'pushState' : 'replaceState'](null, '', '?' + query(changes));
  state = read();
  render(before);
}

function render(before) {
  const changed = (...names) => names.some((name) => before[name] !== state[name]);
  if (changed('issue')) { stale = new Set(PANELS); desk(); }
  if (changed('issue') || (before.like == null) !== (state.like == null)) readers(changed('issue') ? false : state.like != null);
  if (changed('issue', 'reader', 'like', ...COMPARISON)) soon(() => { stale.add('picks'); copies(false); panels(); });
  else if (changed('scheme', 'images')) copies(true);
  else if (changed('view')) copies(true);
  if (changed('part', 'issue', 'reader', 'like')) part();
  panels();
  mark();
}

/** At once; but somebody who leafs through the readers sees the one at whom they stop. */
function soon(work) {
  const calm = performance.now() - (soon.last ?? -Infinity) > HASTE_MS;
  soon.last = performance.now();
  clearTimeout(soon.timer);
  if (calm) work(); else soon.timer = setTimeout(work, HASTE_MS);
}

/** Everything that shows what is chosen, and every link that leads on from here. */
function mark() {
  for (const link of $$('[data-set]')) {
    const set = JSON.parse(link.dataset.set), names = Object.keys(set);
    link.href = '?' + query(set);
    if (link.closest('#issues')) continue;
    const holds = names.every((name) => name === 'like' ? (set.like == null) === (state.like == null) : (set[name] ?? FIRST[name] ?? '') === (chosen(name) ?? ''));
    if (holds) link.setAttribute('aria-current', 'true'); else link.removeAttribute('aria-current');
  }
  $('#images').setAttribute('aria-pressed', String(state.images === 'off'));
  $('#compare').setAttribute('aria-pressed', String(comparing()));
}

// -- what is fetched

const asked = {};
/** The text of an answer, or null where a later question has overtaken it or nothing came. */
async function ask(place, path) {
  const mine = asked[place] = Symbol(place);
  try {
    const answer = await fetch(base + path);
    const text = await answer.text();
    if (asked[place] !== mine) return null;
    if (answer.status === 401 || answer.redirected) { location.reload(); return null; }
    if (answer.ok) return text;
    const target = $('#' + place);
    // While a template is broken, what was there for the same reader is the last that is right.
    if (target && ($('.waiting', target) || !target.childElementCount || target.dataset.of !== query({}, COPY))) put(target, Object.assign(document.createElement('p'), { className: 'summary', textContent: plain(text) }));
  } catch {
    lost();
  }
  return null;
}
const plain = (html) => { const { body } = new DOMParser().parseFromString(html, 'text/html'); return ($('span, p', body) ?? body).textContent.trim(); };
const put = (target, ...nodes) => target?.replaceChildren(...nodes);

/** Put a fragment in; what has the focus, and what is being typed, stays. */
function fill(target, html) {
  const { activeElement: held } = document, within = target.contains(held), { scrollTop } = target;
  const typed = $$('form.box:not([hidden])', target);
  const again = within && (held.id ? '#' + CSS.escape(held.id) : [...held.attributes].filter(({ name }) => /^(data-|name$|role$)/.test(name)).map(({ name, value }) => `[${name}="${CSS.escape(value)}"]`).join(''));
  target.innerHTML = html;
  target.dataset.of = query({}, COPY);
  for (const form of typed) document.getElementById(form.id)?.replaceWith(form);
  target.scrollTop = scrollTop;
  if (within && !target.contains(document.activeElement)) ((again && $(again, target)) || target).focus({ preventScroll: true });
  mark();
}

async function readers(focus = false) {
  const q = $('#search input').value.trim();
  const html = await ask('readers', '/readers?' + query() + (q ? '&q=' + encodeURIComponent(q) : ''));
  if (html == null) return;
  fill($('#readers'), html);
  $('#total').textContent = $('[data-total]')?.dataset.total ?? '';
  if (focus) $('#imagine textarea')?.focus();
}

/** The parts of the page that depend on how the issue stands. */
async function desk() {
  const html = await ask('desk', '/?' + query());
  if (html == null) return;
  const page = new DOMParser().parseFromString(html, 'text/html');
  const swap = (id) => $(id, page) && $(id).replaceWith(document.importNode($(id, page), true));
  const held = document.activeElement?.id;
  swap('#top');
  swap('#issues');
  if (!$('dialog[open]')) swap('#dialogs');
  if (held) document.getElementById(held)?.focus();
  document.title = page.title;
  trouble(JSON.parse($('#trouble', page)?.dataset.mistake || 'null'));
  mark();
}
