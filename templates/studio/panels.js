// The panels at the right: checks, picks, intro, pictures. What is being typed is never lost to what is fetched.
'use strict';

const PANELS = ['checks', 'picks', 'intro', 'pictures'];
let stale = new Set(PANELS), links = '';

function panels() {
  const open = chosen('panel');
  for (const name of PANELS) {
    const tab = $('#tab-' + name), shown = name === open;
    tab.setAttribute('aria-selected', String(shown));
    tab.tabIndex = shown ? 0 : -1;
    $('#panel-' + name).hidden = !shown;
  }
  // The picks know the subject and the size, so they are wanted in any case.
  for (const name of new Set(['picks', open])) if (stale.delete(name)) panel(name);
}

/** What takes a while, in words: at first, and when it takes longer than one expects. */
const WAITING = {
  checks: ['Looking at every reader’s copy …', 'Still looking at every reader’s copy. The first time takes longest: the model starts, and reads what is new.'],
  pictures: ['Drawing …', 'Still drawing. The first time takes longest: the model starts, and reads what is new.'],
  picks: ['Looking …', 'Still looking. The first time takes longest: the model starts, and reads what is new.'],
  intro: ['Looking …', 'Still looking: the desk is busy with something else.'],
};

async function panel(name) {
  const target = $('#panel-' + name);
  const wait = (words) => { if (!target.childElementCount || $('.waiting', target)) put(target, Object.assign(document.createElement('p'), { className: 'none waiting', textContent: words })); };
  const waiting = [SLOW_MS, LONG_MS].map((after, n) => setTimeout(wait, after, WAITING[name][n]));
  if (name === 'checks' || name === 'pictures') await firstCopy;
  const html = await ask('panel-' + name, `/${name}?` + query() + (name === 'checks' ? links : ''));
  waiting.forEach(clearTimeout);
  if (html == null) return name === 'picks' && captions();
  if (name === 'intro') return intro(html);
  fill(target, html);
  if (name === 'picks') captions();
}

const unsaved = () => {
  const form = $('#intro-form');
  return form != null && form.elements.text.value.trim() !== form.elements.text.defaultValue.trim();
};

/** A new state of the intro: what is being typed stays, and the editor is told where somebody else wrote too. */
function intro(html) {
  const target = $('#panel-intro'), mine = $('#intro-form'), writing = mine?.contains(document.activeElement);
  const keep = mine && mine.dataset.issue === issue() && (unsaved() || writing);
  const { selectionStart, selectionEnd } = mine?.text ?? {};
  fill(target, html);
  const fresh = $('#intro-form');
  fresh.dataset.issue = issue();
  if (keep) {
    const theirs = fresh.elements.text.defaultValue, known = [mine.elements.text.defaultValue, mine.elements.text.value].some((text) => text.trim() === theirs.trim());
    Object.assign(mine.dataset, { theirs, version: fresh.elements.before.value });
    if (known) accept(mine);
    $('#intro-changed', mine).hidden = known;
    fresh.replaceWith(mine);
    if (writing) { mine.elements.text.focus({ preventScroll: true }); mine.elements.text.setSelectionRange(selectionStart, selectionEnd); }
  }
  if (write.waits) fresh.elements.text.focus();
  write.waits = false;
  proof();
}

/** Open the intro, ready to be written. */
function write() {
  go({ panel: 'intro' });
  const form = $('#intro-form');
  write.waits = !form;
  form?.text.focus();
}

async function proof() {
  const form = $('#intro-form'), text = form.elements.text.value, shown = $('#intro-proof');
  const answer = text.trim() && await fetch(base + '/intro/preview', { method: 'POST', body: new URLSearchParams({ token, text }) }).catch(() => null);
  if (text !== form.elements.text.value) return;
  shown.hidden = !answer?.ok;
  if (answer?.ok) shown.innerHTML = await answer.text();
}

/** What somebody else wrote is known now, so that saving replaces it. */
function accept(form) {
  const { value } = form.elements.text;
  form.elements.text.defaultValue = form.dataset.theirs;
  form.elements.text.value = value;
  form.elements.before.value = form.dataset.version;
}

function reconcile(which) {
  const form = $('#intro-form');
  accept(form);
  if (which === 'theirs') form.elements.text.value = form.dataset.theirs;
  $('#intro-changed').hidden = true;
  proof();
  form.elements.text.focus();
}
