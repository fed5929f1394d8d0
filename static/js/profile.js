// Filling in a security profile. Each answer is saved a moment after typing stops, and at
// once when its field is left. One request at a time for each question; the newest text
// wins. The server decides: a text that it does not take stays where it was typed.
import { counting, settle } from './form.js';

const pause = 1500;
const patience = [2000, 4000, 8000, 16000, 30000];
const awake = 120000; // how long somebody who does nothing still counts as being here
const announce = (text) => { document.getElementById('announce').textContent = text; };

const fieldsOf = (box) => [...box.querySelectorAll('input, select, textarea')].filter((f) => f.name && !f.disabled);
const valuesOf = (box) => fieldsOf(box).filter((f) => !['radio', 'checkbox'].includes(f.type) || f.checked).map((f) => [f.name, f.value]);
const isVersion = (name) => name.endsWith('-version');
const isText = ([name, value]) => value !== '' && !/-(version|rows)$/.test(name);

// halfway reports whether somebody is at a day and has not filled in all of it.
const halfway = (field) => {
  const day = field?.closest('.tt-date');
  return Boolean(day?.contains(document.activeElement)) && [...day.querySelectorAll('input, select')].some((f) => f.value === '');
};

class Answer {
  constructor(sheet, box) {
    this.sheet = sheet;
    this.box = box;
    this.id = box.dataset.question;
    this.kept = this.text();
    this.tries = 0;
  }

  // text is what would be sent, to see whether something truly changed.
  text() {
    return JSON.stringify(valuesOf(this.box).filter(isText));
  }

  get dirty() {
    return this.text() !== this.kept;
  }

  later() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => { if (!halfway(document.activeElement)) this.save(); }, pause);
  }

  // save sends the answer, and once more when it was changed meanwhile. It resolves when
  // nothing of this answer is on its way.
  save() {
    clearTimeout(this.timer);
    this.sending ??= this.send().finally(() => { this.sending = null; });
    return this.sending;
  }

  async send() {
    while (this.dirty && this.text() !== this.stuck) {
      const text = this.text();
      const body = new URLSearchParams(valuesOf(this.box));
      for (const name of ['edition', 'entity', 'site']) {
        const field = this.sheet.form.elements[name];
        if (field) body.set(name, field.value);
      }
      this.say(this.sheet.words.saving);
      let answer;
      try {
        answer = await fetch(this.sheet.words.autosave + encodeURIComponent(this.id), {
          method: 'POST',
          body,
          headers: { Accept: 'application/json, application/problem+json', 'X-CSRF-Token': this.sheet.form.elements.csrf.value },
          redirect: 'manual',
          keepalive: body.toString().length < 60000, // longer ones a browser does not finish for a page that is left
        });
      } catch {
        return this.failed();
      }
      if (answer.ok) {
        this.saved(text, await answer.json());
      } else if (answer.status >= 500 || answer.status === 429) {
        return this.failed();
      } else {
        this.stuck = text; // until it is changed, or the person says so
        return this.refused(answer.status, await answer.json().catch(() => ({})));
      }
    }
  }

  saved(text, told) {
    this.kept = text;
    this.stuck = null;
    this.tries = 0;
    for (const f of fieldsOf(this.box)) {
      if (isVersion(f.name)) f.value = told.version;
      f.removeAttribute('aria-invalid');
    }
    this.box.querySelector('[data-problem]')?.remove();
    this.say(told.saved);
    const missing = this.box.querySelector('[data-missing]');
    if (missing) missing.textContent = told.missing ?? '';
    const history = this.box.querySelector('[data-history]');
    if (history) history.hidden = told.version < 2;
    document.dispatchEvent(new CustomEvent('session-active', { detail: told.idle }));
    this.sheet.saved(this, told);
  }

  failed() {
    const delay = patience[Math.min(this.tries, patience.length - 1)];
    this.tries += 1;
    this.problem(this.sheet.words.failed, { retry: true, aloud: this.tries === 1 });
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.save(), delay);
  }

  refused(status, told) {
    if (status === 401) {
      this.problem(this.sheet.words.ended, {});
      document.dispatchEvent(new CustomEvent('session-ended'));
    } else if (status === 409 && told.conflict) {
      this.problem(this.sheet.words.conflict, { compare: true, aloud: true });
    } else {
      const list = (told.errors ?? []).map((e) => e.message);
      for (const e of told.errors ?? []) {
        const f = fieldsOf(this.box).find((x) => x.name === e.name || x.name === `${e.name}-day`);
        f?.setAttribute('aria-invalid', 'true');
      }
      this.problem(list.length ? this.sheet.words.refused : (told.detail ?? this.sheet.words.refused), { list, retry: status === 403, aloud: true });
    }
  }

  say(text) {
    const place = this.box.querySelector('[data-saved]');
    if (place) place.textContent = text ?? '';
  }

  // problem stands beside the question until the answer is saved.
  problem(text, { list = [], retry = false, compare = false, aloud = false }) {
    this.say('');
    this.box.querySelector('[data-problem]')?.remove();
    const panel = document.createElement('div');
    panel.className = 'tt-unsaved';
    panel.dataset.problem = '';
    const p = document.createElement('p');
    p.textContent = text;
    panel.append(p);
    if (list.length) {
      const ul = document.createElement('ul');
      for (const message of list) {
        const li = document.createElement('li');
        li.textContent = message;
        ul.append(li);
      }
      panel.append(ul);
    }
    const button = (label, kind) => {
      const b = document.createElement('button');
      b.type = kind;
      b.className = 'usa-button usa-button--outline tt-button-small';
      b.textContent = label;
      panel.append(b);
      return b;
    };
    if (retry) {
      button(this.sheet.words.retry, 'button').addEventListener('click', () => {
        this.stuck = null;
        this.tries = 0;
        this.save();
      });
    }
    if (compare) { // sends the whole page, whose answer is the comparison
      const b = button(this.sheet.words.compare, 'submit');
      b.name = 'then';
      b.value = 'stay';
    }
    this.box.querySelector('[data-saved]').parentElement.after(panel);
    if (aloud) announce([text, ...list].join(' '));
  }
}

