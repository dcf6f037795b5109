// The beginning: coming in, being offline, and what is set up once.

/** The name to come in with whenever there is a link, and its password. `since`: when that was first tried in vain. */
const want = { name: stored.get('name', ''), password: '', since: 0, room: roomInAddress() };
/** How long a name that one had may be held by one's own lost link. The server gives such a link up after two minutes. */
const HELD = 3 * MINUTE;
/** The same on opening the page, where the name may just as well be somebody else's. */
const HELD_AT_FIRST = 5 * SECOND;

function roomInAddress() {
  try {
    return decodeURIComponent(location.hash.slice(1));
  } catch {
    return '';
  }
}

/** What takes the seat again after a lost link or a reload: the token, unless it is good no more, and how far one has read. */
let seat = stored.get('seat', null);

/** A browser may end a page that nobody sees without a word. Otherwise a page that was copied has none: no two have the same. */
const keepSeat = () => stored.set('seat', document.hidden ? seat : null);
keepSeat();

function login() {
  const password = (hello.accounts !== 'off' && want.password) || undefined;
  at('come-in').disabled = send({ op: 'login', ...seat, ...(!seat?.resume && { name: want.name, password }) });
}

/** Too many come in at once, or have guessed: a little later it is another matter. */
const isForNow = code => /^(busy|too-many-attempts)$/.test(code);

/** Coming in was refused. */
function notLetIn(code, text) {
  if (code === 'resume-gone') {
    delete seat?.resume;
    return login();
  }
  if (seat?.resume && !isForNow(code)) seat = null;
  want.since ||= Date.now();
  const isHeld = code === 'name-taken' && Date.now() - want.since < (me.name ? HELD : HELD_AT_FIRST);
  if (want.isAutomatic && (isHeld || isForNow(code))) {
    want.held = isHeld ? `${want.name} is in the chat already, in another tab or by a connection that was lost.` : text;
    return loseLink();
  }
  showDoor(text, code);
}

const password = at('password');

/** Shows the door, and says at a field why one is not in. The password is asked for where the name needs one. */
function showDoor(text = '', code = '') {
  const isNobodys = code === 'account-needed' && hello.accounts === 'required';
  if (!isForNow(code)) password.hidden = code !== 'password' && !isNobodys;
  // Where a name that is nobody's came with a password, the name is the one to change.
  const field = password.hidden || (isNobodys && password.value) ? at('name') : password;
  if (want.name) at('name').value = want.name;
  Object.assign(want, { name: '', password: '', since: 0, held: '', isAutomatic: false });
  hide('door', false);
  hide('chat', true);
  panel.close();
  complain(field, text, code === 'password');
  field.focus();
  field.select();
}

// The password is another name's. A password manager fills in both, and does not type.
at('name').oninput = ({ inputType }) => /^(del|insert[CFT])/.test(inputType) && (password.value = '');

at('name-form').onsubmit = event => {
  event.preventDefault();
  const name = at('name').value.trim();
  if (!name) return at('name').focus();
  Object.assign(want, { name, password: password.value, since: 0, isAutomatic: false });
  complain(at('name'), '');
  if (seat?.resume || name !== me.name) seat = null;
  if (link.state === 'open' && hello) login();
  else if (link.state !== 'opening') openLink();
};

/** One is in: the chat is shown. */
function comeIn(name) {
  Object.assign(want, { name, since: 0, held: '', isAutomatic: true });
  password.value = '';
  stored.set('name', name);
  // A link that has lasted is good: after its loss the first wait is short again.
  const { socket } = link;
  setTimeout(() => link.socket === socket && (link.tries = 0), 10 * SECOND);
  const isFirst = at('chat').hidden;
  hide('door', true);
  hide('chat', false);
  setInert();
  drawLink();
  tell(isFirst ? `You are in as ${name}.` : 'Connected again.');
  if (isFirst) box.focus();
}

/** The private conversations that there were before a reload, and those for which lines wait. */
function bringBack() {
  const { name, all } = stored.get('privates', null) ?? {};
  if (name === me.name) for (const talk of all) privateTalk(talk.name).items.push(...talk.items);
  for (const line of waiting) if (line.to) privateTalk(line.to);
}

addEventListener('pagehide', () => {
  keepDraft();
  const all = privates().map(({ name, items }) => ({ name, items: items.slice(-100) }));
  stored.set('privates', { name: me.name, all });
  stored.set('seat', seat);
});

