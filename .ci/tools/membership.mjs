// A membership that is broken and mended: a member reports an incident, a specialist opens a
// case, a supervisor suspends at once, headquarters confirms, the member appeals, an appeal
// officer overturns it, and the history says what was known when. Then what a member does with
// its business partners: one answers by a link without an account, an outsider checks a
// membership by a link, and another agency looks at a member by consent. The companies are the demo's.
import { enter, tick } from './profile.mjs';
import { base, done, expect, look, on, path, person, press, says, unfold, visit } from './visitor.mjs';

const off = { javaScriptEnabled: false };
// day is the civil day of the members' office.
const day = (days = 0) => new Date(Date.now() + days * 86_400_000).toLocaleDateString('sv-SE', { timeZone: 'America/New_York' });
const choose = (page, text) => page.locator('main label', { hasText: text }).first().click();

// mailed is the newest link of a kind in the e-mails of the demo.
async function mailed(page, kind) {
  const mails = (await (await page.request.get(base + '/dev/mail')).text()).replace(/=\r?\n/g, '');
  return [...mails.matchAll(new RegExp(`/${kind}/([A-Za-z0-9_-]{43})`, 'g'))].map((m) => m[0]);
}

// reported is an incident of the member, up to the register at the desk.
async function reported(owner) {
  await visit(owner, '/incidents', 'incidents of a company');
  await visit(owner, '/incidents/new', 'report an incident');
  await press(owner, 'Send the report');
  expect((await owner.title()).startsWith('Error:'), 'an empty report is not refused');
  await look(owner, 'report of an incident refused');
  await choose(owner, 'Seal broken');
  await owner.fill('[name=place]', 'Port of Newark, terminal 3');
  await on(owner, 'from', day(-3));
  await on(owner, 'found_on', day(-2));
  await owner.fill('[name=number]', 'SEAL 4471-993');
  await owner.fill('[name=facts]', 'The seal was cut when the container came to our yard. Four bags were inside that are not ours.');
  await done(owner, 'Send the report');
  await visit(owner, path(owner), 'an incident, by its company');
  return path(owner);
}

// opened opens a case about an incident and returns its address at the desk.
async function opened(incident) {
  const sam = await enter('Customs staff account', 'Sam Rivera');
  await visit(sam, '/desk/incidents', 'register of incidents');
  await visit(sam, '/desk' + incident, 'an incident at the desk');
  await visit(sam, '/desk/enforcement', 'cases of enforcement');
  await sam.goto(base + '/desk' + incident);
  const open = await sam.locator('main a[href*="/desk/enforcement/new"]').first().getAttribute('href');
  await visit(sam, open, 'open a case');
  await sam.fill('[name=reason]', 'Drugs in a container of the member');
  await done(sam, /Open/);
  await visit(sam, path(sam), 'a case at the desk');
  await visit(sam, path(sam) + '/propose', 'propose a measure');
  return path(sam).replace('/propose', '');
}

// suspended suspends at once and has a second person confirm.
async function suspended(at) {
  const vera = await enter('Customs staff account', 'Vera Castellanos');
  await vera.goto(base + at);
  await unfold(vera, 'Suspend at once');
  await choose(vera, 'Security incident');
  await vera.fill('[name=emergency-reasons]', `Four bags of drugs were found in a container of the member on ${day(-3)}.`);
  await done(vera, /Suspend/);
  await look(vera, 'a case after suspending at once');
  const henry = await enter('Customs staff account', 'Henry Okafor');
  await henry.goto(base + at);
  await done(henry, /Confirm/);
  await look(henry, 'a case after confirming');
}

