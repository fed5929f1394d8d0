// Files: sent as soon as they are chosen, several at once, piece by piece, so that a
// dropped line loses nothing. Without this the form sends one file as browsers do.
import { stopWarning } from './form.js';

const atOnce = 2; // files of one page
const target = 2000; // milliseconds that a piece should take
const least = 32 << 10;
const pauses = [1000, 2000, 4000, 8000, 15000]; // before trying again by itself
const page = location.pathname;

for (const form of document.querySelectorAll('form[data-upload]')) enhance(form);

function enhance(form) {
  const input = form.querySelector('input[type=file]');
  const list = form.querySelector('[data-upload-list]');
  const template = form.querySelector('[data-upload-row]');
  if (!input || !list || !template || !window.fetch) return;
  form.querySelector('[data-upload-plain]').hidden = true;
  if (!form.dataset.item) input.multiple = true;
  input.required = false;
  const queue = [];
  let running = 0;

  // next starts what waits; when nothing is left, the list of the page is read anew.
  const next = () => {
    while (running < atOnce && queue.length > 0) {
      running++;
      queue.shift()().finally(() => {
        running--;
        next();
        if (running === 0 && queue.length === 0) say(form.dataset.all);
      });
    }
  };
  const add = (files) => {
    for (const file of files) {
      const row = newRow(form, template, file);
      list.append(row.element);
      row.start = () => { queue.push(() => row.send()); next(); };
      row.start();
    }
    list.hidden = list.children.length === 0;
  };
  input.addEventListener('change', () => {
    add(input.files);
    input.value = ''; // the same file may be chosen again, and the form has nothing to lose
  });
  form.addEventListener('submit', (event) => event.preventDefault());
}

// say tells those who hear the page, politely and not for every percent.
function say(text) {
  const place = document.getElementById('announce');
  if (place && text) place.textContent = text;
}

class Refused extends Error {}

