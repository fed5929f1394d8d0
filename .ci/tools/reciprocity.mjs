// How a partner agency works with the portal: an officer checks members one at a time, by name
// and as a whole list, proves an answer to an outsider, and sees nothing once a member has
// taken its consent back; the member asks anew and is recognised; the agency's administrator
// registers a program and brings a list of traders; headquarters looks at arrangements and at all checks; a trader of a
// partner country applies; a certificate verifies without an account. The members are the demo's.
import { enter } from './profile.mjs';
import { base, done, expect, look, on, path, person, press, says, unfold, visit } from './visitor.mjs';

const choose = (page, text) => page.locator('main label', { hasText: text }).first().click();

// checked is the answer to a check; it returns the number of the check.
async function checked(officer, value, name, more = async () => {}) {
  await officer.goto(base + '/agency/checks');
  await officer.fill('[name=value]', value);
  await officer.locator('[name=purpose]').selectOption('import_declaration');
  await officer.fill('[name=own_ref]', 'D-261130-40117');
  await more();
  await done(officer, 'Check');
  await look(officer, name);
  return path(officer).split('/').pop();
}

// proven has an outsider verify an answer by its number and what was asked.
async function proven(officer, number, asked) {
  await officer.goto(base + '/agency/checks/' + number);
  const signed = await officer.request.get(base + `/agency/checks/${number}/signed.json`);
  expect(signed.ok(), 'the signed answer does not come');
  const outside = await person();
  await visit(outside, '/checks/verify', 'verify a check');
  const ask = (n, id) => outside.goto(base + `/checks/verify?number=${n}&identifier=${encodeURIComponent(id)}`);
  await ask(number, asked);
  await look(outside, 'a check verified');
  await says(outside, number, 'a check that was verified');
  await ask(number, 'C26-999999');
  await look(outside, 'a check not verified');
  expect(!(await outside.locator('main').textContent()).includes('Answered'), 'a check is proven to whoever does not know what was asked');
}