// appealed files an appeal against a case and has it decided for the member.
async function appealed(owner, at) {
  const own = at.replace('/desk', '');
  await visit(owner, '/company', 'home of a suspended company');
  await says(owner, 'suspended', 'a suspension at home');
  await visit(owner, own, 'a case, by its company');
  await visit(owner, own + '/appeal', 'file an appeal');
  await press(owner, 'File the appeal');
  expect((await owner.title()).startsWith('Error:'), 'an appeal without reasons is not refused');
  await owner.fill('[name=reasons]', 'The seal was cut by officers of the port. Their log shows it.');
  await choose(owner, 'I file this appeal');
  await done(owner, 'File the appeal');
  await visit(owner, path(owner), 'an appeal, by its company');
  const appeal = path(owner);

  const vera = await enter('Customs staff account', 'Vera Castellanos');
  await vera.goto(base + '/desk' + appeal);
  expect(!(await vera.getByRole('button', { name: 'Take it in hand' }).count()), 'who suspended can take the appeal');
  const olive = await enter('Customs staff account', 'Olive Brandt-Reyes');
  await visit(olive, '/desk/appeals', 'appeals');
  await visit(olive, '/desk' + appeal, 'an appeal at the desk');
  await done(olive, 'Take it in hand');
  await look(olive, 'an appeal in hand');
  await choose(olive, 'The decision is overturned');
  await olive.fill('[name=answer]', 'The log of the port shows that its own officers cut the seal.');
  await done(olive, 'Decide the appeal');
  await look(olive, 'an appeal decided');
  await visit(owner, appeal, 'an appeal overturned, by its company');
}

// remembered expects the history to tell what was true today from what was said today.
async function remembered(owner) {
  await owner.goto(base + '/company');
  const member = (await owner.locator('main a[href^="/memberships/"]').first().getAttribute('href')).match(/^\/memberships\/[0-9a-f-]{36}/)[0];
  await visit(owner, member, 'a membership after an appeal');
  await says(owner, 'Active', 'a membership after an appeal');
  const [y, m, d] = day().split('-').map(Number);
  await visit(owner, `${member}/history?on-day=${d}&on-month=${m}&on-year=${y}`, 'history in law');
  await says(owner, 'overturned', 'the history of an appeal');
  return member;
}

// left prepares a withdrawal of the membership for a coming day, and gives it up.
async function left(owner, member) {
  await visit(owner, member + '/leave', 'ways to leave');
  await visit(owner, member + '/leave/withdrawal', 'withdraw from the programme');
  await on(owner, 'effective_on', day(40));
  await tick(owner.locator('[name=reason]').first());
  await owner.fill('[name=note]', 'We no longer import.');
  await done(owner, /Save|Go on|Continue|Prepare/);
  await visit(owner, path(owner), 'a case of leaving');
  await done(owner, 'Give it up');
  await look(owner, 'a case of leaving given up');
}

// partnered has a business partner answer a questionnaire in its language by a link alone.
async function partnered(owner) {
  await visit(owner, '/partners', 'business partners');
  await visit(owner, '/partners/import', 'bring a list of partners');
  await visit(owner, '/partners/connections', 'connections with members');
  await owner.goto(base + '/partners');
  await Promise.all([owner.waitForNavigation(), owner.getByRole('link', { name: 'Gulf Coast Drayage' }).first().click()]);
  const partner = path(owner);
  await visit(owner, partner, 'a business partner');
  await visit(owner, partner + '/send', 'send a questionnaire');
  await owner.locator('[name=lang]').selectOption('es');
  await done(owner, /Send/);

  const link = (await mailed(owner, 'q'))[0];
  const reader = await person();
  await visit(reader, link, 'questionnaire by a link');
  const outside = await person(off); // whoever answers may have no scripts
  await outside.goto(base + link);
  expect(await reader.locator('main div[lang=es]').count(), 'the questionnaire is not in the language of the partner');
  const sections = await outside.$$eval('main a[href*="/s/"]', (list) => [...new Set(list.map((a) => a.getAttribute('href')))]);
  for (const [i, section] of sections.entries()) {
    await outside.goto(base + section);
    if (i === 0) await visit(reader, section, 'part of a questionnaire');
    for (const yes of await outside.locator('main input[type=radio][value=yes]').all()) await tick(yes);
    for (const note of await outside.locator('main textarea').all()) await note.fill('Según nuestro manual.');
    await Promise.all([outside.waitForNavigation(), outside.locator('main form button[type=submit], main form button:not([type])').last().click()]);
  }
  await visit(reader, link + '/finish', 'finish a questionnaire');
  await outside.goto(base + link + '/finish');
  await outside.fill('[name=name]', 'Dana Cole');
  await tick(outside.locator('[name=agree]'));
  await Promise.all([outside.waitForNavigation(), outside.locator('main form[action$="/finish"] button').last().click()]);
  await visit(reader, link, 'a questionnaire sent');

  await owner.goto(base + partner);
  await Promise.all([owner.waitForNavigation(), owner.locator('main a[href^="/partners/questionnaires/"]').first().click()]);
  await visit(owner, path(owner), 'a questionnaire answered');
  await says(owner, 'Según nuestro manual.', 'answers of a partner');
  await done(owner, /Accept/);
  await look(owner, 'a questionnaire accepted');
}

