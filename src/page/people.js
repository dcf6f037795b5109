// The panels: the rooms and private conversations on the left, the people or the search on the right. Where there is little
// room they slide over the log, and then keep the keyboard to themselves.

const alphabet = new Intl.Collator(undefined, { sensitivity: 'base', numeric: true });
const narrow = matchMedia('(max-width: 719px)');
/** Where the search slides. */
const slim = matchMedia('(max-width: 999px)');
let isPainting = false;
let drawnPeople = '';

/** Draws everything around the log, some twenty times a second at most. */
function repaint() {
  if (isPainting) return;
  isPainting = true;
  setTimeout(() => {
    isPainting = false;
    drawTitle();
    drawRooms();
    drawPeople();
    drawHead();
    drawNewer();
  }, 50);
}

const unreadIn = some => some.reduce((sum, talk) => sum + talk.unread, 0);

function drawTitle() {
  const unread = unreadIn(ordered());
  const where = place.shown ? `${label(place.shown)} · ` : '';
  document.title = `${unread ? `(${unread}) ` : ''}${where}Chinwag`;
}

function talkButton(talk) {
  const marks = [];
  const unconfirmed = waiting.some(line => line.key === talk.key && /unsure|refused/.test(line.state));
  if (unconfirmed) marks.push(element('span', 'mark', '!', unseen(' not confirmed')));
  if (talk.isMentioned && talk.room) marks.push(element('span', 'mark', '@', unseen(' names you')));
  if (talk.unread) marks.push(element('span', 'count', String(talk.unread), unseen(' unread')));
  const node = button(element('bdi', '', label(talk)), () => go(talk), 'row');
  node.append(...marks);
  node.dataset.key = talk.key;
  if (talk.unread) node.classList.add('unread');
  if (talk === place.shown) node.setAttribute('aria-current', 'true');
  return element('li', '', node);
}

/** Puts rows in a list, and keeps the keyboard on the row that had it. */
function fill(list, rows) {
  const key = list.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  list.replaceChildren(...rows);
  if (key) [...list.querySelectorAll('.row')].find(row => row.dataset.key === key)?.focus();
}

function drawRooms() {
  fill(at('room-list'), rooms().map(talkButton));
  fill(at('private-list'), privates().map(talkButton));
  hide('privately', !privates().length);
  at('me').replaceChildren('you: ', nameNode(me.name));
  const elsewhere = unreadIn(ordered().filter(talk => talk !== place.shown));
  hide('elsewhere', !elsewhere);
  write('elsewhere', elsewhere);
  at('to-rooms').setAttribute('aria-label', elsewhere ? `Rooms, ${elsewhere} unread` : 'Rooms');
  const asked = window.Notification?.permission ?? 'denied';
  hide('notify', asked === 'denied');
  at('notify').setAttribute('aria-pressed', String(asked === 'granted' && stored.get('notify', false)));
}

/** The people of a room, or the two of a conversation. */
const peopleOf = talk => (talk.room ? [...talk.people.values()] : [findPerson(talk.name) ?? { name: talk.name }, me]);

function drawPeople() {
  const talk = place.shown;
  const more = talk?.more ?? 0;
  hide('people-more', !more);
  write('people-more', `and ${more.toLocaleString('en')} more`);
  hide('leave-room', !talk?.room || rooms().length < 2);
  write('leave-room', `Leave #${talk?.room}`);
  const people = talk ? peopleOf(talk).sort((one, other) => alphabet.compare(one.name, other.name)) : [];
  // There may be hundreds, and most lines change none of them.
  const state = JSON.stringify(people);
  if (state === drawnPeople) return;
  drawnPeople = state;
  fill(
    at('people-list'),
    people.map(person => {
      const node = button(nameNode(person.name), () => openPrivate(person.name), 'row');
      node.dataset.key = person.person;
      const how = person.lost ? 'link lost' : person.away ? 'away' : '';
      if (how) node.append(element('span', 'quiet', how));
      if (person.person === me.person) node.append(element('span', 'quiet', 'you'));
      return element('li', '', node);
    }),
  );
}

function drawHead() {
  const talk = place.shown;
  if (!talk) return;
  const here = talk.people.size + (talk.more ?? 0);
  const person = talk.name && findPerson(talk.name);
  const away = person?.away ? ` · away${typeof person.away === 'string' ? `: ${person.away}` : ''}` : '';
  write('where', label(talk));
  write('topic', talk.room ? (talk.topic ?? '') : `private${away}`);
  at('topic').title = talk.topic ?? '';
  if (at('here').text !== `In #${place.current}`) write('here', `In #${place.current}`);
  hide('to-people', !talk.room);
  write('to-people', `${here.toLocaleString('en')} here`);
  hide('close-talk', !talk.name);
  box.placeholder = talk.room ? `Say something to #${talk.room}` : `Write to ${talk.name} privately`;
  box.setAttribute('aria-label', box.placeholder);
  at('chat').classList.toggle('is-private', !!talk.name);
}

