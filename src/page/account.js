// Accounts: the panel that asks for passwords. They go to the server in ops of their own. What is typed behind a command
// is never sent, and never kept. A password stays in memory alone, where a lost link needs it to come in again.

const panel = at('account');
const [present, fresh, again] = panel.querySelectorAll('[type=password]');

/** The commands that ask: a title, what is to be known, the verb, and the fields. */
const FORMS = {
  register: ['Make your name yours', 'Nobody else can come in under it then.', 'Register', fresh, again],
  password: ['Change your password', 'Your other connections end.', 'Change', present, fresh, again],
  unregister: [
    'Give up your account',
    'Your password, settings and waiting messages go. What you said stays. Nobody can take your name until an operator frees it. Your rooms go to',
    'Unregister',
    present,
  ],
};

/** The first command in a text that asks for passwords: `{ word, rest }`. */
const secretIn = text => text.split('\n').map(command).find(one => one && Object.hasOwn(FORMS, one.word));

/** Opens the panel for a typed command, or says that it stands alone. Only whom one's rooms go to may stand behind it. */
function openAccount({ word, rest }, isAlone) {
  const [, to] = /^unregister to\s+(\S+)$/i.exec(`${word} ${rest}`) ?? [];
  if (!isAlone || (rest && !to)) {
    if (isAlone) put(`/${word}`);
    return question(`Type /${word} alone; you are asked for the password.`);
  }
  remember(box.value);
  const [title, words, verb, ...fields] = FORMS[word];
  for (const field of [present, fresh, again]) field.disabled = !fields.includes(field);
  at('account-name').value = me.name;
  write('account-title', title);
  write('account-note', fresh.disabled ? `${words} ${to ?? 'those whom you trust, or to the operators'}.` : words);
  write('account-do', verb);
  complain(present, '');
  panel.showModal();
  fields[0].focus();
  present.form.onsubmit = event => {
    event.preventDefault();
    if (!again.disabled && again.value !== fresh.value) return complain(again, 'Type the same once more.');
    const password = fresh.value;
    const secrets = word === 'password' ? { old: present.value, new: password } : { password: password || present.value, to };
    complain(present, '');
    at('account-do').disabled = true;
    if (!ask({ op: word, ...secrets }, answer => settleAccount(answer, password))) unaccount();
  };
}

/** The server has done it, or says why not. `password`: the one from now on. */
function settleAccount({ event, code, text }, password) {
  const isNew = present.disabled || code === 'usage';
  if (event !== 'answer' && panel.open) return complain(isNew ? fresh : present, text, !isNew && code === 'password');
  note(place.shown, [text].flat().join('\n'));
  if (event !== 'answer') return;
  want.password = password;
  // There may be others now.
  commands = null;
  panel.close();
}

/** There is no link, and no answer. */
function unaccount() {
  if (at('account-do').disabled) complain(present.disabled ? fresh : present, 'You are offline.');
}

at('account-close').onclick = () => panel.close();
panel.onclose = () => {
  present.form.reset();
  at('account-do').disabled = false;
};

/** Says at a field of a form what is wrong with it. No words: nothing is. */
function complain(field, words, isEmptied) {
  const { form } = field;
  const error = form.querySelector('.error');
  for (const one of form.querySelectorAll('input')) one.ariaInvalid = words !== '' && one === field;
  field.after(error);
  field.setAttribute('aria-describedby', error.id);
  error.textContent = words;
  form.querySelector('.main').disabled = false;
  if (isEmptied) field.value = '';
  if (words) field.focus();
}
