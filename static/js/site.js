// The modules of every page. Each enhances what works without it.
import './form.js';
import './session.js';
import './walk.js';
import './upload.js';

// Buttons that need a script are hidden until one runs.
for (const button of document.querySelectorAll('[data-print]')) {
  button.hidden = false;
  button.addEventListener('click', () => window.print());
}

for (const button of document.querySelectorAll('[data-copy]')) {
  if (!navigator.clipboard) continue;
  button.hidden = false;
  const label = button.textContent;
  button.addEventListener('click', async () => {
    const field = document.getElementById(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(field.value);
    } catch {
      field.select();
      return;
    }
    button.textContent = button.dataset.copied;
    document.getElementById('announce').textContent = button.dataset.copied;
    setTimeout(() => { button.textContent = label; }, 3000);
  });
}

if (document.querySelector('form[data-autosave]')) import('./profile.js');

// Paper has no way to open what is folded.
let folded = [];
window.addEventListener('beforeprint', () => {
  folded = [...document.querySelectorAll('main details:not([open])')];
  for (const d of folded) d.open = true;
});
window.addEventListener('afterprint', () => {
  for (const d of folded) d.open = false;
});
