// A browser that checks every page it is shown with axe and html-validate, at two widths.
import { readFileSync, mkdirSync } from 'node:fs';
import { chromium } from 'playwright-core';
import { HtmlValidate } from 'html-validate';

export const base = process.argv[2];
export const shots = process.argv[3]; // folder for screenshots; none without
const axe = readFileSync(new URL('./node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');
const config = JSON.parse(readFileSync(new URL('./.htmlvalidate.json', import.meta.url), 'utf8'));
const html = new HtmlValidate(config);
export const problems = [];
export const count = { pages: 0 };
if (shots) mkdirSync(shots, { recursive: true });

export const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run'],
});

export async function person(options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(15000);
  page.on('console', (m) => {
    if (/Content Security Policy/i.test(m.text())) problems.push(`${page.url()}: ${m.text()}`);
  });
  return page;
}

export function expect(ok, what) {
  if (!ok) problems.push(what);
}

// look checks the page that is open, at both widths; a page of the same name only once.
const looked = new Set();
export async function look(page, name) {
  if (looked.has(name)) return;
  looked.add(name);
  count.pages++;
  const own = page.url().startsWith(base);
  const source = await (await page.request.get(page.url(), { failOnStatusCode: false })).text();
  if (own) {
    const report = await html.validateString(source);
    for (const r of report.results) for (const m of r.messages) problems.push(`${name}: html ${m.ruleId} line ${m.line}: ${m.message}`);
  }
  await page.evaluate(axe);
  for (const width of [1280, 390]) {
    await page.setViewportSize({ width, height: 900 });
    const found = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
    for (const v of found.violations) problems.push(`${name} at ${width}: axe ${v.id}: ${v.nodes.map((n) => n.target).join(', ')}`);
    const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    expect(over <= 0, `${name}: ${over} px wider than a screen of ${width}`);
    if (shots) await page.screenshot({ path: `${shots}/${name.replace(/[^a-z0-9]+/gi, '-')}-${width}.png`, fullPage: true });
  }
  await page.setViewportSize({ width: 1280, height: 900 });
}

// signIn goes through the real flow at the demo's provider.
export async function signIn(page, way, who) {
  await page.goto(base + '/signin');
  await page.getByRole('link', { name: way }).click();
  await page.waitForURL((u) => !u.href.startsWith(base + '/'));
  await look(page, 'provider ' + way);
  await page.getByRole('button', { name: new RegExp(who) }).first().click();
  await page.waitForURL((u) => u.href.startsWith(base));
}

// follow asks for every page of ours that the open page links to.
const followed = new Set();
export async function follow(page, name) {
  const links = await page.$$eval('a[href^="/"]', (list) => list.map((a) => a.getAttribute('href')));
  for (const link of links) {
    const [path] = link.split('#');
    if (!path || followed.has(path) || path.startsWith('/signin/') || path.includes('lang=')) continue;
    followed.add(path);
    const answer = await page.request.get(base + path);
    expect(answer.status() < 400, `${name}: the link ${path} answers ${answer.status()}`);
  }
}

// visit opens a page of ours and looks at it.
export async function visit(page, path, name, status = 200) {
  const answer = await page.goto(base + path);
  expect(answer.status() === status, `${path} answers ${answer.status()}, want ${status}`);
  await look(page, name);
  await follow(page, name);
}

// send presses the button of the form whose action ends so, and waits for the answer.
export async function send(page, action, button) {
  const form = page.locator(`form[action$="${action}"]`).first();
  const press = button ? page.getByRole('button', { name: button }).first() : form.locator('button[type=submit], button:not([type])').last();
  await Promise.all([page.waitForNavigation(), press.click()]);
  const title = await page.title();
  if (title.startsWith('Error:')) {
    const list = await page.locator('#error-summary').innerText().catch(() => '');
    throw new Error(`${action} is refused: ${list.replaceAll('\n', ' ')}`);
  }
}

// says expects a text on the open page.
export const says = async (page, text, why) => expect((await page.locator('main').textContent()).includes(text), `${why}: no "${text}" at ${page.url()}`);
export const path = (page) => new URL(page.url()).pathname;

// press sends a form by the button of that name and tells what the page refused.
export async function press(page, name, within = page.locator('main')) {
  await Promise.all([page.waitForNavigation(), within.getByRole('button', { name }).first().click()]);
  return (await page.locator('#error-summary, main .usa-alert--warning').allInnerTexts()).join(' ').replaceAll('\n', ' ');
}

// done is press for what must not be refused.
export async function done(page, name, within) {
  const refused = await press(page, name, within);
  if ((await page.title()).startsWith('Error:') || /This was not done/.test(refused)) throw new Error(`${name} at ${page.url()} is refused: ${refused}`);
}

export async function unfold(page, name) {
  const details = page.locator('main details', { has: page.locator('summary', { hasText: name }) }).first();
  if (!(await details.evaluate((d) => d.open))) await details.locator('summary').first().click();
}

// on fills the three fields of a day.
export async function on(page, name, day) {
  const [year, month, date] = day.split('-');
  await page.fill(`[name="${name}-day"]`, String(Number(date)));
  await page.locator(`[name="${name}-month"]`).selectOption(String(Number(month)));
  await page.fill(`[name="${name}-year"]`, year);
}
