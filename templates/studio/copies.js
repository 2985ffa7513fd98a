// The copies of the mail: frames to scale, each loaded out of sight before it takes the place of the one before.
'use strict';

/** Which copies stand side by side; fewer, or as on a phone, where others would be too small to read. */
const wanted = () => {
  const view = chosen('view') === 'both' && stage.clientWidth < ROOM_FOR_BOTH ? 'phone' : chosen('view');
  const narrow = view === 'phone' || (view === 'both' && stage.clientWidth < ROOM_FOR_TWO);
  if (comparing()) return ['a', 'b'].map((side) => ({ side, kind: narrow ? 'phone' : 'desktop' }));
  return (view === 'both' ? ['desktop', 'phone'] : [view]).map((kind) => ({ side: 'a', kind }));
};

/** When a first copy is there. Checks and pictures wait for it, or the model would start twice at once. */
let arrived;
const firstCopy = new Promise((resolve) => { arrived = resolve; });

function copies(keep) {
  const there = new Map($$('figure', stage).map((figure) => [figure.dataset.key, figure]));
  const figures = wanted().map(({ side, kind }) => there.get(side + kind) ?? frame(side, kind));
  if (figures.some((figure) => !figure.isConnected) || figures.length !== there.size) put(stage, ...figures);
  for (const figure of figures) load(figure, keep);
  captions();
  fit();
  clearTimeout(copies.slow);
  copies.slow = setTimeout(() => stage.classList.toggle('slow', $('.coming', stage) != null), SLOW_MS);
  clearTimeout(copies.long);
  copies.long = setTimeout(waits, LONG_MS);
}

/** A first copy that takes its time says so where it will stand. */
function waits() {
  for (const glass of $$('.glass', stage)) {
    if ($('iframe:not(.coming), .nothing', glass) || !$('.coming', glass)) continue;
    glass.append(Object.assign(document.createElement('p'), { className: 'nothing waiting', role: 'status', textContent: 'The first copy takes longest: the model starts, and reads what is new. The next ones take a moment.' }));
  }
}

function frame(side, kind) {
  const figure = document.createElement('figure');
  figure.className = kind;
  Object.assign(figure.dataset, { key: side + kind, side, kind });
  figure.innerHTML = '<figcaption><b dir="auto"></b><span dir="auto"></span></figcaption><div class="glass"></div>';
  return figure;
}

function load(figure, keep) {
  const glass = $('.glass', figure), old = $('iframe:not(.coming)', glass);
  for (const late of $$('.coming', glass)) late.remove();
  const next = document.createElement('iframe');
  next.className = 'coming';
  next.title = figure.dataset.kind === 'phone' ? 'The mail on a phone' : 'The mail on a desktop';
  // No scripts run in it; being of our origin lets us scroll it.
  next.setAttribute('sandbox', 'allow-same-origin');
  next.src = `${base}/copy?${query({}, COPY)}&side=${figure.dataset.side}`;
  next.addEventListener('load', () => {
    if (!next.isConnected) return;
    if (keep && old?.contentWindow) next.contentWindow.scrollTo(0, old.contentWindow.scrollY);
    const held = document.activeElement === old && old;
    next.className = '';
    old?.remove();
    $('.waiting', glass)?.remove();
    arrived();
    if (held) next.focus({ preventScroll: true });
    next.contentDocument?.addEventListener('keydown', key);
    next.contentDocument?.addEventListener('click', follow);
    if (!$('.coming', stage)) stage.classList.remove('slow');
  }, { once: true });
  glass.append(next);
}

/** A link in the mail is opened beside the desk, never in the frame. */
function follow(event) {
  const link = event.target.closest?.('a[href]');
  if (!link) return;
  event.preventDefault();
  if (/^https?:/.test(link.href)) window.open(link.href, '_blank', 'noopener');
}

function fit() {
  const figures = $$('figure', stage);
  if (!figures.length || stage.hidden) return;
  const gap = parseFloat(getComputedStyle(stage).columnGap) || 0;
  const room = stage.clientWidth - gap * (figures.length - 1) - 2 * figures.length;
  const scale = Math.min(1, room / figures.reduce((sum, figure) => sum + WIDTHS[figure.dataset.kind], 0));
  for (const figure of figures) {
    const wide = WIDTHS[figure.dataset.kind];
    figure.style.width = `${wide * scale + 2}px`;
    $('.glass', figure).style.setProperty('--wide', `${wide}px`);
    $('.glass', figure).style.setProperty('--scale', scale);
  }
}

/** Subject, whom it is from and for; and why there is no mail, where there is none. */
function captions() {
  const heads = $$('[data-head]', $('#panel-picks')).map((head) => head.dataset);
  for (const figure of $$('figure', stage)) {
    const head = heads[figure.dataset.side === 'b' ? 1 : 0], caption = $('figcaption', figure);
    caption.hidden = figure.dataset.kind === 'phone' && $$('figure', stage).length > 1 && !comparing();
    if (!head) { put($('b', caption), $('#readers [aria-current] b')?.textContent ?? ''); put($('span', caption)); continue; }
    $('b', caption).textContent = comparing() ? `${head.label} · ${kilobytes(head)}` : head.subject || head.label;
    $('span', caption).textContent = comparing() ? head.subject : `${head.from} → ${head.to}`;
    $('.nothing', figure)?.remove();
    if (head.nothing) $('.glass', figure).append(Object.assign(document.createElement('p'), { className: 'nothing', textContent: head.nothing }));
  }
  $('#size').textContent = comparing() || !(heads[0]?.size > 0) ? '' : kilobytes(heads[0]);
}
const kilobytes = ({ size }) => size > 0 ? `${Math.ceil(size / 1024)} kB` : 'no mail';

async function part() {
  const kind = chosen('part'), html = kind === 'html';
  stage.hidden = !html;
  $('#part').hidden = html;
  if (html) return fit();
  const text = await ask('part', '/part?' + query({}, [...COPY, 'part']));
  if (text != null) fill($('#part'), text);
}
