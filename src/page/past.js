// The past: older lines of a room, which the server is asked for as the reader comes near the top, and the place of one line
// among those around it. Lines that are drawn no more stay in memory, so that coming back asks for nothing.

/** How many lines are asked for, and drawn, at once. */
const STRETCH = 50;

/** Near an end of what is drawn, more is drawn. */
function reach() {
  const view = viewed();
  if (!view) return;
  const { items } = view;
  const isNear = distance => distance < scroller.clientHeight;
  const first = firstDrawn ? items.indexOf(firstDrawn) : 0;
  if (isNear(scroller.scrollTop)) {
    if (first > 0) drawAbove(items.slice(Math.max(0, first - STRETCH), first));
    else askOlder(view);
  } else if (isNear(below()) && lastDrawn !== items.at(-1)) {
    const next = items.indexOf(lastDrawn) + 1;
    drawBelow(items.slice(next, next + STRETCH));
  }
}

function askOlder(view) {
  const { room, isLive, isWhole, isAsking, trouble, items } = view;
  const oldest = items.find(item => item.seq || item.text !== undefined);
  // Lines from before the numbers began anew cannot be gone behind.
  const isKnown = !oldest || oldest.seq;
  if (!room || !isLive || isWhole || isAsking || trouble || !isKnown || items.length >= PAST) return drawOlder();
  const before = view.reached || oldest?.seq;
  view.isAsking = ask({ op: 'history', room, before, count: STRETCH }, event => takeOlder(view, event));
  drawOlder();
}

function takeOlder(view, { event, text, lines, more }) {
  view.isAsking = false;
  if (event === 'answer') {
    const first = view.items.find(item => item.seq)?.seq ?? Infinity;
    const items = pastItems(lines.filter(line => line.seq < first && !view.told.has(line.seq)));
    for (const { seq } of items) view.told.add(seq);
    view.items.unshift(...items);
    Object.assign(view, { reached: lines[0]?.seq, isWhole: !more || !lines.length });
  } else view.trouble = text;
  if (view !== viewed()) return;
  if (!firstDrawn && view.items.length) drawLog();
  reach();
  drawOlder();
}

/** The lines of an answer as items. A kind that is not known is left out. */
const pastItems = lines => lines.filter(({ kind }) => /^(said|did|gap)$/.test(kind)).map(pastItem);

function pastItem({ kind, from, text, seq, at: when, count: number }) {
  const item = { kind, from, text, seq, at: Date.parse(when), isPast: true };
  if (kind === 'gap') return { ...item, kind: 'notice', words: `${count(number, 'line')} ${number === 1 ? 'was' : 'were'} not kept.` };
  item.isForMe = fold(from) !== fold(me.name) && names(text, me.name);
  return item;
}

/** What stands over the oldest line. It takes the same room whatever it says. */
function drawOlder() {
  const view = viewed();
  hide('older', !view?.room || !view.items.length);
  hide('later', !place.shown?.excerpt);
  if (at('older').hidden) return;
  const { isAsking, isWhole, trouble, items } = view;
  const isLong = items.length >= PAST && 'A search finds what is older.';
  const words = trouble || (isAsking && 'Older lines are on their way.') || (isWhole && 'This is the beginning of what is kept.') || isLong || '';
  at('older').classList.toggle('asking', !!isAsking);
  if (at('older').firstChild?.textContent === words) return;
  at('older').replaceChildren(element('span', '', words));
  if (trouble) at('older').append(button('Try again', () => ((view.trouble = ''), scroller.focus(), askOlder(view))));
}

/** All that has lines: talks, rooms that one has left, excerpts. */
const views = () => [...talks.values(), ...left.values()].flatMap(talk => [talk, talk.excerpt ?? []].flat());

/** Takes lines out of a view. In the place of the last of them one line tells how many, and by whom if that is known. */
function erase(view, gone, told) {
  const all = view.items.filter(item => gone.has(item.seq));
  const last = all.at(-1);
  if (!last) return;
  const words = told ?? `${count(all.length, 'message')} ${all[1] ? 'were' : 'was'} removed.`;
  const folded = { kind: 'notice', words, at: last.at };
  const become = item => (item === last ? folded : all.includes(item) ? [] : item);
  if (all.includes(view.newFrom)) view.newFrom = folded;
  view.items = view.items.flatMap(become);
  if (view.unread) view.unread = view.items.slice(view.items.indexOf(view.newFrom)).filter(item => item.counts).length;
  if (view !== viewed()) return;
  quieten();
  inPlace(() => drawItems([...log.querySelectorAll('.line')].flatMap(line => become(itemOf.get(line)))));
  tell(words);
}

/** The link is lost, and with it what was asked for. */
function unask() {
  for (const view of views()) Object.assign(view, { isAsking: false, trouble: '' });
  drawOlder();
}

/** The numbers of lines begin anew. */
function renumber() {
  for (const view of views()) {
    view.told.clear();
    Object.assign(view, { reached: 0, isWhole: false });
    for (const item of view.items) delete item.seq;
  }
}

/** Shows a line of a room that one is in. If it is far back, it ends an excerpt of what was said before it. */
function showLine(talk, seq) {
  go(talk);
  const known = talk.items.find(item => item.seq === seq);
  if (known) {
    talk.excerpt = null;
    return drawAround(talk, known);
  }
  ask({ op: 'history', room: talk.room, before: seq + 1, count: STRETCH }, answer => {
    if (place.shown !== talk) return;
    if (answer.event !== 'answer') return note(talk, answer.text);
    const items = pastItems(answer.lines);
    if (!items.length) return;
    // It knows what the talk does, and has lines of its own.
    const own = { items, told: new Set(), reached: answer.lines[0].seq, isWhole: !answer.more, isAsking: false, trouble: '' };
    talk.excerpt = Object.assign(Object.create(talk), own);
    for (const { seq } of items) own.told.add(seq);
    drawAround(talk.excerpt, items.at(-1));
  });
}

/** Draws what is around an item, and points at it. */
function drawAround({ items }, item) {
  const middle = items.indexOf(item);
  hide('empty', true);
  quieten();
  drawOlder();
  drawItems(items.slice(Math.max(0, middle - LINES / 4), middle + LINES / 4));
  const line = [...log.children].find(node => itemOf.get(node) === item);
  line.classList.add('found');
  line.tabIndex = -1;
  line.focus({ preventScroll: true });
  const { top, height } = line.getBoundingClientRect();
  scroller.scrollTop += top - scroller.getBoundingClientRect().top - (scroller.clientHeight - height) / 2;
  settledHeight = scroller.scrollHeight;
  ends = below() < 24 && !isCut();
  scrolled();
}
