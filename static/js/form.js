// Forms: one submission at a time, a warning before losing text, and counts.

// An error summary takes the focus when the page opens.
document.querySelector('[data-error-summary]')?.focus();

const forms = [...document.querySelectorAll('form[data-form]')];
const before = new Map();
let leaving = false;

// contents is what a form would send, files by name, without the token.
export function contents(form) {
  const out = [];
  for (const [name, value] of new FormData(form)) {
    if (name !== 'csrf') out.push([name, value instanceof File ? value.name : value]);
  }
  return out;
}

export function changed(form) {
  return before.has(form) && before.get(form) !== JSON.stringify(contents(form));
}

// settle takes what a form has now as what was last sent.
export function settle(form) {
  before.set(form, JSON.stringify(contents(form)));
}

for (const form of forms) {
  if (form.dataset.form !== 'quiet') settle(form);

  form.addEventListener('submit', (event) => {
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = 'yes';
    form.setAttribute('aria-busy', 'true');
    leaving = true;
  });
}

// Coming back with the browser's Back button shows the page as it was left.
window.addEventListener('pageshow', () => {
  leaving = false;
  for (const form of forms) {
    delete form.dataset.sent;
    form.removeAttribute('aria-busy');
  }
});

window.addEventListener('beforeunload', (event) => {
  if (!leaving && forms.some(changed)) event.preventDefault();
});

// stopWarning lets a page be left on purpose, its text being kept elsewhere.
export function stopWarning() {
  leaving = true;
}

// counting shows at every field with a limit how much is left.
export function counting(root) {
  for (const field of root.querySelectorAll('[data-count]')) {
    const shown = document.getElementById(field.id + '-count');
    if (!shown) continue;
    const max = Number(field.dataset.count);
    const number = new Intl.NumberFormat(document.documentElement.lang || undefined);
    let timer;
    const count = (say) => {
      // Line breaks count once, as the server counts them; characters, not UTF-16 halves.
      const left = max - [...field.value].length;
      const text = (left < 0 ? field.dataset.countOver : field.dataset.countLeft).replace('{n}', number.format(Math.abs(left)));
      shown.textContent = text;
      shown.classList.toggle('tt-count--over', left < 0);
      clearTimeout(timer);
      if (say && left < max / 10) timer = setTimeout(() => { document.getElementById('announce').textContent = text; }, 1000);
    };
    field.addEventListener('input', () => count(true));
    count(false);
  }
}
counting(document);

// USWDS builds the combo box's input from the select and leaves behind what ties
// it to its hint and its error.
window.addEventListener('load', () => {
  for (const input of document.querySelectorAll('.usa-combo-box__input')) {
    const select = input.parentElement.querySelector('select');
    for (const name of ['aria-describedby', 'aria-invalid', 'required']) {
      if (select?.hasAttribute(name)) input.setAttribute(name, select.getAttribute(name));
    }
    select?.removeAttribute('required');
  }
});
