// The security profile: two people fill one in at once, a filled in one is submitted,
// sent back, answered, accepted and its company certified, and a yearly review begins
// with last year's answers. The companies are the demo's.
import { writeFileSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { member, pass, recommend } from './slice.mjs';
import { base, expect, look, person, send, visit } from './visitor.mjs';

// enter signs in as somebody of a company, or of the agency's staff by a part of the name;
// with that role when a company has several.
export async function enter(way, who, role = 'Owner', options = {}) {
  const page = await person(options);
  page.setDefaultTimeout(30000);
  await page.goto(base + '/signin');
  await page.getByRole('link', { name: way }).click();
  await page.waitForURL((u) => !u.href.startsWith(base + '/')); // the people stand on the provider's page
  const group = page.locator('section', { has: page.getByRole('heading', { name: new RegExp('^' + who) }) });
  const press = (await group.count()) ? group.locator('li', { hasText: role }).getByRole('button').first() : page.getByRole('button', { name: new RegExp('as ' + who) }).first();
  await press.click();
  await page.waitForURL((u) => u.href.startsWith(base));
  return page;
}

export async function tick(field) {
  if (await field.isChecked()) return;
  await field.page().locator(`label[for="${await field.getAttribute('id')}"]`).click();
}

// profileOf is the address of the company's newest profile.
async function profileOf(page) {
  await visit(page, '/profiles', 'list of profiles');
  const link = await page.locator('main a[href^="/profiles/"]').first().getAttribute('href');
  return link.match(/^\/profiles\/[0-9a-f-]{36}/)[0];
}

// openText finds a criterion with a text to write and opens it for everybody.
async function openText(pages, at) {
  const [first] = pages;
  await first.goto(base + at);
  const links = await first.$$eval(`main a[href^="${at}/criteria/"]`, (list) => list.map((a) => a.getAttribute('href')));
  for (const link of links) {
    await first.goto(base + link);
    if (await first.locator('form[data-autosave] textarea[name$="-text"]:visible').count()) {
      for (const page of pages.slice(1)) await page.goto(base + link);
      return link;
    }
  }
  throw new Error('no criterion asks for a text');
}

const textOf = (page) => page.locator('form[data-autosave] textarea[name$="-text"]:visible').first();
const boxOf = (page) => page.locator('[data-question]', { has: page.locator('textarea[name$="-text"]:visible') }).first();

// write types a text and waits until the page says that it is saved.
async function write(page, text) {
  await textOf(page).fill(text);
  await boxOf(page).locator('[data-saved]').getByText(/Saved/).first().waitFor();
}

// together has two people of one company write the same answer at once.
async function together() {
  const owner = await enter('Business account', 'Kestrel Robotics');
  const colleague = await enter('Business account', 'Kestrel Robotics', 'Editor');
  await visit(owner, '/company', 'home with a profile');
  const at = await profileOf(owner);
  await visit(owner, at, 'profile');
  for (const [path, name] of [['/table', 'profile as a table'], ['/sites', 'exceptions of sites'], ['/assign', 'assign criteria'], ['/checks', 'checks'],
    ['/submit', 'check answers of a profile']]) await visit(owner, at + path, name);
  const link = await openText([owner, colleague], at);
  await look(owner, 'criterion');
  const stamp = Date.now().toString(36);
  await write(owner, `We check every delivery at the gate, note ${stamp}.`);
  await textOf(colleague).fill(`The guard checks each delivery and calls the office, note ${stamp}.`);
  const compare = boxOf(colleague).locator('[data-problem] button[type=submit]');
  await compare.waitFor();
  await Promise.all([colleague.waitForNavigation(), compare.click()]);
  expect(/gate/.test(await colleague.locator('main').innerText()) && /guard/.test(await colleague.locator('main').innerText()), 'the conflict does not show both texts');
  await look(colleague, 'conflict of two answers');
  await tick(colleague.locator('main input[type=radio][value=mine]').first());
  await Promise.all([colleague.waitForNavigation(), colleague.getByRole('button', { name: 'Save what I chose' }).click()]);
  await owner.goto(base + link);
  expect((await textOf(owner).inputValue()).includes('guard'), 'what was chosen in the conflict is not kept');
  const history = await boxOf(owner).locator('a[href*="/history/"]').first().getAttribute('href');
  await visit(owner, history, 'history of an answer');
  const told = await owner.locator('main').innerText();
  expect(told.includes('gate') && told.includes('guard'), 'the history lacks one of the two texts');
  await evidence(owner, link);
}

// attach adds a file beside a criterion, as soon as it is chosen.
async function attach(page, link) {
  await page.goto(base + link);
  const file = join(mkdtempSync(join(tmpdir(), 'walk-')), 'gate-log.csv');
  writeFileSync(file, 'date,plate,driver\n2026-11-02,AB-123,J. Marin\n');
  const field = page.locator('main input[type=file]').first();
  await field.setInputFiles(file);
  await page.locator('main a[href^="/evidence/"]', { hasText: 'gate-log' }).first().waitFor(); // there, and no more on its way
}

async function evidence(page, link) {
  await attach(page, link);
  await visit(page, '/evidence', 'library of evidence');
  await visit(page, '/evidence/new', 'new evidence');
  await page.goto(base + '/evidence');
  await page.locator('main a[href^="/evidence/"]:not([href="/evidence/new"])').first().click();
  await look(page, 'an item of evidence');
}

// certified takes a profile that is filled in all the way to the membership.
export async function certified() {
  const owner = await enter('Business account', 'Clearwater Medical Supply');
  const at = await profileOf(owner);
  await visit(owner, at + '/checks', 'checks of a profile that is ready');
  // One item has expired: it is taken away and a new one attached.
  await attach(owner, at + '/criteria/1.3');
  await owner.goto(base + at + '/criteria/1.3');
  await Promise.all([owner.waitForNavigation(), owner.locator('li, tr', { hasText: '(last year)' }).getByRole('button', { name: /^Take (off|away)/ }).first().click()]);
  await declare(owner, at);
  await look(owner, 'receipt of a profile');
  await owner.goto(base + '/company');
  const application = (await owner.locator('a[href^="/applications/"]').first().getAttribute('href')).match(/^\/applications\/[0-9a-f-]{36}/)[0];
  await visit(owner, application, 'application with its profile');
  await visit(owner, application + '/check', 'check of an application');
  await tick(owner.locator('[name=attested]'));
  await send(owner, '/submit');
  await look(owner, 'receipt of an application');

  const kai = await enter('Customs staff account', 'Kai ');
  const file = application.replace('/applications/', '/desk/cases/');
  const review = at.replace('/profiles/', '/desk/profiles/');
  await kai.goto(base + file);
  await send(kai, '/claim', 'Claim');
  await send(kai, '/start');
  await visit(kai, '/desk/profiles', 'queue of profiles');
  await kai.goto(base + review);
  await send(kai, '/start');
  await visit(kai, review, 'review of a profile');
  const criteria = await criteriaOf(kai, review);
  await visit(kai, criteria[0], 'review of a criterion');
  await verdict(kai, 'more_information', 'Say who holds the keys.');
  await visit(kai, review + '/send', 'send a profile back');
  await kai.fill('[name=message]', 'One point is open.');
  await Promise.all([kai.waitForNavigation(), kai.getByRole('button', { name: 'Send back to the company' }).click()]);
  await look(kai, 'profile that was sent back');

  await visit(owner, at, 'profile that came back');
  const own = criteria[0].replace('/desk/profiles/', '/profiles/');
  await visit(owner, own, 'criterion that came back');
  await Promise.all([owner.waitForNavigation(), owner.getByRole('button', { name: /^Nothing changes/ }).click()]);
  await declare(owner, at);

  await kai.goto(base + review);
  if (await kai.locator('form[action$="/start"]').count()) await send(kai, '/start');
  await visit(kai, review, 'review of what was sent again');
  for (const link of criteria) {
    await kai.goto(base + link);
    await verdict(kai, 'meets', '');
  }
  await visit(kai, review + '/accept', 'accept a profile');
  await Promise.all([kai.waitForNavigation(), kai.getByRole('button', { name: 'Accept the profile' }).click()]);
  await look(kai, 'profile that was accepted');

  await pass(kai, file, 'with its profile');
  await recommend(kai, file, 'with its profile');
  const june = await enter('Customs staff account', 'June ');
  await visit(june, file + '/decision', 'decide with its profile');
  await send(june, '/certify');
  await member(owner, 'with its profile');
}

// declare submits a profile.
async function declare(page, at) {
  await page.goto(base + at + '/submit');
  for (const name of ['warnings', 'attested']) {
    const box = page.locator(`main [name=${name}]`);
    if (await box.count()) await tick(box.first());
  }
  await page.fill('main [name=name]', (await page.locator('.tt-who__name').first().innerText()).split(',')[0].trim());
  await page.fill('main [name=title]', 'Managing director');
  await send(page, '/submit', 'Submit the profile');
  expect(new URL(page.url()).pathname === at + '/receipt', 'submitting a profile does not lead to the receipt');
}

async function criteriaOf(page, review) {
  await page.goto(base + review + '?show=all');
  const links = await page.$$eval(`main a[href^="${review}/criteria/"]`, (list) => list.map((a) => a.getAttribute('href').split(/[?#]/)[0]));
  expect(links.length > 50, `the review lists ${links.length} criteria`);
  return [...new Set(links)];
}

async function verdict(page, value, remark) {
  const radio = page.locator(`main input[type=radio][value=${value}]`);
  if (!(await radio.count())) return; // does not count for this company
  await tick(radio.first());
  await page.locator('main [name=remark]').fill(remark);
  await Promise.all([page.waitForNavigation(), page.getByRole('button', { name: 'Save', exact: true }).click()]);
  expect(!(await page.title()).startsWith('Error:'), `the verdict ${value} is refused at ${page.url()}`);
}

// nextYear confirms one of last year's answers.
async function nextYear() {
  const owner = await enter('Business account', 'Cascadia Air Cargo');
  const at = await profileOf(owner);
  await visit(owner, at + '?show=attention', 'yearly review');
  const links = await owner.$$eval(`main a[href^="${at}/criteria/"]`, (list) => list.map((a) => a.getAttribute('href')));
  for (const link of links) {
    await owner.goto(base + link);
    const still = owner.getByRole('button', { name: 'Still true' });
    if (!(await still.count())) continue;
    await look(owner, "criterion with last year's answer");
    await Promise.all([owner.waitForNavigation(), still.click()]);
    await owner.goto(base + link);
    expect(!(await owner.getByRole('button', { name: 'Still true' }).count()), 'an answer that was confirmed waits again');
    return;
  }
  expect(false, 'the yearly review has nothing to confirm');
}

export async function profiles() {
  await together();
  await nextYear();
  await certified();
}
