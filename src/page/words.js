// Words: names, texts and times, as pure functions. Nothing here touches the document or the connection.

const SECOND = 1000;
const MINUTE = 60 * SECOND;
/** How many colours names have, and the angles between them in oklch. */
const HUES = 12;
const TURN = 360 / HUES;

/** The form of a name by which it is compared. */
const fold = text => String(text).normalize('NFKC').toLowerCase();

/** The hue of a name's colour, in degrees. */
function hue(name) {
  let hash = 2166136261;
  for (const letter of fold(name)) hash = Math.imul(hash ^ letter.codePointAt(0), 16777619);
  return ((Math.imul(hash ^ (hash >>> 15), 2246822507) >>> 8) % HUES) * TURN;
}

/** Whether a text has a name in it as a word of its own. */
function names(text, name) {
  if (!name) return false;
  const within = fold(text);
  const word = fold(name);
  const letter = /[\p{L}\p{M}\p{N}_]/u;
  for (let at = within.indexOf(word); at >= 0; at = within.indexOf(word, at + 1)) {
    const before = [...within.slice(0, at)].pop() ?? ' ';
    const behind = String.fromCodePoint(within.codePointAt(at + word.length) ?? 32);
    if (!letter.test(before) && !letter.test(behind)) return true;
  }
  return false;
}

/** The text cut into strings and links: `{ href, text }`. Only http and https become links. */
function pieces(text) {
  const cut = [];
  let end = 0;
  for (const match of text.matchAll(/\bhttps?:\/\/[^\s<>"]+/gi)) {
    const shown = withoutEnd(match[0]);
    const href = address(shown);
    if (!href) continue;
    cut.push(text.slice(end, match.index), { href, text: shown });
    end = match.index + shown.length;
  }
  cut.push(text.slice(end));
  return cut.filter(piece => piece !== '');
}

/** An address without the punctuation behind it. A closing bracket stays if it was opened inside. */
function withoutEnd(link) {
  for (;;) {
    const last = link.at(-1);
    const opened = { ')': '(', ']': '[', '}': '{' }[last];
    const balanced = opened && link.split(opened).length >= link.split(last).length;
    if (balanced || !/[.,;:!?'’”»)\]}]/.test(last)) return link;
    link = link.slice(0, -1);
  }
}

function address(text) {
  try {
    return new URL(text).href;
  } catch {
    return null;
  }
}

/** A time of day, such as 09:05, or 09:05:59 in eight letters. */
const clock = (at, letters = 5) => new Date(at).toTimeString().slice(0, letters);

const dates = options => new Intl.DateTimeFormat('en-GB', options);
const WEEKDAY = dates({ weekday: 'long' });
const DATE = dates({ day: 'numeric', month: 'long' });
const YEAR = dates({ year: 'numeric' });
const SHORT = dates({ day: 'numeric', month: 'short' });
const LONG = dates({ day: 'numeric', month: 'short', year: 'numeric' });

/** A day, such as Tuesday, 24 November. The year is there if it is not this one. */
function day(at) {
  const year = YEAR.format(at);
  return `${WEEKDAY.format(at)}, ${DATE.format(at)}${year === YEAR.format() ? '' : ` ${year}`}`;
}

const sameDay = (one, other) => new Date(one).toDateString() === new Date(other).toDateString();

/** `1 message`, `1,200 messages`. */
const count = (number, thing) => `${number.toLocaleString('en')} ${thing}${number === 1 ? '' : 's'}`;

/** `Alice`, `Alice and Bob`, `Alice, Bob, Carol and 9 others`. */
function listed(all) {
  const most = 4;
  const shown = all.length > most + 1 ? all.slice(0, most) : all;
  const more = all.length - shown.length;
  const last = more ? `${more} others` : shown.at(-1);
  const first = more ? shown : shown.slice(0, -1);
  return first.length ? `${first.join(', ')} and ${last}` : last;
}

/** Comings and goings in a sentence for each kind. `moves` are `{ name, here, words }`, in their order. */
function movesInWords(moves) {
  const people = new Map();
  for (const move of moves) {
    const known = people.get(fold(move.name));
    if (known) known.last = move;
    else people.set(fold(move.name), { first: move, last: move });
  }
  const groups = new Map();
  for (const { first, last } of people.values()) {
    let words = last.words;
    if (first.here && !last.here) words = 'came and went';
    if (!first.here && last.here) words = 'left and came back';
    groups.set(words, [...(groups.get(words) ?? []), last.name]);
  }
  return [...groups].map(([words, all]) => `${listed(all)} ${words}.`).join(' ');
}

/** A time as briefly as can be: 12:30 today, 24 Nov 12:30 before, and with its year in other years. */
function stamp(at) {
  const isNow = YEAR.format(at) === YEAR.format();
  return sameDay(at, Date.now()) ? clock(at) : `${(isNow ? SHORT : LONG).format(at)}, ${clock(at)}`;
}

/** Letters of scripts that write no spaces between words. */
const SPACELESS = /[\p{sc=Han}\p{sc=Hira}\p{sc=Kana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmr}\p{sc=Mymr}]/u;

/** What a search marks, as an expression for `bare` text. Null if it asks for no words. */
function marker(query) {
  const terms = [];
  for (const [, key, phrase, plain] of query.matchAll(/((?:from|before|after|in):)?(?:"([^"]*)"?|(\S+))/gi)) {
    const words = key ? null : bare(phrase ?? plain).text.match(/[\p{L}\p{N}]+/gu);
    if (!words) continue;
    const joined = words.map(word => (SPACELESS.test(word) ? [...word].join('[^\\p{L}\\p{N}]*') : word)).join('[^\\p{L}\\p{N}]+');
    const isOpen = SPACELESS.test(joined);
    terms.push(`${isOpen ? '' : '(?<![\\p{L}\\p{N}])'}${joined}${isOpen ? '' : plain?.endsWith('*') ? '[\\p{L}\\p{N}]*' : '(?![\\p{L}\\p{N}])'}`);
  }
  return terms.length ? new RegExp(terms.join('|'), 'gu') : null;
}

/** A text without case and accents, and where each of its letters stands in the text as it is. */
function bare(text) {
  const places = [];
  let plain = '';
  let at = 0;
  for (const letter of text) {
    const form = letter.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
    plain += form;
    for (let i = 0; i < form.length; i++) places.push(at);
    at += letter.length;
  }
  return { text: plain, places: [...places, at] };
}

/** Where the marks of a text are: pairs of from and to. */
function marks(text, expression) {
  if (!expression) return [];
  const { text: plain, places } = bare(text);
  return [...plain.matchAll(expression)].map(({ 0: found, index }) => [places[index], places[index + found.length]]);
}

/** The command in a line: `{ word, rest }`, or null if it is text. Two slashes begin text. */
function command(line) {
  const match = /^\s*[/／](?![/／])(\S*)\s*([^]*)$/.exec(line);
  return match && { word: match[1].toLowerCase(), rest: match[2].trimEnd() };
}

const bytes = text => new TextEncoder().encode(text).length;
