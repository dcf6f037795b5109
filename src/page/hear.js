// What the server says. Each handler changes what the page knows; the drawing follows.

let hello = null;
/** Who waits for an answer, by id: `{ then, talk, line }`. */
const asked = new Map();

/** Sends an object that is answered. Without `then` the answer is shown where it was asked for. `line`: what was typed. */
function ask(object, then, line) {
  const id = newId();
  if (!place.isIn || !send({ ...object, id })) return false;
  asked.set(id, { then, talk: place.shown, line });
  return true;
}

function hear(event) {
  if (seat && event.seq > seat.since) seat.since = event.seq;
  const isNo = event.event === 'refused' || event.event === 'error';
  if (!isNo) confirmLine(event.re);
  if (Object.hasOwn(heard, event.event)) heard[event.event](event);
  // Where one leaves a room for another, that one comes behind.
  const waiter = event.event !== 'out' && asked.get(event.re);
  if (waiter) {
    asked.delete(event.re);
    (waiter.then ?? showAnswer)(event, waiter);
  } else if (isNo) refusedLine(event);
  repaint();
}

/** The answer to what was typed, in the talk where it was typed. */
function showAnswer(event, { talk, line }) {
  const where = talks.get(talk?.key) ?? place.shown;
  if (event.event === 'answer') note(where, event.text.join('\n'), event.text.length > 1 && { kind: 'answer' });
  if (event.code === 'muted') mute(where, event.text, line);
  else if (/refused|error/.test(event.event)) note(where, event.text);
  if (event.event === 'room' && event.current) show(roomCalled(event.room));
}

/** One may not speak: why stands in the log once, and what was typed is in the box again. */
function mute(talk, words, line) {
  if (talk.items.at(-1)?.words !== words) note(talk, words);
  else tell(words);
  if (line) giveBack(talk, line);
}

/** A refusal of a line that waits, of coming in, or of something unknown. */
function refusedLine({ re, code, text, event }) {
  const line = waiting.find(one => one.id === re);
  const talk = talks.get(line?.key);
  if (talk && code === 'muted') {
    confirmLine(re);
    mute(talk, text, typedAs(line));
  } else if (line) {
    Object.assign(line, { state: 'refused', why: text });
    tell(text);
    keepWaiting();
  } else if (!place.isIn && event === 'refused') notLetIn(code, text);
  else note(place.shown, text);
}

const timeOf = event => Date.parse(event.at) || Date.now();

function say(event, kind) {
  const talk = roomCalled(event.room);
  if (!talk) return;
  const { from, text, seq, past } = event;
  const isOwn = event.person === me.person || fold(from) === fold(me.name);
  if (past && talk.hasGap) {
    talk.hasGap = false;
    if (!talk.told.has(seq)) note(talk, 'You were offline. Lines may be missing here.');
  }
  const item = { kind, from, text, seq, at: timeOf(event), isPast: !!past };
  item.isForMe = !isOwn && names(text, me.name);
  item.counts = !isOwn && (!past || talk.isBack);
  if (!past) talk.isBack = talk.hasGap = false;
  const isNew = add(talk, item);
  if (isNew && isOwn && past) confirmByText(talk, item);
  if (isNew && item.isForMe && item.counts) notify(talk, item);
}

/** A line between two people. `from` is its author, `name` the other one. */
function whisper(event, from, name) {
  const talk = privateTalk(name);
  const isOwn = from === me.name;
  const item = { kind: 'said', from, text: event.text, seq: event.seq, at: timeOf(event), isPrivate: true, counts: !isOwn };
  if (add(talk, item) && !isOwn) notify(talk, item);
}

function move(event, here = true, words = here ? 'came in' : 'left') {
  const talk = roomCalled(event.room);
  if (!talk) return;
  const { name, person } = event;
  if (here) talk.people.set(person, { name, person, away: event.away ?? null });
  else if (!talk.people.delete(person)) talk.more = Math.max(0, talk.more - 1);
  if (person !== me.person) add(talk, { kind: 'moves', at: timeOf(event), moves: [{ name, here, words }] });
}

/** Tells something in the conversation with a person, once for all rooms that one shares with them. */
function noteOnce(talk, seq, words) {
  if (!talk || talk.notedSeq === seq) return;
  talk.notedSeq = seq;
  note(talk, words);
}

function rename({ from, to, person, room, seq, at: when }) {
  const talk = roomCalled(room);
  const known = talk?.people.get(person);
  if (known) known.name = to;
  if (person === me.person) {
    me.name = to;
    want.name = to;
    stored.set('name', to);
  }
  const words = `${from} is now known as ${to}.`;
  note(talk, words, { at: timeOf({ at: when }) });
  const own = talkWith(from);
  if (own && !talkWith(to)) {
    const key = personKey(to);
    for (const line of waiting) if (line.key === own.key) Object.assign(line, { key, to });
    drafts[key] = drafts[own.key];
    talks.delete(own.key);
    talks.set(key, Object.assign(own, { key, name: to }));
  }
  noteOnce(talkWith(to), seq, words);
}

