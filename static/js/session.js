// The session: a warning before it ends, a way to stay, and typed text kept in
// this tab (sessionStorage, never sent anywhere) until the person is back.
import { changed, stopWarning } from './form.js';

const dialog = document.getElementById('session-warning');
if (dialog) {
  const set = dialog.dataset;
  // Another person signing in in this tab must not be offered these texts.
  const key = (path) => `kept:${set.owner}:${path}`;
  const title = document.getElementById('session-warning-title');
  const text = document.getElementById('session-warning-text');
  const stay = dialog.querySelector('[data-session-stay]');
  const signIn = dialog.querySelector('[data-session-signin]');
  // While the dialog is open the rest of the page is inert, its live region too.
  const say = (sentence) => {
    const region = dialog.open ? dialog.querySelector('[data-session-say]') : document.getElementById('announce');
    region.textContent = sentence;
  };
  const idle = Number(set.idle) * 1000;
  const warn = Number(set.warn) * 1000;
  const heading = title.textContent;
  let end = Date.now() + idle;
  let over = false;
  let said = 0;

  // Tabs share one session: activity in one keeps the others from warning.
  const channel = 'BroadcastChannel' in window ? new BroadcastChannel('session') : null;
  const restart = () => {
    end = Date.now() + idle;
    over = false;
    said = 0;
    title.textContent = heading;
    signIn.hidden = true;
    stay.hidden = false;
    if (dialog.open) dialog.close();
  };
  channel?.addEventListener('message', restart);
  channel?.postMessage('active');

  // Requests without a new page keep the session open too, or find it ended.
  document.addEventListener('session-active', ({ detail: seconds }) => {
    if (over) return;
    restart();
    if (seconds > 0) end = Date.now() + seconds * 1000;
    channel?.postMessage('active');
  });
  document.addEventListener('session-ended', () => {
    end = 0;
    tick();
  });

  const left = (ms) => {
    const s = Math.max(1, Math.ceil(ms / 1000));
    return s > 90 ? set.minutes.replace('{n}', Math.ceil(s / 60)) : set.seconds.replace('{n}', s);
  };

  const keep = () => {
    const fields = [];
    for (const form of document.querySelectorAll('form[data-form]')) {
      if (!changed(form)) continue;
      for (const f of form.elements) {
        if (!f.name || f.name === 'csrf' || ['file', 'password', 'hidden', 'submit', 'button'].includes(f.type)) continue;
        fields.push({ id: f.id, name: f.name, value: f.value, checked: f.checked });
      }
    }
    if (fields.length) sessionStorage.setItem(key(location.pathname), JSON.stringify(fields));
  };

  const tick = () => {
    const ms = end - Date.now();
    if (over || ms > warn) return;
    if (ms <= 0) {
      over = true;
      keep();
      stopWarning();
      title.textContent = set.endedTitle;
      text.textContent = set.endedText;
      stay.hidden = true;
      signIn.hidden = false;
      signIn.href = set.signin + (set.signin.includes('?') ? '&' : '?') + 'return=' + encodeURIComponent(location.pathname + location.search);
      if (!dialog.open) dialog.showModal();
      signIn.focus();
      say(set.endedTitle);
      return;
    }
    const sentence = set.text.replace('{time}', left(ms));
    text.textContent = sentence;
    if (!dialog.open) {
      dialog.showModal();
      stay.focus();
    }
    // Said once a minute, and once near the end: a countdown read aloud is noise.
    const mark = ms > 20000 ? Math.ceil(ms / 60000) : -1;
    if (mark !== said) {
      said = mark;
      say(sentence);
    }
  };
  setInterval(tick, 1000);
  document.addEventListener('visibilitychange', tick);

  const extend = async () => {
    stay.disabled = true;
    try {
      const answer = await fetch(set.extend, {
        method: 'POST',
        body: new URLSearchParams({ csrf: set.csrf }),
        headers: { Accept: 'application/json' },
        redirect: 'manual',
      });
      if (answer.ok) {
        restart();
        channel?.postMessage('active');
        say(set.extended);
      } else if (answer.type === 'opaqueredirect' || [401, 403, 404].includes(answer.status)) {
        end = 0;
        tick();
      } else {
        throw new Error(String(answer.status));
      }
    } catch {
      text.textContent = set.failed;
      say(set.failed);
    }
    stay.disabled = false;
  };
  stay.addEventListener('click', extend);
  dialog.addEventListener('cancel', (event) => {
    event.preventDefault();
    if (!over) extend();
  });

  // Leaving on purpose leaves nothing behind.
  document.querySelector('form[action="/signout"]')?.addEventListener('submit', () => {
    for (const k of Object.keys(sessionStorage)) if (k.startsWith('kept:')) sessionStorage.removeItem(k);
  });

  // Signed in again: offer what was kept.
  const kept = sessionStorage.getItem(key(location.pathname));
  const main = document.getElementById('main');
  const fields = kept ? JSON.parse(kept) : [];
  const find = (f) => [...document.querySelectorAll('form[data-form] [name]')].find((e) => (f.id ? e.id === f.id : e.name === f.name));
  if (fields.some(find)) {
    const offer = document.createElement('div');
    offer.className = 'usa-alert usa-alert--info tt-alert';
    offer.setAttribute('role', 'status');
    const body = document.createElement('div');
    body.className = 'usa-alert__body';
    const p = document.createElement('p');
    p.className = 'usa-alert__text';
    p.textContent = set.restore;
    const row = document.createElement('div');
    row.className = 'tt-button-row';
    const button = (label, look, act) => {
      const b = document.createElement('button');
      b.type = 'button';
      b.className = 'usa-button ' + look;
      b.textContent = label;
      b.addEventListener('click', () => {
        act();
        sessionStorage.removeItem(key(location.pathname));
        offer.remove();
        main.focus();
      });
      row.append(b);
    };
    button(set.restoreButton, '', () => {
      for (const f of fields) {
        const e = find(f);
        if (!e) continue;
        if (e.type === 'checkbox' || e.type === 'radio') e.checked = f.checked;
        else e.value = f.value;
        e.dispatchEvent(new Event('input', { bubbles: true }));
      }
    });
    button(set.discardButton, 'usa-button--outline', () => {});
    body.append(p, row);
    offer.append(body);
    main.prepend(offer);
  }
}