class Sheet {
  constructor(form) {
    this.form = form;
    this.words = form.dataset;
    this.answers = new Map();
    for (const box of form.querySelectorAll('[data-question]')) this.take(box);

    form.addEventListener('input', (event) => {
      const answer = this.of(event.target);
      if (!answer) return;
      answer.later();
    });
    // A choice is complete at once; a text is when its field is left, and a day when all
    // three of its fields are.
    form.addEventListener('change', (event) => {
      if (!halfway(event.target)) this.of(event.target)?.save();
    });
    form.addEventListener('focusout', (event) => {
      const day = event.target.closest('.tt-date');
      if (day && !day.contains(event.relatedTarget)) this.of(day)?.save();
    });
    form.addEventListener('click', (event) => {
      const add = event.target.closest('button[name="add"]');
      if (add && this.addRow(add)) event.preventDefault();
    });
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState === 'hidden') this.flush();
    });
    window.addEventListener('online', () => this.flush());
  }

  take(box) {
    this.answers.set(box, new Answer(this, box));
  }

  of(element) {
    const box = element.closest?.('[data-question]');
    return box && this.answers.get(box);
  }

  get unsaved() {
    return [...this.answers.values()].filter((a) => a.dirty);
  }

  // flush saves whatever is not saved yet. It reports whether everything is.
  async flush() {
    await Promise.all([...this.answers.values()].map((a) => (a.dirty || a.sending ? a.save() : null)));
    return this.unsaved.length === 0;
  }

  // settled resolves when nothing is on its way.
  settled() {
    return Promise.all([...this.answers.values()].map((a) => { clearTimeout(a.timer); return a.sending; }));
  }

  saved(answer, told) {
    if (this.unsaved.length === 0) settle(this.form);
    // Every save aloud would be noise.
    if (!this.told || Date.now() - this.told > 60000) {
      this.told = Date.now();
      announce(told.saved);
    }
    const place = document.getElementById(told.place);
    if (told.reload || (place && place.dataset.state !== told.state)) this.refresh();
  }

  // refresh takes from a fresh copy of the page what the last answer changed: the state of
  // the criterion, and the questions that are asked now. What is being typed stays.
  async refresh() {
    let fresh;
    try {
      const answer = await fetch(location.href, { headers: { Accept: 'text/html' }, redirect: 'error' });
      if (!answer.ok) return;
      fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
    } catch {
      return; // the next save asks again
    }
    for (const place of document.querySelectorAll('[data-state]')) {
      const now = fresh.getElementById(place.id);
      if (now) place.replaceWith(document.importNode(now, true));
    }
    const form = fresh.querySelector('form[data-autosave]');
    if (!form) {
      if (this.unsaved.length === 0) location.reload();
      return;
    }
    const clean = this.unsaved.length === 0;
    let place = null;
    const items = '[id^="question-"]';
    for (const box of form.querySelectorAll(items)) {
      let here = document.getElementById(box.id);
      if (!here) {
        here = document.importNode(box, true);
        if (place) place.after(here);
        else this.form.querySelector(items)?.before(here);
        counting(here);
        if (here.matches('[data-question]')) this.take(here);
      }
      place = here;
    }
    for (const box of this.form.querySelectorAll(items)) {
      if (fresh.getElementById(box.id) || this.answers.get(box)?.dirty || box.contains(document.activeElement)) continue;
      box.remove();
      this.answers.delete(box);
    }
    if (clean) settle(this.form);
  }

  // addRow adds an empty row to a table, as the server does without scripts.
  addRow(button) {
    const place = button.closest('[data-rows]');
    const field = place.dataset.rows;
    const count = this.form.elements[`${field}-rows`];
    const last = place.querySelector('tbody tr:last-child');
    const n = Number(count.value);
    if (!last || n >= 200) return false;
    const row = last.cloneNode(true);
    const rename = (text) => text.replace(`-row-${n - 1}-`, `-row-${n}-`);
    for (const e of row.querySelectorAll('[id], [for], [name], [aria-describedby]')) {
      for (const name of ['id', 'for', 'name']) if (e.hasAttribute(name)) e.setAttribute(name, rename(e.getAttribute(name)));
      e.removeAttribute('aria-invalid');
      e.removeAttribute('aria-describedby');
      if (e.matches('input')) e.value = '';
    }
    for (const label of row.querySelectorAll('label')) label.textContent = label.textContent.replace(String(n), String(n + 1));
    for (const e of row.querySelectorAll('.usa-error-message')) e.remove();
    for (const e of row.querySelectorAll('.usa-input--error')) e.classList.remove('usa-input--error');
    last.after(row);
    count.value = n + 1;
    if (this.unsaved.length === 0) settle(this.form);
    row.querySelector('input').focus();
    announce(this.words.row);
    return true;
  }
}

