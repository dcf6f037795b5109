// The log: a stretch of the shown talk's lines in the document. It follows the talk while the reader is at its end, and
// moves up and down with them otherwise. A screen reader tells what is new and nothing else. Text comes in by textContent.

const at = id => document.getElementById(id);
const write = (id, words) => (at(id).textContent = words);
const hide = (id, isHidden) => (at(id).hidden = isHidden);
const scroller = at('scroll');
const log = at('log');
const waitingList = at('waiting');
const newer = at('newer');
/** The item of each line. */
const itemOf = new WeakMap();

/** Makes an element. `more` are its children: nodes or text. */
function element(tag, name, ...more) {
  const node = document.createElement(tag);
  if (name) node.className = name;
  node.append(...more.filter(Boolean));
  return node;
}

function button(words, run, name) {
  const node = element('button', name, words);
  node.onclick = run;
  return node;
}

const unseen = words => element('span', 'unseen', words);

function nameNode(name) {
  const node = element('bdi', 'name', name);
  node.style.setProperty('--hue', hue(name));
  node.dataset.name = name;
  return node;
}

function timeNode(time) {
  const node = element('time', '', clock(time));
  node.dateTime = new Date(time).toISOString();
  node.title = `${day(time)}, ${clock(time, 8)}`;
  return node;
}

function textNode(text) {
  const node = element('span', 'text');
  node.dir = 'auto';
  for (const piece of pieces(text)) {
    if (typeof piece === 'string') {
      node.append(piece);
      continue;
    }
    const link = element('a', '', piece.text);
    Object.assign(link, { href: piece.href, target: '_blank', rel: 'noopener noreferrer' });
    node.append(link);
  }
  return node;
}

const continues = (item, before) =>
  item.kind === 'said' &&
  before?.kind === 'said' &&
  before.from === item.from &&
  item.at - before.at < TOGETHER &&
  sameDay(item.at, before.at);

/** The line of an item that stands behind another. */
function lineNode(item, before) {
  const node = element('div', `line ${item.kind}`);
  const { kind, from, text } = item;
  if (kind === 'said') node.append(nameNode(from), ' ', timeNode(item.at), ' ');
  if (item.isForMe) {
    node.classList.add('for-me');
    node.append(unseen(item.isPrivate ? 'to you: ' : 'names you: '));
  }
  if (kind === 'said') node.append(textNode(text));
  if (kind === 'did') {
    const words = textNode(text);
    words.prepend(nameNode(from), ' ');
    node.append(words, ' ', timeNode(item.at));
  }
  if (kind === 'notice' || kind === 'alert') node.append(textNode(item.words), ' ', timeNode(item.at));
  if (kind === 'moves') node.append(element('span', 'text', movesInWords(item.moves)), ' ', timeNode(item.at));
  if (kind === 'answer') {
    const shown = element('pre', '', item.words);
    shown.dir = 'auto';
    node.append(shown);
  }
  // Comings and goings are there to be read, and are not worth an interruption.
  if (kind === 'moves') node.setAttribute('aria-live', 'off');
  if (item.isPrivate) node.classList.add('private');
  if (continues(item, before)) node.classList.add('follow');
  itemOf.set(node, item);
  return node;
}

/** The items of the first and the last line in the document. */
let firstDrawn = null;
let lastDrawn = null;
let ends = true;

/** Whether the reader is at the end of the log. */
const isAtEnd = () => ends;

/** What is looked at: the shown talk, or an excerpt of its past. */
const viewed = () => place.shown?.excerpt ?? place.shown;

/** Whether lines of the talk are missing below those in the document. */
const isCut = () => !!place.shown && (!!place.shown.excerpt || lastDrawn !== (place.shown.items.at(-1) ?? null));

/** What stands over a line: its day, and the sign that new lines begin. */
function heads(item, before) {
  const over = [];
  if (!before || !sameDay(before.at, item.at)) over.push(element('p', 'day', day(item.at)));
  if (place.shown.newFrom === item) {
    log.querySelector('.new')?.remove();
    over.push(element('p', 'new', 'New'));
  }
  return over;
}

/** The nodes of items that stand behind another. */
function nodesOf(items, before) {
  const nodes = [];
  for (const item of items) {
    const over = heads(item, before);
    nodes.push(...over, lineNode(item, over.length ? null : before));
    before = item;
  }
  return nodes;
}