// verified has an outsider check the membership by a link, until it is taken back.
async function verified(owner) {
  await visit(owner, '/partners/links', 'verification links');
  await owner.fill('[name=purpose]', 'Gulf Ports');
  await done(owner, /Make|Create/);
  await look(owner, 'a verification link made');
  const link = (await owner.content()).match(/\/verify\/[A-Za-z0-9_-]{43,}/)[0];
  const outside = await person();
  await visit(outside, link, 'membership by a link');
  await says(outside, 'Active', 'a membership by a link');
  await visit(outside, '/verify/' + 'x'.repeat(64), 'unknown verification link', 404);
  await owner.goto(base + '/partners/links');
  await done(owner, 'Switch off');
  expect((await outside.goto(base + link)).status() === 404, 'a link that was taken back still works');
}

// agreed lets another agency look the member up, until the consent is taken back.
async function agreed(owner, number) {
  const noor = await enter('Product Safety Bureau account', 'Noor Baptiste');
  const find = async () => {
    await noor.goto(base + '/agency/members');
    await noor.fill('[name=number]', number);
    await noor.fill('[name=why]', 'Entry of 400 lamps');
    await noor.locator('main form[action="/agency/members"] button').last().click();
    await noor.waitForLoadState();
    return (await noor.locator('main').textContent()).includes('Tier');
  };
  await visit(noor, '/agency/members', 'another agency finds a member');
  await visit(owner, '/company/consents', 'consents to other agencies');
  if (await owner.locator('form[action$="/give"]').count()) await done(owner, 'Agree');
  expect(await find(), 'a member that agreed is not found');
  await look(noor, 'a member found by another agency');
  await owner.goto(base + '/company/consents');
  await says(owner, 'Entry of 400 lamps', 'why another agency looked');
  await done(owner, 'Take it back');
  expect(!(await find()), 'a member that took its consent back is found');
}

// counted looks at what headquarters sees, and opens the rows of its numbers.
async function counted() {
  const henry = await enter('Customs staff account', 'Henry Okafor');
  await visit(henry, '/desk/headquarters', 'headquarters');
  for (const part of ['year', 'duties', 'offices']) await visit(henry, '/desk/headquarters/' + part, 'headquarters, ' + part);
  await henry.goto(base + '/desk/headquarters');
  const rows = await henry.locator('main a[href^="/desk/headquarters/rows"]').first().getAttribute('href');
  await visit(henry, rows, 'rows of a number');
}

export async function membership() {
  const owner = await enter('Business account', 'Amara Okoye');
  const at = await opened(await reported(owner));
  await suspended(at);
  await appealed(owner, at);
  const member = await remembered(owner);
  const number = (await owner.locator('main').textContent()).match(/[A-Z]\d{2}-\d{6}/)[0];
  await left(owner, member);
  await agreed(owner, number);
  await partnered(owner);
  await verified(owner);
  await counted();
}
