// Talks: what the page knows. A talk is a room that one is in or a conversation with one person. Lines that were sent and
// are not confirmed are kept here too. What must outlive a reload is in the session's storage.

/** The most lines in the document, and of a talk in memory. */
const LINES = 1000;
/** The most of a talk in memory while somebody reads its past. */
const PAST = 10000;
/** The most comings and goings in one line. */
const MOVES = 100;
/** Lines of one person within this time stand under one name. */
const TOGETHER = 5 * MINUTE;

const me = { name: '', person: 0 };
/** By key, in the order of the list. */
const talks = new Map();
const place = { shown: null, current: '', journal: null, isIn: false };

const stored = {
  get(key, otherwise) {
    try {
      return JSON.parse(sessionStorage.getItem(key)) ?? otherwise;
    } catch {
      return otherwise;
    }
  },
  set(key, value) {
    try {
      sessionStorage.setItem(key, JSON.stringify(value));
    } catch {
      // Full or forbidden. The page works without it.
    }
  },
};

/** What was typed and not sent, by key of the talk. */
const drafts = stored.get('drafts', {});

const roomKey = room => `#${fold(room)}`;
const personKey = name => `@${fold(name)}`;
const roomCalled = room => talks.get(roomKey(room));
const talkWith = name => talks.get(personKey(name));

function talkOf(key, fields) {
  let talk = talks.get(key);
  if (!talk) {
    talk = { key, items: [], told: new Set(), unread: 0, isMentioned: false, newFrom: null, isLive: false, people: new Map() };
    talks.set(key, talk);
  }
  return Object.assign(talk, fields);
}

/** Rooms that one has left, by key, with what one read there: the server does not tell it again. */
const left = new Map();

function roomTalk({ room, topic, people, more }) {
  const before = left.get(roomKey(room));
  if (before && !talks.has(before.key)) talks.set(before.key, before);
  const talk = talkOf(roomKey(room), { room, topic, more: more ?? 0, isLive: true });
  talk.people = new Map((people ?? []).map(person => [person.person, person]));
  return talk;
}

const privateTalk = name => talkOf(personKey(name), { name: talkWith(name)?.name ?? name, isLive: true });

const label = talk => (talk.room ? `#${talk.room}` : talk.name);
const rooms = () => [...talks.values()].filter(talk => talk.room);
const privates = () => [...talks.values()].filter(talk => talk.name);
const ordered = () => [...rooms(), ...privates()];
const currentTalk = () => roomCalled(place.current) ?? rooms()[0];

function forget(talk) {
  talks.delete(talk.key);
  if (talk.room) left.set(talk.key, talk);
  if (place.shown === talk) show(currentTalk() ?? ordered()[0] ?? null);
}

/** A person's entry in any of the rooms. */
function findPerson(name) {
  const key = fold(name);
  for (const { people } of rooms()) for (const person of people.values()) if (fold(person.name) === key) return person;
  return null;
}

/** Adds an item to a talk and shows it. False if it was told before. */
function add(talk, item) {
  if (item.seq && item.text !== undefined) {
    if (talk.told.has(item.seq)) return false;
    talk.told.add(item.seq);
  }
  const last = talk.items.at(-1);
  if (item.kind === 'moves' && last?.moves?.length < MOVES && sameDay(last.at, item.at)) {
    last.moves.push(...item.moves);
    if (talk === place.shown) redrawMoves(last);
    return true;
  }
  talk.items.push(item);
  shorten(talk);
  if (item.counts && !isSeen(talk)) {
    if (!talk.unread) talk.newFrom = item;
    talk.unread += 1;
    talk.isMentioned ||= item.isForMe;
    repaint();
  }
  if (talk === place.shown) append(item);
  return true;
}

/** Forgets the oldest lines beyond the most. They can be asked for again. */
function shorten(talk) {
  const most = talk === place.shown && !isAtEnd() ? PAST : LINES;
  while (talk.items.length > most) {
    const gone = talk.items.shift();
    gone.isGone = true;
    talk.told.delete(gone.seq);
    Object.assign(talk, { reached: 0, isWhole: false });
  }
}

/** Says something quietly in a talk. */
const note = (talk, text, more) => talk && add(talk, { kind: 'notice', words: text, at: Date.now(), ...more });

const isWatched = () => !document.hidden && document.hasFocus();
const isSeen = talk => talk === place.shown && isWatched() && isAtEnd();

/** The shown talk has been read to its end. */
function see() {
  const talk = place.shown;
  if (!talk?.unread || !isSeen(talk)) return;
  Object.assign(talk, { unread: 0, isMentioned: false });
  repaint();
}

// What was sent. The states: `queued` was never sent, `sending` was, `lost` was sent over a link that is gone, `unsure`
// needs the person's word, `refused` has the server's.

let lastId = 0;
const ids = [...crypto.getRandomValues(new Uint8Array(6))].map(byte => byte.toString(36)).join('');
const newId = () => `${ids}-${++lastId}`;

/** Lines that are not confirmed yet, in the order in which they were typed. A reload makes them uncertain. */
let waiting = stored.get('waiting', []).map(line => ({ ...line, state: line.state === 'refused' ? 'refused' : 'unsure' }));

function keepWaiting() {
  stored.set('waiting', waiting);
  drawWaiting();
  repaint();
}

/** Sends a line of a person to a talk. `op`: `say`, `do` or `write`. */
function speak(talk, op, text) {
  const line = { id: newId(), key: talk.key, op, text, at: Date.now(), state: 'queued' };
  if (op === 'write') Object.assign(line, { to: talk.name, person: findPerson(talk.name)?.person });
  else line.room = talk.room;
  waiting.push(line);
  if (talk.isLive) transmit(line);
  keepWaiting();
}

/** What a person types to send a line. */
const typedAs = ({ op, text }) => (op === 'do' ? `/me ${text}` : text.replace(/^(?=[/／])/, '/'));

function transmit(line) {
  const { id, op, room, to, text } = line;
  if (place.isIn && send({ op, id, room, to, text })) line.state = 'sending';
}

/** Sends what was typed for a talk while there was no link. */
function flush(talk) {
  const queued = waiting.filter(line => line.key === talk.key && line.state === 'queued');
  queued.forEach(transmit);
  if (queued.length) keepWaiting();
}

function loseSending() {
  for (const line of waiting) if (line.state === 'sending') line.state = 'lost';
  if (waiting.length) keepWaiting();
}

/** After coming in again: what the old link may have carried is sent again only if the server knows its id. */
// Whoever has the name now to which a line was written may be somebody else.
function settleLost(isSameSeat, isSameName, people) {
  const isFor = ({ to, person }) => !to || people.some(it => it.person === person && fold(it.name) === fold(to));
  for (const line of waiting) {
    const isLost = line.state === 'lost';
    const isSame = isLost ? isSameSeat : isSameName;
    if (line.state !== 'refused' && !(isSame && isFor(line))) line.state = 'unsure';
    else if (isLost) transmit(line);
  }
  keepWaiting();
}

function confirmLine(id) {
  const at = waiting.findIndex(line => line.id === id);
  if (at < 0) return;
  waiting.splice(at, 1);
  keepWaiting();
}

/** A line of one's own that is told again was heard, though its link did not live to say so. */
function confirmByText(talk, { text, at }) {
  const line = waiting.find(
    one => one.key === talk.key && one.state === 'unsure' && one.text.trim() === text.trim() && Math.abs(at - one.at) < 10 * MINUTE,
  );
  if (line) confirmLine(line.id);
}