/** Draws a line that has just come, unless the reader is far above it. */
function append(item) {
  const { items, excerpt } = place.shown;
  hide('empty', true);
  if (!excerpt && lastDrawn === (items.at(-2) ?? null) && (ends || log.childElementCount < LINES)) {
    log.append(...nodesOf([item], lastDrawn));
    firstDrawn ??= item;
    lastDrawn = item;
    hush(item);
  }
  trim();
  settle();
}

/** Draws these items and no others. */
function drawItems(items) {
  log.replaceChildren();
  log.append(...nodesOf(items, null));
  firstDrawn = items[0] ?? null;
  lastDrawn = items.at(-1) ?? null;
}

const isLine = node => itemOf.has(node);

/** Draws more items above. As many lines go at the other end. */
function drawAbove(items) {
  quieten();
  inPlace(() => {
    while (!isLine(log.firstElementChild)) log.firstElementChild.remove();
    const first = log.firstElementChild;
    const over = heads(firstDrawn, items.at(-1));
    first.classList.toggle('follow', !over.length && continues(firstDrawn, items.at(-1)));
    log.prepend(...nodesOf(items, null), ...over);
    while (log.childElementCount > LINES || !isLine(log.lastElementChild)) log.lastElementChild.remove();
  });
  firstDrawn = items[0];
  lastDrawn = itemOf.get(log.lastElementChild);
}

/** The same below. */
function drawBelow(items) {
  quieten();
  inPlace(() => log.append(...nodesOf(items, lastDrawn)));
  lastDrawn = items.at(-1);
  trim();
}

/** Removes the oldest lines beyond the most, and those that the talk has no more. */
function trim() {
  const isFull = () => log.childElementCount > LINES || firstDrawn?.isGone;
  if (!isFull()) return;
  inPlace(() => {
    while (isFull()) {
      const [first, second] = log.children;
      const isLeft = first.className === 'day' && second && second.className !== 'day';
      (isLeft ? second : first).remove();
      firstDrawn = itemOf.get(log.querySelector('.line')) ?? null;
    }
    log.querySelector('.line')?.classList.remove('follow');
  });
}

/** Changes the log. What the reader looks at stays where it is. */
function inPlace(change) {
  if (ends) {
    change();
    return settle();
  }
  const { top } = scroller.getBoundingClientRect();
  const lines = log.getElementsByClassName('line');
  const mark = [...lines].find(line => line.getBoundingClientRect().bottom > top) ?? lines[lines.length - 1];
  const was = mark?.getBoundingClientRect().top;
  change();
  // It may be drawn anew.
  const now = mark?.isConnected ? mark : [...lines].find(line => itemOf.get(line) === itemOf.get(mark));
  if (now) scroller.scrollTop += now.getBoundingClientRect().top - was;
  settledHeight = scroller.scrollHeight;
}

let isSettling = false;

/** Before the next picture: stay at the end if the reader was there, and say what is below if not. */
function settle() {
  if (isSettling) return;
  isSettling = true;
  requestAnimationFrame(() => {
    isSettling = false;
    settledHeight = scroller.scrollHeight;
    if (ends) scroller.scrollTop = settledHeight;
    scrolled();
  });
}

/** The reader sees another part of the log. */
function scrolled() {
  reach();
  drawNewer();
  see();
}

/** How much of the log is below what is seen. */
const below = () => scroller.scrollHeight - scroller.clientHeight - scroller.scrollTop;

/** The way back to the end, where there is something new or the way is long. */
function drawNewer() {
  const unread = place.shown?.unread ?? 0;
  newer.hidden = ends || !(unread || isCut() || below() > 3 * scroller.clientHeight);
  newer.textContent = unread ? count(unread, 'new message') : 'Go to the newest';
  hide('waiting', isCut());
}

// The reader leaves the end by scrolling. A log that changed since it was last settled may be off its end by itself.
let settledHeight = 0;
let touchedAt = 0;
for (const event of ['wheel', 'touchmove']) scroller.addEventListener(event, () => (touchedAt = Date.now()), { passive: true });
scroller.addEventListener('scroll', () => {
  if (below() < 24 && !isCut()) ends = true;
  else if (scroller.scrollHeight === settledHeight || Date.now() - touchedAt < SECOND) ends = false;
  scrolled();
});
newer.onclick = () => {
  if (isCut()) drawLog();
  ends = true;
  settle();
  box.focus();
};
new ResizeObserver(settle).observe(scroller);

// A screen reader is told single lines. History and bursts go in silently, and are told as a number.

const CALM = SECOND;
const BURST = 5;
let burst = 0;
let arrivedAt = 0;
let calm = 0;

