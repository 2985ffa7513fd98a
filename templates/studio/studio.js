// What changes by itself, as the server tells it; and how everything begins.
'use strict';

function trouble(mistake) {
  const bar = $('#trouble');
  bar.hidden = !mistake;
  if (!mistake) return;
  bar.innerHTML = '<p><b></b> <span></span></p><pre><i></i><code></code></pre><p class="soft">Below stands the last good picture, if there was one; a new one comes as soon as this is mended.</p>';
  $('b', bar).textContent = mistake.file ? `${mistake.file}${mistake.line ? `, line ${mistake.line}` : ''}:` : 'This cannot be shown:';
  $('span', bar).textContent = mistake.message;
  $('pre', bar).hidden = !mistake.source;
  $('i', bar).textContent = mistake.line ?? '';
  $('code', bar).textContent = mistake.source ?? '';
}

function changed({ what, error }) {
  trouble(error);
  const has = (...names) => names.some((name) => what.includes(name));
  stale = new Set(PANELS);
  copies(true);
  if (chosen('part') !== 'html') part();
  if (has('settings', 'entries', 'issue')) { desk(); if (!$('#imagine textarea')?.matches(':focus')) readers(); }
  clearTimeout(changed.checks);
  const waits = chosen('panel') === 'checks' && stale.delete('checks');
  panels();
  if (waits) changed.checks = setTimeout(panel, CALM_MS, 'checks');
}

function lost() {
  clearTimeout(lost.timer);
  lost.timer = setTimeout(() => { const pill = $('.pill.lost'); pill.hidden = false; pill.textContent = 'The desk does not answer'; }, LOST_MS);
}
function listen() {
  const events = new EventSource(base + '/events');
  let first = true;
  events.addEventListener('changed', (event) => changed(JSON.parse(event.data)));
  events.onopen = () => {
    clearTimeout(lost.timer);
    $('.pill.lost').hidden = true;
    if (!first || listen.again) everything();
    first = false;
  };
  events.onerror = () => {
    lost();
    if (events.readyState === EventSource.CLOSED) { listen.again = true; setTimeout(listen, LOST_MS); }
  };
}

document.addEventListener('click', click);
document.addEventListener('submit', submit);
document.addEventListener('keydown', key);
document.addEventListener('input', input);
// A drawer does not stay open behind one's back.
document.addEventListener('focusin', (event) => { if (document.body.dataset.drawer && !event.target.closest('#who, #why, #top, dialog')) drawer(null); });
addEventListener('popstate', () => { const before = state; state = read(); render(before); });
addEventListener('beforeunload', (event) => { if (unsaved()) event.preventDefault(); });
new ResizeObserver(() => {
  const keys = (all) => all.join();
  if (keys($$('figure', stage).map((figure) => figure.dataset.key)) !== keys(wanted().map(({ side, kind }) => side + kind))) copies(true);
  else fit();
}).observe(stage);
trouble(JSON.parse($('#trouble').dataset.mistake));
mark();
copies(false);
part();
panels();
listen();