const sheets = [...document.querySelectorAll('form[data-autosave]')].map((form) => new Sheet(form));

// A form that is sent waits for what is on its way, so that its versions are the newest.
// Another form of the page does not take unsaved answers away.
document.addEventListener('submit', (event) => {
  const { target, submitter } = event;
  if (target.matches('form[action="/signout"]')) return;
  const own = sheets.find((s) => s.form === target);
  const wait = own ? [...own.answers.values()].some((a) => a.sending) : sheets.some((s) => s.unsaved.length > 0);
  if (!wait) {
    if (own) own.settled();
    return;
  }
  event.preventDefault();
  event.stopImmediatePropagation();
  const ready = own ? own.settled().then(() => true) : Promise.all(sheets.map((s) => s.flush())).then((all) => all.every(Boolean));
  ready.then((ok) => {
    if (ok) target.requestSubmit(submitter);
    else document.querySelector('[data-problem] button')?.focus();
  });
}, true);

// A link that is followed waits too; if something cannot be saved the page stays.
document.addEventListener('click', (event) => {
  const link = event.target.closest?.('a[href]');
  if (!link || link.target || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  const to = new URL(link.href, location.href);
  const here = to.origin === location.origin && to.pathname === location.pathname && to.search === location.search && to.hash;
  if (to.origin !== location.origin || here || sheets.every((s) => s.unsaved.length === 0)) return;
  event.preventDefault();
  Promise.all(sheets.map((s) => s.flush())).then((all) => {
    if (all.every(Boolean)) location.assign(to);
    else document.querySelector('[data-problem] button')?.focus();
  });
});

// Whoever has the page open says so now and then, as long as they do something.
const presence = document.querySelector('[data-presence]');
if (presence?.dataset.presence) {
  let last = Date.now();
  for (const name of ['input', 'keydown', 'pointerdown', 'pointermove', 'scroll']) {
    window.addEventListener(name, () => { last = Date.now(); }, { passive: true });
  }
  const beat = async () => {
    if (document.visibilityState === 'hidden' || Date.now() - last > awake) return;
    try {
      const answer = await fetch(presence.dataset.presence, {
        method: 'POST',
        headers: { Accept: 'application/json, application/problem+json', 'X-CSRF-Token': sheets[0].form.elements.csrf.value },
        redirect: 'manual',
      });
      if (!answer.ok) return;
      const told = await answer.json();
      presence.replaceChildren(...told.here.map((text) => {
        const p = document.createElement('p');
        p.className = 'tt-fact';
        p.textContent = text;
        return p;
      }));
      document.dispatchEvent(new CustomEvent('session-active', { detail: told.idle }));
    } catch {
      // who is here is a courtesy: nothing depends on it
    }
  };
  if (sheets.length) setInterval(beat, 30000);
}
