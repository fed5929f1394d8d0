// Keys for going through a list of criteria. They are off until a person turns them on, for
// single letters get in the way of speech input and screen readers (WCAG 2.1.4).
const nav = document.querySelector('[data-walk]');
const panel = nav?.querySelector('[data-keys]');
if (panel) {
  const button = panel.querySelector('[data-keys-switch]');
  const help = panel.querySelector('[data-keys-help]');
  const stored = () => { try { return localStorage.getItem('keys') === 'on'; } catch { return false; } };
  let on = stored();
  const show = () => {
    button.setAttribute('aria-pressed', String(on));
    button.textContent = on ? button.dataset.on : button.dataset.off;
  };
  panel.hidden = false;
  show();
  button.addEventListener('click', () => {
    on = !on;
    try { localStorage.setItem('keys', on ? 'on' : 'off'); } catch { /* private windows keep nothing */ }
    show();
    document.getElementById('announce').textContent = button.textContent;
  });
  document.addEventListener('keydown', (e) => {
    if (!on || e.ctrlKey || e.metaKey || e.altKey || e.isComposing) return;
    if (document.querySelector('dialog[open]') || e.target.closest('input, textarea, select, [contenteditable]')) return;
    if (e.key === '?') {
      help.open = !help.open;
      if (help.open) help.querySelector('summary').focus();
      e.preventDefault();
      return;
    }
    const link = nav.querySelector(`[data-key="${CSS.escape(e.key)}"]`);
    if (link) link.click();
  });
}