function hush({ kind, isPast }) {
  if (kind === 'moves') return;
  const now = Date.now();
  burst = now - arrivedAt < CALM ? burst + 1 : 1;
  arrivedAt = now;
  if (isPast || burst > BURST) quieten(() => tell(`${count(burst, 'message')} in ${label(place.shown)}.`));
}

/** Keeps the log from being read out until it has been calm for a moment. */
function quieten(then) {
  log.setAttribute('aria-busy', 'true');
  log.setAttribute('aria-live', 'off');
  clearTimeout(calm);
  calm = setTimeout(() => {
    log.removeAttribute('aria-busy');
    log.removeAttribute('aria-live');
    then?.();
  }, CALM);
}

/** Says something by a screen reader alone. */
const tell = words => write('status', words);

/** Draws the log of the shown talk, to its end. */
function drawLog() {
  const talk = place.shown;
  ends = true;
  if (talk) Object.assign(talk, { excerpt: null, trouble: '' });
  hide('empty', !talk || talk.items.length > 0);
  drawItems(talk?.items.slice(-LINES) ?? []);
  drawOlder();
  if (!talk) return;
  log.setAttribute('aria-label', talk.room ? `Messages in #${talk.room}` : `Private messages with ${talk.name}`);
  write('empty', talk.room ? 'Nobody has said anything here yet.' : `What you and ${talk.name} write here is private.`);
  trim();
  quieten();
  burst = 0;
  drawWaiting();
  const marker = log.querySelector('.new');
  if (!marker || !talk.unread) return settle();
  scroller.scrollTop = scroller.scrollHeight;
  const above = marker.offsetTop - scroller.scrollTop;
  if (above > 0) return;
  ends = false;
  scroller.scrollTop += above - 48;
}

/** Draws the last line anew, to which more people came or went. */
function redrawMoves(item) {
  if (lastDrawn === item) log.lastElementChild.querySelector('.text').textContent = movesInWords(item.moves);
  settle();
}

const STATES = { queued: 'Not sent yet.', lost: 'Not confirmed yet.', unsure: 'Not confirmed. Send again?' };

/** Draws the lines that are not confirmed, below the log. */
function drawWaiting() {
  const talk = place.shown;
  const lines = waiting.filter(line => line.key === talk?.key);
  let before = talk?.items.at(-1);
  waitingList.replaceChildren(
    ...lines.map(line => {
      const item = { kind: line.op === 'do' ? 'did' : 'said', from: me.name, text: line.text, at: line.at, isPrivate: !!talk.name };
      const node = lineNode(item, before);
      before = item;
      node.classList.add('waiting');
      const words = line.state === 'refused' ? line.why : STATES[line.state];
      if (words) node.append(element('p', 'state', words, ...choices(line)));
      return node;
    }),
  );
  if (lines.length) hide('empty', true);
  settle();
}

/** What a person may do with a line that did not get through. */
function choices(line) {
  const without = () => {
    waiting = waiting.filter(one => one !== line);
    keepWaiting();
    box.focus();
  };
  const again = () => {
    Object.assign(line, { id: newId(), state: 'queued' });
    if (talks.get(line.key)?.isLive) transmit(line);
    keepWaiting();
    box.focus();
  };
  const edit = () => {
    giveBack(talks.get(line.key), typedAs(line));
    without();
  };
  if (line.state === 'unsure') return [button('Send again', again), button('Discard', without)];
  if (line.state === 'refused') return [button('Edit', edit), button('Discard', without)];
  return [];
}

/** A line as it is copied: `[12:30] Alice: text`. */
function copied(item) {
  const { kind, from, text, words, moves } = item;
  const said = { said: () => `${from}: ${text}`, did: () => `* ${from} ${text}`, moves: () => movesInWords(moves) };
  return `[${clock(item.at)}] ${(said[kind] ?? (() => words))()}`;
}

addEventListener('copy', event => {
  const selection = getSelection();
  if (selection.isCollapsed || !log.contains(selection.anchorNode) || !log.contains(selection.focusNode)) return;
  const lines = [...log.querySelectorAll('.line')].filter(line => itemOf.has(line) && selection.containsNode(line, true));
  if (lines.length < 2) return;
  event.clipboardData.setData('text/plain', lines.map(line => copied(itemOf.get(line))).join('\n'));
  event.preventDefault();
});

// A name in the log, clicked or touched, is put into the box.
log.addEventListener('click', ({ target }) => {
  const name = target.dataset?.name;
  if (name && getSelection().isCollapsed) insertName(name);
});
