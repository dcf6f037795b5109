// The box: what a person types, and what its keys do. Nothing here acts on a key while an input method composes.

const box = at('box');
const choicesList = at('choices');

/** Lines in one text beyond which the page asks first. */
const UNASKED = 3;
/** What was sent before, the latest last, for Up. */
const before = [];
const REMEMBERED = 100;
let recalled = null;
let tabbed = null;
/** The server's commands, as its `/help` tells them: `{ word, usage, does }`. */
let commands = null;

const isComposing = event => event.isComposing || event.keyCode === 229;

function keepDraft() {
  if (!place.shown) return;
  // A password may stand behind such a command.
  if (box.value && !secretIn(box.value)) drafts[place.shown.key] = box.value;
  else delete drafts[place.shown.key];
  stored.set('drafts', drafts);
}

function takeDraft() {
  box.value = drafts[place.shown.key] ?? '';
  recalled = null;
  typed();
}

/** After any change of the text. */
function typed() {
  tabbed = null;
  closeQuestion();
  keepDraft();
  if (!CSS.supports('field-sizing', 'content')) {
    box.style.height = 'auto';
    box.style.height = `${box.scrollHeight + 2}px`;
  }
  offer();
}

function put(text) {
  box.value = text;
  box.setSelectionRange(text.length, text.length);
  typed();
}

function submit() {
  const text = box.value;
  const lines = text.split('\n').filter(line => line.trim());
  if (!lines.length) return;
  const secret = secretIn(text);
  if (secret && (hello.accounts !== 'off' || secret.rest || lines.length > 1)) return openAccount(secret, lines.length === 1);
  const long = lines.findIndex(line => bytes(line) > hello.limits.line);
  if (long >= 0) return question(`${lines.length > 1 ? `Line ${long + 1}` : 'This'} is ${count(bytes(lines[long]) - hello.limits.line, 'byte')} too long.`);
  const one = lines.length === 1 && command(text);
  if (one) return runTyped(text.trim(), one);
  // What was meant as a command for one person must not be said to all by a slip.
  const some = lines.some(command) ? ' Lines that begin with / are said too, not run.' : '';
  if (lines.length <= UNASKED && !some) return sayAll(lines);
  question(`These are ${lines.length} lines. Each is a message of its own.${some}`, `Send ${lines.length} messages`, () => sayAll(lines));
}

