// Walks the portal in a real browser as people do, and checks every page visited
// with axe and html-validate: node walk.mjs BASE. Exits 1 with a list of what is wrong.
import { readFileSync, mkdirSync } from 'node:fs';
import { chromium } from 'playwright-core';
import { HtmlValidate } from 'html-validate';

const base = process.argv[2];
const shots = process.argv[3]; // folder for screenshots; none without
const axe = readFileSync(new URL('./node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');
const config = JSON.parse(readFileSync(new URL('./.htmlvalidate.json', import.meta.url), 'utf8'));
const html = new HtmlValidate(config);
const problems = [];
let pages = 0;
if (shots) mkdirSync(shots, { recursive: true });

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run'],
});

async function person(options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(15000);
  page.on('console', (m) => {
    if (/Content Security Policy/i.test(m.text())) problems.push(`${page.url()}: ${m.text()}`);
  });
  return page;
}

function expect(ok, what) {
  if (!ok) problems.push(what);
}

// look checks the page that is open, at both widths.
async function look(page, name) {
  pages++;
  const own = page.url().startsWith(base);
  const source = await (await page.request.get(page.url(), { failOnStatusCode: false })).text();
  if (own) {
    const report = await html.validateString(source);
    for (const r of report.results) for (const m of r.messages) problems.push(`${name}: html ${m.ruleId} line ${m.line}: ${m.message}`);
  }
  for (const width of [1280, 390]) {
    await page.setViewportSize({ width, height: 900 });
    await page.evaluate(axe);
    const found = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
    for (const v of found.violations) problems.push(`${name} at ${width}: axe ${v.id}: ${v.nodes.map((n) => n.target).join(', ')}`);
    const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    expect(over <= 0, `${name}: ${over} px wider than a screen of ${width}`);
    if (shots) await page.screenshot({ path: `${shots}/${name.replace(/[^a-z0-9]+/gi, '-')}-${width}.png`, fullPage: true });
  }
  await page.setViewportSize({ width: 1280, height: 900 });
}

// signIn goes through the real flow at the demo's provider.
async function signIn(page, way, who) {
  await page.goto(base + '/signin');
  await page.getByRole('link', { name: way }).click();
  await look(page, 'provider ' + way);
  await page.getByRole('button', { name: new RegExp(who) }).first().click();
  await page.waitForURL((u) => u.href.startsWith(base));
}

// follow asks for every page of ours that the open page links to.
const followed = new Set();
async function follow(page, name) {
  const links = await page.$$eval('a[href^="/"]', (list) => list.map((a) => a.getAttribute('href')));
  for (const link of links) {
    const [path] = link.split('#');
    if (!path || followed.has(path) || path.startsWith('/signin/') || path.includes('lang=')) continue;
    followed.add(path);
    const answer = await page.request.get(base + path);
    expect(answer.status() < 400, `${name}: the link ${path} answers ${answer.status()}`);
  }
}

// register opens a company's account and begins an application.
async function register(page) {
  await signIn(page, 'Business account', 'Carla Mendes');
  await follow(page, 'welcome');
  await page.getByRole('link', { name: 'Register a company' }).click();
  await look(page, 'register');
  await page.getByRole('button', { name: 'Register company' }).click();
  expect((await page.title()).startsWith('Error:'), 'an empty registration is not refused');
  await page.fill('[name=name]', 'Mendes Trading LLC');
  await page.selectOption('[name=country]', 'US');
  await page.fill('[name=registration]', 'NY-4711');
  await page.getByRole('button', { name: 'Register company' }).click();
  for (const [path, name] of [['/company', 'company home'], ['/company/profile', 'company account'], ['/company/sites/new', 'new site'],
    ['/company/contacts/new', 'new contact'], ['/company/identifiers/new', 'new number'], ['/company/history', 'company history'],
    ['/company/changes', 'change notices'], ['/inbox', 'inbox'], ['/applications/new', 'choose a programme'],
    ['/applications/new/ctpat', 'choose a kind of member'], ['/help', 'help']]) {
    const answer = await page.goto(base + path);
    expect(answer.status() === 200, `${path} answers ${answer.status()}`);
    await look(page, name);
    await follow(page, name);
  }
}

try {
  const guest = await person();
  for (const [path, name, status] of [['/', 'start', 200], ['/signin', 'sign in', 200], ['/accessibility', 'accessibility', 200],
    ['/privacy', 'privacy', 200], ['/signed-out', 'signed out', 200], ['/no-such-page', 'not found', 404]]) {
    const answer = await guest.goto(base + path);
    expect(answer.status() === status, `${path} answers ${answer.status()}, want ${status}`);
    await look(guest, name);
  }
  const refused = await guest.goto(base + '/me');
  expect(new URL(refused.url()).pathname === '/signin', '/me does not ask a guest to sign in');

  for (const [way, who] of [['Business account', 'Carla Mendes'], ['Customs staff account', 'Sam Rivera']]) {
    const page = await person();
    await signIn(page, way, who);
    expect(await page.getByText(who).first().isVisible(), `${who} is not named after signing in`);
    await look(page, 'home of ' + who);
    await page.goto(base + '/me');
    await look(page, 'own sign-in of ' + who);
    await page.getByRole('button', { name: /sign out$/i }).first().click();
    await page.waitForLoadState();
    const after = await page.goto(base + '/me');
    expect(new URL(after.url()).pathname === '/signin', `${who} is still signed in after signing out`);
  }

  await register(await person());

  // The same without JavaScript.
  const plain = await person({ javaScriptEnabled: false });
  await plain.goto(base + '/signin');
  await plain.getByRole('link', { name: 'Business account' }).click();
  await plain.getByRole('button', { name: /Carla Mendes/ }).first().click();
  await plain.waitForURL((u) => u.href.startsWith(base));
  expect(await plain.getByText('Carla Mendes').first().isVisible(), 'signing in needs JavaScript');
} catch (e) {
  problems.push(String(e));
} finally {
  await browser.close();
}
for (const p of problems) console.error(p);
console.log(`${pages} pages looked at, ${problems.length} problems`);
process.exit(problems.length || pages < 12 ? 1 : 0);