/** A room that one is in. One that was there before a loss may have missed lines. */
function enterRoom(room, isWhole) {
  const known = roomCalled(room.room);
  const isBack = !!known && !known.isLive && known.items.length > 0;
  const talk = roomTalk(room);
  if (isBack) Object.assign(talk, { isBack, hasGap: !isWhole });
  flush(talk);
  keepRooms();
  return talk;
}

const keepRooms = () => stored.set('rooms', { all: rooms().map(talk => talk.room), current: place.current });

/** Lines for a talk that is gone are shown where the person is. */
function strand(talk) {
  const rest = waiting.filter(line => line.key === talk.key);
  for (const line of rest) Object.assign(line, { key: currentTalk()?.key, state: line.state === 'refused' ? line.state : 'unsure' });
  if (rest.length) keepWaiting();
}

function leaveRoom(room) {
  const talk = roomCalled(room);
  if (!talk) return;
  forget(talk);
  strand(talk);
  keepRooms();
}

const heard = {
  hello(event) {
    hello = event;
    drawServer();
    if (want.name) login();
  },

  welcome(event) {
    const isSameName = !me.name || fold(me.name) === fold(event.name);
    const isSameLife = place.journal === event.journal;
    if (!isSameLife) renumber();
    const isFirst = !talks.size;
    const wanted = isFirst ? stored.get('rooms', null) : { all: rooms().map(talk => talk.room), current: place.shown?.room ?? place.current };
    Object.assign(me, { name: event.name, person: event.person });
    Object.assign(place, { journal: event.journal, current: event.current, isIn: true });
    seat = event.resume ? { resume: event.resume, since: event.seq, journal: event.journal } : null;
    keepSeat();
    settleLost(event.resumed && isSameLife, isSameName, event.rooms.flatMap(room => room.people));
    for (const room of event.rooms) enterRoom(room, event.resumed);
    // Meanwhile one may have been sent out of others.
    if (event.resumed) for (const talk of rooms()) if (!event.rooms.some(one => fold(one.room) === fold(talk.room))) leaveRoom(talk.room);
    comeIn(event.name);
    if (isFirst) bringBack();
    for (const talk of talks.values()) {
      if (talk.name) talk.isLive = true;
      if (talk.isLive) flush(talk);
    }
    returnTo(event, event.resumed ? null : wanted, isFirst);
    if (!place.shown) show(currentTalk());
    if (isFirst && event.motd) note(currentTalk(), [event.motd].flat().join('\n'), { kind: 'answer' });
  },

  said: event => say(event, 'said'),
  did: event => say(event, 'did'),
  private: event => whisper(event, event.from, event.from),
  written: event => whisper(event, me.name, event.to),

  joined: event => move(event),
  entered: event => move(event),
  went: event => move(event, false, event.to ? `went to #${event.to}` : 'went elsewhere'),
  left(event) {
    move(event, false);
    if (event.why) note(roomCalled(event.room), `${event.name} left: ${event.why}`);
    noteOnce(talkWith(event.name), event.seq, `${event.name} has left the chat.`);
  },
  lost: event => event.people.map(one => move({ ...event, ...one }, false)),
  renamed: rename,
  away({ room, person, text }) {
    const known = roomCalled(room)?.people.get(person);
    if (known) known.away = text === '' ? true : text;
  },

  topic({ room, by, topic, at: when }) {
    const talk = roomCalled(room);
    if (talk) talk.topic = topic;
    note(talk, topic ? `${by} set the topic: ${topic}` : `${by} cleared the topic.`, { at: timeOf({ at: when }) });
  },
  notice: ({ text }) => note(place.shown, `Notice: ${text}`, { kind: 'alert' }),
  skipped({ room, count: number }) {
    note(roomCalled(room ?? place.current), number ? `${count(number, 'line')} left out here.` : 'Lines are missing here.');
  },
  erased({ room, seqs, text }) {
    const talk = roomCalled(room);
    const gone = new Set(seqs);
    for (const view of [talk, talk?.excerpt]) if (view) erase(view, gone, text);
    for (const hit of found.querySelectorAll('[data-seq]')) if (gone.has(+hit.dataset.seq)) hit.parentNode.remove();
  },
  goodbye({ code }) {
    // The same password would be as wrong. Why is said below the door.
    if (code === 'too-many-attempts' && !place.isIn) showDoor('', code);
  },

  room(event) {
    if (event.current) place.current = event.room;
    const talk = enterRoom(event);
    if (event.current && event.re === undefined && !place.shown?.name) show(talk);
  },
  out(event) {
    if (event.current) place.current = event.current;
    leaveRoom(event.room);
  },
};