function newRow(form, template, file) {
  const element = template.content.firstElementChild.cloneNode(true);
  const part = (name) => element.querySelector(`[data-${name}]`);
  const data = form.dataset;
  const token = form.querySelector('[name=csrf]').value;
  const field = (name) => form.querySelector(`[name=${name}]`)?.value ?? '';
  const bar = part('bar');
  let upload = null;
  let dropped = false;
  let stop = null; // of the request under way
  let piece = 256 << 10;

  part('name').textContent = file.name;
  bar.setAttribute('aria-label', file.name);
  const state = (text, kind) => {
    part('state').textContent = text;
    element.dataset.kind = kind ?? '';
  };
  const progress = (sent) => {
    const percent = Math.floor((100 * sent) / file.size);
    bar.value = percent;
    state(data.sending.replace('{n}', percent));
  };

  // ask sends one request; a line that drops throws a TypeError.
  const ask = async (path, method, body, headers) => {
    stop = new AbortController();
    const response = await fetch(path, {
      method, body, signal: stop.signal, credentials: 'same-origin', redirect: 'error',
      headers: { 'X-CSRF-Token': token, Accept: 'application/json, application/problem+json', ...headers },
    });
    if (response.ok || (response.status === 409 && headers?.['Upload-Offset'])) return response.status === 204 ? {} : response.json();
    const problem = await response.json().catch(() => ({}));
    const text = problem.errors?.map((e) => e.message).join(' ') || problem.detail || response.statusText;
    if (response.status >= 500 || [408, 409, 429].includes(response.status)) throw new TypeError(text); // it passes
    const refused = new Refused(text);
    refused.status = response.status;
    throw refused;
  };
  const params = (values) => new URLSearchParams(values);

  // run brings the file across from where it is, and has it checked.
  const run = async () => {
    if (!upload) {
      upload = await ask('/evidence/uploads', 'POST', params({ name: file.name, type: file.type, size: file.size, item: data.item ?? '' }));
    } else {
      try {
        upload = await ask(`/evidence/uploads/${upload.id}`, 'GET');
      } catch (error) {
        if (!(error instanceof Refused)) throw error; // it is over: the answer to its end was lost, and comes again
      }
    }
    while (upload.received < upload.size) {
      if (dropped) return null;
      progress(upload.received);
      const from = upload.received;
      const began = performance.now();
      const answer = await ask(`/evidence/uploads/${upload.id}`, 'POST', file.slice(from, from + piece),
        { 'Content-Type': 'application/octet-stream', 'Upload-Offset': String(from) });
      upload.received = answer.received;
      const took = Math.max(performance.now() - began, 1);
      piece = Math.round(Math.min(answer.piece, Math.max(least, piece * Math.min(2, target / took))));
    }
    bar.value = 100;
    state(data.checking);
    return ask(`/evidence/uploads/${upload.id}/finish`, 'POST', params({ cycle: field('cycle'), criterion: field('criterion'), site: field('site') }));
  };

  const done = (kept) => {
    const shut = kept.scan === 'quarantined';
    const text = shut ? `${data.quarantined}. ${kept.why}` : data.added;
    state(text, shut ? 'bad' : 'good');
    bar.hidden = true;
    part('drop').hidden = true;
    part('retry').hidden = true;
    const open = part('open');
    open.href = `/evidence/${kept.evidence}/edit`;
    open.hidden = false;
    say(`${file.name}: ${text}`);
    refresh(form);
    if (data.item) {
      stopWarning();
      location.assign(page);
    }
  };
  const failed = (error) => {
    const refused = error instanceof Refused;
    const text = refused ? `${data.refused}. ${error.message}` : data.stopped;
    state(text, 'bad');
    bar.hidden = refused;
    part('retry').hidden = refused;
    if (refused && upload) {
      ask(`/evidence/uploads/${upload.id}/cancel`, 'POST').catch(() => {}); // the portal sweeps what is left
      upload = null;
    }
    say(`${file.name}: ${text}`);
  };

  const row = {
    element,
    start: null,
    async send() {
      if (dropped) return;
      part('retry').hidden = true;
      if (file.size > Number(data.upload)) return failed(new Refused(data.large));
      if (file.size === 0) return failed(new Refused(data.empty));
      let anew = false;
      for (let tries = 0; ; tries++) {
        const before = upload?.received ?? 0;
        try {
          const kept = await run();
          if (kept) done(kept);
          return;
        } catch (error) {
          if (dropped) return;
          if (error.status === 404 && upload && !anew) { // forgotten meanwhile
            upload = null;
            anew = true;
            continue;
          }
          if (error instanceof Refused || tries === pauses.length) return failed(error);
          state(data.again);
          await new Promise((resolve) => { setTimeout(resolve, pauses[tries]); });
          piece = least;
          if ((upload?.received ?? 0) > before) tries = -1;
        }
      }
    },
  };
  state(data.waiting);
  part('retry').addEventListener('click', () => row.start());
  part('drop').addEventListener('click', async () => {
    dropped = true;
    stop?.abort();
    const list = element.parentElement;
    element.remove();
    list.hidden = list.children.length === 0;
    form.querySelector('input[type=file]').focus();
    if (upload) await ask(`/evidence/uploads/${upload.id}/cancel`, 'POST').catch(() => {}); // the portal sweeps what is left
  });
  return row;
}

// refresh reads the list of what is attached anew, where the page has one.
async function refresh(form) {
  const list = form.dataset.refresh && document.querySelector('[data-attached]');
  if (!list) return;
  try {
    const response = await fetch(list.dataset.attached, { credentials: 'same-origin', redirect: 'error' });
    if (!response.ok) return;
    const fresh = new DOMParser().parseFromString(await response.text(), 'text/html').querySelector('[data-attached]');
    if (fresh) list.replaceWith(document.importNode(fresh, true));
  } catch {
    // The next page shows it.
  }
}
