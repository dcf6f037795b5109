// The link: one WebSocket at a time, which opens again by itself. It knows nothing of what the objects mean, besides
// `goodbye` and `pong`. All that belongs to a socket is made with it and asks whether it is still the link's.

const STEPS = [1000, 2000, 4000, 8000, 16000, 30000];
/** Silence after which the page asks whether the server is there. Browsers do not show the server's own pings. */
const SILENCE = 25 * SECOND;
/** How long the answer may take, and how long where there is a reason to doubt the link. */
const PATIENCE = 10 * SECOND;
const DOUBT = 3 * SECOND;

const link = {
  /** `closed`, `opening`, `open`, `waiting` for the next attempt, or `ended` for good. */
  state: 'closed',
  socket: null,
  tries: 0,
  due: 0,
  farewell: null,
  heardAt: 0,
  askedUntil: 0,
  tickedAt: Date.now(),
  timer: 0,
  // main.js adds `hear`, for what comes; `changed`, for the state; and `isWanted`: whether to come back after a loss.
};

function openLink() {
  clearTimeout(link.timer);
  dropSocket();
  const address = new URL('ws', location.href);
  address.protocol = address.protocol.replace('http', 'ws');
  address.hash = '';
  const socket = new WebSocket(address);
  Object.assign(link, { socket, farewell: null, askedUntil: Date.now() + PATIENCE });
  const isCurrent = () => link.socket === socket;
  socket.onopen = () => {
    if (!isCurrent()) return;
    Object.assign(link, { heardAt: Date.now(), askedUntil: 0 });
    setLink('open');
  };
  socket.onmessage = ({ data }) => {
    if (!isCurrent()) return;
    Object.assign(link, { heardAt: Date.now(), askedUntil: 0 });
    const object = JSON.parse(data);
    if (object.event === 'goodbye') link.farewell = object;
    link.hear(object);
  };
  socket.onclose = () => isCurrent() && loseLink();
  setLink('opening');
}

/** Sends an object. False if there is no open socket. */
function send(object) {
  if (link.socket?.readyState !== WebSocket.OPEN) return false;
  // Everything is answered.
  link.askedUntil ||= Date.now() + PATIENCE;
  link.socket.send(JSON.stringify(object));
  return true;
}

function dropSocket() {
  const socket = link.socket;
  Object.assign(link, { socket: null, askedUntil: 0 });
  socket?.close();
}

/** Gives the socket up, and decides whether and when to try again. `after`: milliseconds, if somebody said so. */
function loseLink(after = link.farewell?.after) {
  dropSocket();
  clearTimeout(link.timer);
  if (link.farewell?.again === false) return setLink('ended');
  if (!link.isWanted()) return setLink('closed');
  const step = STEPS[Math.min(link.tries++, STEPS.length - 1)];
  const wait = after || step / 2 + (Math.random() * step) / 2;
  openIn(wait);
  setLink('waiting');
}

function openIn(wait) {
  clearTimeout(link.timer);
  link.due = Date.now() + wait;
  link.timer = setTimeout(openLink, wait);
}

function setLink(state) {
  link.state = state;
  link.changed();
}

/** Something happened after which a link is often dead, or can be had again. */
function doubtLink() {
  if (link.state === 'waiting' && !link.farewell?.after) openIn(Math.random() * 0.5 * SECOND);
  else if (link.state === 'open' && Date.now() - link.heardAt > SECOND) askLink(DOUBT);
}

function askLink(patience) {
  const until = Date.now() + patience;
  link.askedUntil = link.askedUntil ? Math.min(link.askedUntil, until) : until;
  send({ op: 'ping' });
}

/** Once a second: what has taken too long is lost. A gap between two calls was a sleep, and proves nothing yet. */
function tickLink() {
  const now = Date.now();
  const slept = now - link.tickedAt > 5 * SECOND;
  link.tickedAt = now;
  if (slept) {
    if (link.askedUntil) link.askedUntil = now + DOUBT;
    doubtLink();
  } else if (link.askedUntil && now > link.askedUntil) loseLink();
  else if (link.state === 'open' && !link.askedUntil && now - link.heardAt > SILENCE) askLink(PATIENCE);
  if (link.state === 'waiting') link.changed();
}

function watchLink() {
  setInterval(tickLink, SECOND);
  addEventListener('online', doubtLink);
  addEventListener('offline', doubtLink);
  addEventListener('pageshow', event => event.persisted && doubtLink());
  addEventListener('visibilitychange', () => document.hidden || doubtLink());
}