// listed checks a whole list, one row of which is a formula.
async function listed(officer, number) {
  await visit(officer, '/agency/checks/bulk', 'check a list');
  await officer.locator('[name=purpose]').selectOption('periodic_review');
  await officer.setInputFiles('input[type=file]', { name: 'list.csv', mimeType: 'text/csv', buffer: Buffer.from(`identifier;reference\n${number};A-1\nC26-999999;A-2\n=1+1;A-3\n`) });
  await done(officer, 'Check the list');
  const at = path(officer);
  for (let i = 0; i < 60 && !(await officer.locator('a[href$="/answers.csv"]').count()); i++) {
    await officer.waitForTimeout(500);
    await officer.goto(base + at);
  }
  await look(officer, 'a list that was checked');
  const rows = (await (await officer.request.get(base + at + '/answers.csv')).text()).trim().split('\n');
  expect(rows.length === 4 && rows[1].includes(number), `the list comes back as ${rows.length} rows`);
  expect(!rows.some((row) => /(^|[;,"])=1\+1/.test(row.replaceAll("'=", ''))), 'a formula comes back as one');
  expect((await officer.request.get(base + at + '/manifest.json')).ok(), 'the manifest does not come');
}

// withdrawn takes the consent back, asks anew, and is taken up and recognised again.
async function withdrawn(owner, officer, code, number) {
  await visit(owner, '/recognition', 'recognition abroad');
  await visit(owner, '/recognition/' + code, 'recognition by one partner');
  await visit(owner, `/recognition/${code}/sheet`, 'what to tell the trading partner');
  await owner.goto(base + '/recognition/' + code);
  await unfold(owner, 'Withdraw');
  await done(owner, /Withdraw/);
  await look(owner, 'consent withdrawn');
  await checked(officer, number, 'no record');
  await says(officer, 'No record', 'a check after consent was withdrawn');
  await owner.goto(base + '/recognition/' + code);
  expect((await press(owner, 'Ask for recognition')) !== '', 'a member asks without consent');
  await look(owner, 'asking without consent refused');
  await choose(owner, 'We consent');
  await done(owner, 'Ask for recognition');
  await look(owner, 'recognition asked for');
  await officer.goto(base + '/agency/recognition');
  await officer.getByRole('link', { name: number }).first().click();
  await officer.waitForLoadState();
  await look(officer, 'a member that asks');
  await done(officer, 'Take it up');
  await officer.fill('[name=partner_ref]', 'HOS-7781');
  await done(officer, 'Recognize the member');
  await look(officer, 'a member recognized');
  await owner.goto(base + '/recognition/' + code);
  await says(owner, 'Recognized', 'a member after recognition');
}

// programmed registers a program that asks by itself.
async function programmed() {
  const aiko = await enter('Hoshima Customs account', 'Aiko Morita');
  await visit(aiko, '/agency', 'home of a partner agency');
  await visit(aiko, '/agency/api', 'programs of an agency');
  await aiko.fill('[name=name]', 'Clearance system, Hoshima');
  await done(aiko, 'Register a program');
  if (!/\/agency\/api\/[0-9a-f-]{36}/.test(path(aiko))) await aiko.getByRole('link', { name: 'Clearance system, Hoshima' }).first().click();
  await aiko.waitForLoadState();
  await visit(aiko, path(aiko), 'a program of an agency');
  await aiko.fill('[name=key]', 'not a key');
  expect((await press(aiko, 'Add the key')) !== '', 'a text that is no key is taken');
  await look(aiko, 'a key refused');
  const outside = await person();
  await visit(outside, '/api/docs', 'reference of the API');
  for (const at of ['/api/v1/openapi.yaml', '/.well-known/jwks.json']) expect((await outside.request.get(base + at)).ok(), `${at} does not come`);
}

// fed brings the list of a partner's traders: its headings are named once, the second person
// sees what would change, and takes it over.
async function fed(kenji) {
  const aiko = await enter('Hoshima Customs account', 'Aiko Morita');
  await visit(aiko, '/agency/feeds', 'lists of foreign operators');
  await aiko.locator('main a[href^="/agency/feeds/"]').first().click();
  await aiko.waitForLoadState();
  const channel = path(aiko);
  expect((await press(aiko, 'Read the list')) !== '', 'a list without a file is not refused');
  await look(aiko, 'bring a list, refused');
  const rows = ['AEO Nr;Firma;Country;Status;First day', 'JP1234500017;Kitahama Precision KK;JP;certified;2024-05-01', 'JP1234500025;Minato Freight KK;JP;suspended;2023-02-01', 'JP1234500033;;JP;certified;2023-02-01'];
  await choose(aiko, 'A full list');
  await on(aiko, 'as_of', new Date(Date.now() - 864e5).toISOString().slice(0, 10));
  await aiko.setInputFiles('input[type=file]', { name: 'traders.csv', mimeType: 'text/csv', buffer: Buffer.from(rows.join('\n')) });
  await done(aiko, 'Read the list');
  const list = path(aiko);
  expect(/\/agency\/feeds\/lists\//.test(list), `the list is not read: ${list}`);
  if (await aiko.locator('[name=column-number]').count()) {
    await look(aiko, 'name the columns of a list');
    await aiko.locator('[name=column-number]').selectOption({ label: 'AEO Nr' });
    await done(aiko, 'Read it with these columns');
  }
  await look(aiko, 'what a list would change');
  await says(aiko, '1 row cannot be taken', 'a row without a name');
  expect(!(await aiko.getByRole('button', { name: 'Take the list over' }).count()), 'who brings a list takes it over');
  await kenji.goto(base + list);
  await look(kenji, 'a list to decide on');
  await done(kenji, 'Take the list over');
  await says(kenji, 'Taken over', 'a list that was taken over');
  await visit(kenji, channel, 'lists that were brought');
}

// overseen is what headquarters sees of it all.
async function overseen(code) {
  const henry = await enter('Customs staff account', 'Henry Okafor');
  await visit(henry, '/desk/arrangements', 'arrangements');
  await visit(henry, '/desk/arrangements/' + code, 'an arrangement');
  await visit(henry, '/desk/checks', 'all checks');
  await visit(henry, '/desk/irregularities', 'irregularities');
  await visit(henry, '/desk/operators', 'foreign operators at the desk');
  await visit(henry, '/desk/feeds?show=stale', 'partners whose lists are stale');
}

// applied is a trader of a partner country that applies without an account.
async function applied(officer) {
  const outside = await person();
  await visit(outside, '/operators/apply', 'apply with a foreign status');
  await press(outside, 'Apply');
  expect((await outside.title()).startsWith('Error:'), 'an empty application is not refused');
  await outside.locator('[name=door]').selectOption({ index: 1 });
  await outside.fill('[name=name]', 'Kitahama Precision KK');
  await outside.locator('[name=country]').selectOption('JP');
  await outside.fill('[name=number]', 'JP1234500017');
  const box = outside.locator('main input[type=checkbox]');
  for (const b of await box.all()) await b.check({ force: true });
  await done(outside, 'Apply');
  await look(outside, 'receipt of a foreign operator');
  await visit(officer, '/agency/operators', 'foreign operators');
}

// certified verifies the certificate of a member without an account.
async function certified(owner) {
  await owner.goto(base + '/company');
  const member = (await owner.locator('main a[href^="/memberships/"]').first().getAttribute('href')).match(/^\/memberships\/[0-9a-f-]{36}/)[0];
  await visit(owner, member + '/certificate', 'a certificate');
  const link = (await owner.content()).match(/\/v\/[A-Za-z0-9_.-]{60,}/);
  expect(link, 'the certificate has no link to verify it');
  if (!link) return;
  const outside = await person();
  await visit(outside, link[0], 'a certificate verified');
  await outside.goto(base + link[0].slice(0, -6) + 'AAAAAA');
  await look(outside, 'a certificate that is not genuine');
}

// ownerOf signs in as the owner of a company, whom the demo's provider lists first.
async function ownerOf(company) {
  const page = await person();
  await page.goto(base + '/signin');
  await page.getByRole('link', { name: 'Business account' }).click();
  const who = await page.locator('section', { has: page.locator('h2', { hasText: company }) }).locator('strong').first().textContent();
  return enter('Business account', who);
}

export async function reciprocity() {
  const kenji = await enter('Hoshima Customs account', 'Kenji Arai');
  await visit(kenji, '/agency/recognition?status=recognised', 'members that are recognized');
  await visit(kenji, '/agency/notices', 'notices to a partner');
  await kenji.goto(base + '/agency/recognition?status=recognised');
  const row = kenji.locator('main tbody tr', { hasText: /C2\d-\d{6}/ }).first();
  const number = (await row.textContent()).match(/C2\d-\d{6}/)[0];
  await row.locator('a').first().click();
  await kenji.waitForLoadState();
  await look(kenji, 'a member, by its partner');
  const company = (await kenji.locator('main dl div', { hasText: 'Company' }).locator('dd').first().textContent()).trim();
  const code = 'us-ctpat-jp-aeo';

  await visit(kenji, '/agency/checks', 'check a member');
  const check = await checked(kenji, number, 'an answer');
  await proven(kenji, check, number);
  await checked(kenji, company.split(' ')[0], 'candidates for a name', () => kenji.locator('[name=scheme]').selectOption('name').catch(() => {}));
  await visit(kenji, '/agency/checks/history', 'checks of an agency');
  await listed(kenji, number);

  const owner = await ownerOf(company.split(',')[0]);
  await withdrawn(owner, kenji, code, number);
  await certified(owner);
  await programmed();
  await overseen(code);
  await applied(kenji);
  await fed(kenji);
}