function sayAll(lines) {
  const talk = place.shown;
  const text = box.value;
  const op = talk.name ? 'write' : 'say';
  for (const line of lines) speak(talk, op, lines.length === 1 ? line.replace(/^\/\//, '/') : line);
  sent(text);
}

/** The box is empty again, and Up brings the text back. */
function remember(text) {
  if (before.at(-1) !== text) before.push(text);
  if (before.length > REMEMBERED) before.shift();
  recalled = null;
  put('');
}

/** Puts a text that was not taken into the box of its talk, behind what is there. */
function giveBack(talk, text) {
  const join = begun => (begun ? `${begun}\n${text}` : text);
  if (talk === place.shown) return put(join(box.value));
  drafts[talk.key] = join(drafts[talk.key]);
  stored.set('drafts', drafts);
}

/** The text is on its way, or kept with the lines that wait. */
function sent(text) {
  remember(text);
  if (place.shown) place.shown.newFrom = null;
  log.querySelector('.new')?.remove();
  newer.onclick();
}

/** Runs a typed command, or says why it stays in the box. */
function runTyped(line, { word, rest }) {
  const talk = place.shown;
  const [first] = rest.split(/\s/);
  const behind = rest.slice(first.length).trim();
  if (word === 'search') {
    remember(line);
    return openSearch(rest);
  }
  if (word === 'me' && rest) {
    if (talk.name) return question(`/me speaks in a room. You are writing to ${talk.name} privately.`);
    sent(line);
    return speak(talk, 'do', rest);
  }
  if (/^(msg|m|w|tell)$/.test(word) && first && findPerson(first)) {
    sent(line);
    openPrivate(first);
    if (behind) speak(place.shown, 'write', behind);
  } else if (ask({ op: 'command', line }, undefined, line)) sent(line);
  else question('You are offline. Press Enter again once you are back.');
}

/** Asks, or says why a text was not sent. It goes away once the text changes. */
function question(words, yes, run) {
  write('question-text', words);
  tell(words);
  hide('question', false);
  hide('yes', !run);
  write('yes', yes ?? '');
  at('yes').onclick = () => {
    closeQuestion();
    run();
  };
  if (run) at('yes').focus();
}

const closeQuestion = () => hide('question', true);

// The key that asked may still be down.
at('yes').onkeydown = event => !event.repeat;
at('no').onclick = () => {
  closeQuestion();
  box.focus();
};

// Completion.

/** What stands before the cursor. */
const head = () => box.value.slice(0, box.selectionStart);
const word = () => /\S*$/.exec(head())[0];

/** Names for completion: those who spoke last come first. */
function knownNames() {
  const talk = place.shown;
  const spoke = talk.items.flatMap(item => item.from ?? []).reverse();
  const all = [...spoke, ...peopleOf(talk).map(person => person.name)];
  const once = new Map(all.map(name => [fold(name), name]));
  once.delete(fold(me.name));
  return [...once.values()];
}

/** What the word before the cursor can become. */
function completions(begun, lead) {
  const begins = text => fold(text).startsWith(fold(begun.replace(/^[@#]/, '')));
  if (!lead && /^[/／]/.test(begun)) return (commands ?? []).map(one => `${one.word} `).filter(begins);
  const takesRoom = begun.startsWith('#') || /^[/／](join|switch|listen|unlisten|in|who)\s+$/i.test(lead);
  if (takesRoom) return rooms().map(talk => talk.room).filter(begins).map(room => `#${room} `);
  return knownNames().filter(begins).map(name => name + (lead ? ' ' : ': '));
}

function replaceWord(begun, text) {
  const end = box.selectionStart;
  box.setRangeText(text, end - begun.length, end, 'end');
}

/** Tab. False if there is nothing to complete, and the key moves on as everywhere. */
function complete(step) {
  if (tabbed && !head().endsWith(tabbed.begun)) tabbed = null;
  if (!tabbed) {
    const begun = word();
    const lead = box.value.slice(0, box.selectionStart - begun.length);
    const found = begun ? completions(begun, lead) : [];
    if (!found.length) return false;
    tabbed = { found, at: step > 0 ? -1 : 0, begun };
  } else if (tabbed.found.length < 2) return false;
  const { found, begun } = tabbed;
  const next = (tabbed.at + step + found.length) % found.length;
  replaceWord(begun, found[next]);
  const state = { found, at: next, begun: found[next] };
  typed();
  tabbed = state;
  return true;
}

function insertName(name) {
  const isFirst = !box.value.trim();
  box.focus();
  replaceWord('', isFirst ? `${name}: ` : `${/\s$/.test(head()) ? '' : ' '}${name} `);
  typed();
}

// The list over the box: commands after a slash, names after @.

let offered = [];
let chosen = -1;

function learnCommands() {
  commands = [];
  ask({ op: 'command', line: '/help' }, answer => {
    const rows = (answer.text ?? []).map(row => /^(\/\S+)(.*?)\s{2,}(.+)$/.exec(row)).filter(Boolean);
    commands = rows.map(([, first, more, does]) => ({ word: first, usage: (first + more).trim(), does }));
    offer();
  });
}

function offer() {
  offered = [];
  chosen = -1;
  const text = box.value;
  const begun = word();
  const asked = !text.includes('\n') && /^[/／](?![/／])(\S*)/.exec(text);
  if (asked) {
    if (!commands && place.isIn) learnCommands();
    const isWhole = /\s/.test(text);
    const name = fold(`/${asked[1]}`);
    const fits = isWhole ? one => one.word === name : one => one.word.startsWith(name);
    offered = (commands ?? []).filter(fits).map(one => ({ ...one, hint: isWhole, into: `${one.word} ` }));
  } else if (/^@./.test(begun)) {
    const lead = box.value.slice(0, box.selectionStart - begun.length);
    offered = completions(begun, lead).slice(0, 8).map(into => ({ usage: into.replace(/:? $/, ''), does: '', into, begun }));
  }
  drawOffered();
}

function drawOffered() {
  choicesList.hidden = !offered.length;
  choicesList.replaceChildren(
    ...offered.map((one, number) => {
      const node = element('li', one.hint ? 'hint' : '', element('b', '', one.usage), ' ', element('span', '', one.does));
      node.id = `choice-${number}`;
      node.role = 'option';
      node.ariaSelected = String(number === chosen);
      // The box keeps the keyboard.
      node.onpointerdown = event => event.preventDefault();
      if (!one.hint) node.onclick = () => choose(number);
      return node;
    }),
  );
  if (chosen >= 0) {
    box.setAttribute('aria-activedescendant', `choice-${chosen}`);
    choicesList.children[chosen].scrollIntoView({ block: 'nearest' });
  } else box.removeAttribute('aria-activedescendant');
}

function choose(number) {
  const { word: isCommand, into, begun } = offered[number];
  box.focus();
  if (isCommand) return put(into);
  replaceWord(begun, into);
  typed();
}

const isChoosing = () => offered.length > 0 && !offered[0].hint;

function moveChoice(step) {
  const places = offered.length + 1;
  chosen = ((chosen + 1 + step + places) % places) - 1;
  drawOffered();
}

// Up and Down: what was sent before, if the cursor is on the first or last line.

function recall(step) {
  if (step < 0 && head().includes('\n')) return false;
  if (step > 0 && (!recalled || box.value.slice(box.selectionEnd).includes('\n'))) return false;
  if (!before.length) return false;
  recalled ??= { at: before.length, draft: box.value };
  const state = { ...recalled, at: Math.max(0, recalled.at + step) };
  const isDraft = state.at >= before.length;
  put(isDraft ? state.draft : before[state.at]);
  recalled = isDraft ? null : state;
  offered = [];
  drawOffered();
  return true;
}

function escape() {
  if (offered.length) {
    offered = [];
    drawOffered();
  } else closeQuestion();
}

function page(step) {
  scroller.scrollBy({ top: step * scroller.clientHeight * 0.9 });
  return true;
}

const KEYS = {
  Enter: event => {
    if (event.shiftKey || event.altKey) return false;
    if (event.repeat) return true;
    if (isChoosing() && chosen >= 0) choose(chosen);
    else submit();
    return true;
  },
  Tab: event => {
    if (event.ctrlKey || event.altKey) return false;
    if (!isChoosing()) return complete(event.shiftKey ? -1 : 1);
    choose(Math.max(chosen, 0));
    return true;
  },
  ArrowUp: () => (isChoosing() ? (moveChoice(-1), true) : recall(-1)),
  ArrowDown: () => (isChoosing() ? (moveChoice(1), true) : recall(1)),
  PageUp: () => page(-1),
  PageDown: () => page(1),
};

box.addEventListener('keydown', event => {
  if (isComposing(event) || ((event.altKey || event.ctrlKey || event.metaKey) && event.key.startsWith('Arrow'))) return;
  if (KEYS[event.key]?.(event)) event.preventDefault();
});
box.addEventListener('input', () => {
  recalled = null;
  typed();
});
at('compose').onsubmit = event => {
  event.preventDefault();
  submit();
};

addEventListener('keydown', event => {
  if (isComposing(event) || at('chat').hidden || panel.open) return;
  if (event.key === 'Escape') {
    if (closePanels()) event.preventDefault();
    else escape();
  } else if (event.altKey && !event.ctrlKey && !event.metaKey && /^Arrow(Up|Down)$/.test(event.key)) {
    event.preventDefault();
    goBy(event.key === 'ArrowUp' ? -1 : 1);
  } else if (isSearchKey(event)) {
    event.preventDefault();
    openSearch();
  }
});