/** Goes to a talk that a person chose. */
function go(talk) {
  closePanels(slides);
  show(talk);
  if (talk.room && place.isIn && fold(talk.room) !== fold(place.current)) switchTo(talk.room);
  if (!narrow.matches) box.focus();
}

/** Makes a room the current one, at once: the next key may already mean it. */
function switchTo(room, then = () => {}) {
  place.current = room;
  ask({ op: 'command', line: `/switch ${room}` }, then);
}

/** Shows a talk. The draft of the one before is kept. */
function show(talk) {
  if (place.shown === talk) return;
  const before = place.shown;
  if (before) {
    keepDraft();
    before.excerpt = null;
    if (!before.unread) before.newFrom = null;
  }
  place.shown = talk;
  drawLog();
  if (!talk) return;
  takeDraft();
  stored.set('shown', talk.key);
  const address = currentAddress();
  if (address) history.replaceState(null, '', address);
  settle();
  repaint();
}

const currentAddress = () => (place.shown?.room ? `#${encodeURIComponent(place.shown.room)}` : null);

function openPrivate(name) {
  closePanels(slides);
  if (fold(name) === fold(me.name)) return;
  show(privateTalk(name));
  box.focus();
}

/** Goes to the next talk in the list, or the one before. */
function goBy(step) {
  const all = ordered();
  const next = all[(all.indexOf(place.shown) + step + all.length) % all.length];
  if (next) go(next);
}

// The panels where they slide. The search is open or closed everywhere.

let opener = null;
const panels = document.querySelectorAll('.panel');
const openOne = () => document.querySelector('.panel.open');
const slides = panel => (panel === at('search') ? slim : narrow).matches;

function openPanel(panel, from, first = panel.querySelector('[aria-current]') ?? panel.querySelector('button')) {
  if (panel !== openOne()) {
    closePanels();
    opener = from;
    panel.classList.toggle('open', slides(panel) || panel === at('search'));
    setInert();
  }
  first?.focus();
}

/** Closes what is open, if it is one of `those`. False if nothing was. */
function closePanels(those = () => true) {
  const open = openOne();
  if (!open || !those(open)) return false;
  open.classList.remove('open');
  setInert();
  opener?.focus();
  return true;
}

/** What cannot be seen cannot be reached. */
function setInert() {
  const open = openOne();
  const isOver = !!open && slides(open);
  for (const panel of panels) panel.inert = panel !== open && (isOver || slides(panel));
  at('talk').inert = isOver;
  hide('veil', !isOver);
}

for (const width of [narrow, slim]) width.onchange = () => closePanels() || setInert();
at('to-rooms').onclick = event => openPanel(at('rooms'), event.currentTarget);
at('to-people').onclick = event => openPanel(at('people'), event.currentTarget);
at('veil').onclick = () => closePanels();
for (const node of document.querySelectorAll('.close-panel')) node.onclick = () => closePanels();
at('close-talk').onclick = () => {
  keepDraft();
  forget(place.shown);
  repaint();
};
at('leave-room').onclick = () => {
  const { room } = place.shown;
  closePanels();
  ask({ op: 'leave', room });
};

// A room more: the form opens below the list, and offers the rooms that there are.

at('add-room').onclick = () => {
  hide('add-room', true);
  hide('room-form', false);
  at('room-name').focus();
  ask({ op: 'command', line: '/rooms' }, ({ rooms: all = [] }) => {
    at('room-choices').replaceChildren(...all.map(({ room }) => element('option', '', room)));
  });
};

function closeRoomForm() {
  hide('room-form', true);
  hide('add-room', false);
  at('room-name').value = '';
  write('room-error', '');
}

at('room-form').onsubmit = event => {
  event.preventDefault();
  const room = at('room-name').value.trim().replace(/^#/, '');
  if (!room) return;
  joinRoom(room, text => write('room-error', text), false, talk => {
    closeRoomForm();
    go(talk);
  });
};
at('room-name').onkeydown = event => {
  if (event.key !== 'Escape' || event.isComposing) return;
  event.stopPropagation();
  closeRoomForm();
  at('add-room').focus();
};

// Notices of the system, for people who clicked to have them.

at('notify').onclick = async () => {
  const granted = (await Notification.requestPermission()) === 'granted';
  stored.set('notify', granted && !stored.get('notify', false));
  repaint();
};

function notify(talk, item) {
  if (isWatched() || !stored.get('notify', false)) return;
  try {
    new Notification(`${item.from}${talk.room ? ` in #${talk.room}` : ', privately'}`, { body: item.text, tag: talk.key }).onclick = () => {
      window.focus();
      go(talk);
    };
  } catch {
    // Phones show them by other means only.
  }
}
