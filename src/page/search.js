// The search: a panel where what was said is found by its words. The newest lines stand first.

/** What was asked for last. `oldest`: the number before which the next page ends. `again`: another search is to follow. */
const search = { query: '', oldest: 0, isAsking: false, again: false };
const found = at('found');
const query = at('query');
/** The most letters of a line that are shown. */
const LONGEST = 280;

/** Ctrl+Shift+F, on keyboards with other letters as well. */
const isSearchKey = ({ ctrlKey, shiftKey, altKey, key, code }) =>
  ctrlKey && shiftKey && !altKey && (/^f$/i.test(key) || (key > '~' && code === 'KeyF'));

/** Opens the panel. Words that were given are searched for at once. */
function openSearch(words) {
  if (words) query.value = words;
  openPanel(at('search'), document.activeElement, query);
  query.select();
  if (words) find();
}

/** What the server is asked for. */
function wanted() {
  const words = query.value.trim();
  return words && !/(^|\s)in:/i.test(words) ? `${words} ${at('scope').value}`.trim() : words;
}

/** Searches for what is in the field. */
function find() {
  if (!wanted()) return query.focus();
  if (search.isAsking) return (search.again = true);
  Object.assign(search, { query: wanted(), oldest: 0 });
  askForFound();
}

function askForFound() {
  const isMore = !!search.oldest;
  const isSent = ask({ op: 'search', query: search.query, before: search.oldest || undefined }, answer => takeFound(answer, isMore));
  search.isAsking = isSent;
  if (!isMore || !isSent) drawState(isSent ? 'Searching.' : '', isSent ? '' : 'You are offline.');
}

function takeFound({ event, code, text, lines = [], more }, isMore) {
  const isAgain = search.again && wanted();
  Object.assign(search, { isAsking: false, again: false });
  if (isAgain) return find();
  if (!isMore) found.replaceChildren();
  if (event !== 'answer') {
    hide('more-found', !isMore);
    return drawState('', text, code === 'usage');
  }
  search.oldest = lines[0]?.seq;
  const expression = marker(search.query);
  const hits = lines.filter(line => line.kind !== 'gap').reverse().map(line => element('li', '', hitNode(line, expression)));
  found.append(...hits);
  hide('more-found', !more || !lines.length);
  const number = count(found.childElementCount, 'line');
  drawState(found.childElementCount ? `${more ? 'The newest ' : ''}${number}.` : 'Nothing was found.', '');
  if (isMore) (hits[0]?.firstChild ?? query).focus();
  else found.parentNode.scrollTop = 0;
}

/** How the search went, or why it did not. */
function drawState(state, error, isHelped = false) {
  write('search-state', state);
  write('search-error', error);
  query.ariaInvalid = String(!!error);
  hide('search-help', !isHelped);
}

/** A line that was found. It leads to its place in a room that one is in. */
function hitNode({ room, from, kind, text, seq, at: when }, expression) {
  const talk = roomCalled(room);
  const time = timeNode(Date.parse(when));
  time.className = 'quiet';
  time.textContent = stamp(Date.parse(when));
  const isElsewhere = fold(room) !== fold(place.current);
  const head = element('span', 'head', nameNode(from), ' ', isElsewhere && element('bdi', 'quiet', `#${room}`), ' ', time);
  const words = element('span', `words ${kind}`, ...marked(text, expression));
  words.dir = 'auto';
  if (!talk) return element('div', 'hit', head, words);
  const node = button(head, () => roomCalled(room) && showLine(roomCalled(room), seq), 'hit');
  node.append(' ', words);
  node.dataset.seq = seq;
  return node;
}

/** A text with what was searched for marked, cut around the first mark if it is long. */
function marked(text, expression) {
  const all = marks(text, expression);
  const first = all[0]?.[0] ?? 0;
  const start = text.length > LONGEST && first > LONGEST / 2 ? first - LONGEST / 4 : 0;
  const end = text.length > start + LONGEST ? start + LONGEST : text.length;
  const parts = [start ? '…' : ''];
  let done = start;
  for (const [from, to] of all.filter(([, to]) => to <= end)) {
    parts.push(text.slice(done, from), element('mark', '', text.slice(from, to)));
    done = to;
  }
  return [...parts, text.slice(done, end), end < text.length ? '…' : ''];
}

/** The link is lost, and with it the answer. */
function unsearch() {
  if (search.isAsking) drawState('', 'You are offline.');
  Object.assign(search, { isAsking: false, again: false });
}

at('search-form').onsubmit = event => {
  event.preventDefault();
  find();
};
at('scope').onchange = () => wanted() && find();
at('more-found').onclick = () => search.isAsking || askForFound();
at('to-search').onclick = () => (openOne() === at('search') ? closePanels() : openSearch());

// Up and Down go through what was found.
at('search').onkeydown = event => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const all = [query, ...found.querySelectorAll('button')];
  const next = all[all.indexOf(document.activeElement) + step];
  if (!next || event.altKey || isComposing(event) || !all.includes(document.activeElement)) return;
  event.preventDefault();
  next.focus();
};