/** Goes back to the rooms that one was in, and to the one in the address. Everyone comes in by the lobby. */
function returnTo({ rooms: here, current: lobby }, wanted, isFirst) {
  const target = (isFirst && want.room) || wanted?.current || lobby;
  const all = [...new Set([target, ...(wanted?.all ?? [])])];
  const isIn = room => here.some(one => fold(one.room) === fold(room));
  const staysInLobby = all.some(isIn);
  const showCurrent = () => place.shown?.name || show(currentTalk());
  for (const room of all) {
    const refused = text => (leaveRoom(room), note(currentTalk(), text));
    if (!isIn(room)) joinRoom(room, refused, !staysInLobby && room === target, room === target && showCurrent);
  }
  if (staysInLobby && fold(target) !== fold(lobby)) switchTo(target, showCurrent);
  const shown = isFirst && talks.get(stored.get('shown', null));
  if (shown?.name) show(shown);
}

/** Joins a room. `refused` is told why not. */
function joinRoom(room, refused, current = false, then) {
  ask({ op: 'join', room, current }, ({ event, text, room: joined }) => {
    if (event === 'refused') refused(text);
    else if (then) then(roomCalled(joined));
  });
}

addEventListener('hashchange', () => {
  const room = roomInAddress();
  if (!room) return;
  if (roomCalled(room)) go(roomCalled(room));
  else joinRoom(room, text => note(place.shown, text), false, go);
});

function drawServer() {
  const isEncrypted = hello.tls || location.protocol === 'https:';
  const line = isEncrypted ? 'The connection is encrypted.' : 'The connection is not encrypted.';
  write('server', `${location.host} runs ${hello.server}. ${line}`);
}

// Being offline.

/** The state of the link changed, or a second of waiting has passed. */
function linkChanged() {
  if (link.state !== 'open') at('come-in').disabled = false;
  if (link.state !== 'open' && place.isIn) {
    place.isIn = false;
    for (const talk of talks.values()) talk.isLive = false;
    asked.clear();
    unask();
    unsearch();
    unaccount();
    commands = commands?.length ? commands : null;
    loseSending();
    tell(`Offline. ${link.farewell?.text ?? ''}`);
  }
  if (link.state === 'ended' && link.farewell.code === 'quit') beginAnew();
  drawLink();
}

/** One has left. What was typed and not sent stays. */
function beginAnew() {
  talks.clear();
  seat = null;
  for (const key of ['name', 'rooms', 'shown']) stored.set(key, null);
  location.replace(location.pathname);
}

function drawLink() {
  const { state, farewell } = link;
  const seconds = Math.max(1, Math.ceil((link.due - Date.now()) / SECOND));
  const again = { waiting: `Trying again in ${seconds} s.`, opening: 'Connecting.' }[state] ?? '';
  const isIdle = farewell?.code === 'login-timeout';
  const why = want.held || (!isIdle && farewell?.text) || '';
  const isEnded = state === 'ended';
  hide('strip', place.isIn);
  write('strip-text', isEnded ? why : `${want.held ? '' : 'Offline.'} ${why} ${again}`);
  hide('try', state === 'opening');
  write('try', isEnded ? 'Come in again' : 'Try now');
  hide('rename', !want.held);
  write('door-link', `${why || (state === 'waiting' ? 'The server cannot be reached.' : '')} ${again}`);
}

at('try').onclick = () => {
  openLink();
  box.focus();
};
at('rename').onclick = () => {
  loseLink();
  showDoor(want.held);
};
at('quit').onclick = () => {
  if (!send({ op: 'quit' })) {
    link.farewell = { code: 'quit', again: false, text: '' };
    loseLink();
  }
};

// Where `interactive-widget` is not known, the keyboard of a phone covers the page: the page shrinks by itself.
function fit() {
  const { height, scale } = visualViewport;
  const isCovered = scale === 1 && innerHeight - height > 80;
  document.documentElement.style.setProperty('--height', isCovered ? `${height}px` : '100dvh');
  if (isCovered) scrollTo(0, 0);
}

for (const event of ['resize', 'scroll']) visualViewport.addEventListener(event, fit);
addEventListener('focus', see);
addEventListener('visibilitychange', () => (see(), keepSeat()));

Object.assign(link, { hear, changed: linkChanged, isWanted: () => !!want.name || !hello });
want.isAutomatic = !!want.name;
at('name').value = want.name;
if (!want.name) showDoor();
// Coming in again is quick, as a rule.
setTimeout(() => hide('door', !at('chat').hidden), 0.5 * SECOND);
watchLink();
openLink();
