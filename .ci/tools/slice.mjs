// The whole of the main job: a company registers, applies and is certified, with a
// specialist and a supervisor doing their parts, each in a browser of their own.
import { execFileSync } from 'node:child_process';
import { base, expect, follow, look, person, send, signIn, visit } from './visitor.mjs';

// register opens a company's account and fills it in.
async function register(page, who, company, inspect = true) {
  const see = inspect ? look : async () => {};
  await signIn(page, 'Business account', who);
  await follow(page, 'welcome');
  await page.getByRole('link', { name: 'Register a company' }).click();
  await see(page, 'register');
  await page.getByRole('button', { name: 'Register company' }).click();
  expect((await page.title()).startsWith('Error:'), 'an empty registration is not refused');
  await see(page, 'register refused');
  await page.fill('[name=name]', company.name);
  await choose(page, 'country', company.country);
  await page.fill('[name=registration]', company.registration);
  await send(page, '/company/new');

  await page.goto(base + '/company/sites/new');
  await see(page, 'new site');
  for (const [name, value] of Object.entries(company.site)) await fill(page, name, value);
  await send(page, '/company/sites/new');
  for (const contact of company.contacts) {
    await page.goto(base + '/company/contacts/new');
    await see(page, 'new contact');
    for (const [name, value] of Object.entries(contact)) await fill(page, name, value);
    await send(page, '/company/contacts/new');
  }
  for (const [scheme, value] of Object.entries(company.numbers)) {
    await page.goto(base + '/company/identifiers/new?scheme=' + scheme);
    await see(page, 'new number');
    await page.fill('[name=value]', value);
    await send(page, '/company/identifiers/new');
  }
  if (inspect) for (const [path, name] of [['/company', 'company home'], ['/company/profile', 'company account'], ['/company/profile/edit', 'edit company'],
    ['/company/names', 'trade names'], ['/company/history', 'company history'], ['/company/changes', 'change notices'],
    ['/inbox', 'inbox empty'], ['/applications/new', 'choose a programme'], ['/help', 'help'], ['/help/apply', 'guide: apply'], ['/help/requests-and-dates', 'guide: dates'], ['/help/specialists', 'guide: specialists'],
    ['/help/company-account', 'guide: account'], ['/help/supervisors', 'guide: supervisors'], ['/help/administrators', 'guide: administrators'], ['/help/partner-agencies', 'guide: partners']]) await visit(page, path, name);
}

async function choose(page, name, value) {
  await page.locator(`select[name="${name}"]`).selectOption(value);
}

// tick chooses a radio button or a box as people do: by its label.
async function tick(field) {
  if (await field.isChecked()) return;
  await field.page().locator(`label[for="${await field.getAttribute('id')}"]`).click();
  expect(await field.isChecked(), 'a label does not tick its field');
}

// fill puts a value into whatever kind of field has the name.
async function fill(page, name, value) {
  const field = page.locator(`[name="${name}"]`).first();
  const kind = await field.evaluate((x) => (x.tagName === 'INPUT' ? x.type : x.tagName.toLowerCase()));
  if (kind === 'select') return choose(page, name, value);
  if (kind === 'radio') return tick(page.locator(`[name="${name}"][value="${value}"]`));
  if (kind === 'checkbox') return tick(field);
  return field.fill(value);
}

// fillIn has the demo fill in the security profile of the application that is open.
async function fillIn(page) {
  const reference = (await page.locator('nav[aria-label="Breadcrumbs"]').innerText()).match(/[A-Z]{2,3}-\d{4}-\d{6}/)[0];
  execFileSync(process.env.PORTAL_BINARY, ['fill-in', reference, 'accepted'], { stdio: 'inherit' });
}

// apply fills in an application and submits it. It returns the application's address.
async function apply(page, programme, kind, answers, title) {
  await visit(page, `/applications/new/${programme}`, `choose a kind of member ${programme}`);
  await fill(page, 'entity_type', kind);
  await send(page, `/applications/new/${programme}`);
  await look(page, `eligibility ${programme}`);
  const at = new URL(page.url()).pathname.replace(/\/eligibility$/, '');
  for (const [name, value] of Object.entries(answers)) await fill(page, 'q-' + name, value);
  await send(page, '/eligibility', 'Save and continue');
  await visit(page, at, `application ${programme}`);
  await visit(page, at + '/agreement', `agreement ${programme}`);
  for (const box of await page.locator('input[name^="consent-"]').all()) await tick(box);
  await page.fill('[name=title]', title);
  await send(page, '/agreement');
  await visit(page, at + '/agreement', `agreement signed ${programme}`);
  await fillIn(page);
  await visit(page, at + '/check', `check ${programme}`);
  await tick(page.locator('[name=attested]'));
  await send(page, '/submit');
  expect(new URL(page.url()).pathname === at + '/receipt', 'submitting does not lead to the receipt');
  await look(page, `receipt ${programme}`);
  await visit(page, at + '/withdraw', `withdraw ${programme}`);
  return at;
}

// staff signs in at the agency.
async function staff(name) {
  const page = await person();
  await signIn(page, 'Customs staff account', name);
  return page;
}

// pass gives every part and every check a good outcome.
export async function pass(page, file, programme) {
  await visit(page, file + '/review', `profile review ${programme}`);
  for (const radio of await page.locator('form[action$="/review"] input[type=radio][value=meets]').all()) await tick(radio);
  await send(page, '/review');
  await visit(page, file + '/vetting', `vetting ${programme}`);
  for (const list of await page.locator('select[name^="outcome-"]').all()) await list.selectOption('clear');
  await send(page, '/vetting');
}

export async function recommend(page, file, programme) {
  await visit(page, file + '/decision', `recommend ${programme}`);
  await fill(page, 'outcome', 'certify');
  await page.locator('form[action$="/recommend"] [name=reason]').fill('Everything is in order.');
  await send(page, '/recommend');
}

async function claim(page, file) {
  await page.goto(base + file);
  await send(page, '/claim', 'Claim');
}

// members opens the membership from the company's home and looks at the certificate.
export async function member(page, programme) {
  await visit(page, '/company', `home of a member ${programme}`);
  const link = await page.locator('a[href^="/memberships/"]').first().getAttribute('href');
  await visit(page, link.replace(/\/certificate$/, ''), `membership ${programme}`);
  await visit(page, link.replace(/\/certificate$/, '') + '/certificate', `certificate ${programme}`);
}

// slice is the whole way, in the two programmes.
export async function slice() {
  const carla = await person();
  await register(carla, 'Carla Mendes', {
    name: 'Mendes Trading LLC', country: 'US', registration: 'NY-4711',
    site: { name: 'Head office', activity: 'headquarters', street: '1 Pier Street', city: 'New York', region: 'NY', postcode: '10004', country: 'US', zone: 'America/New_York' },
    contacts: [{ name: 'Carla Mendes', title: 'President', email: 'carla.mendes@business.example', phone: '+1 202 555 0100', kind: 'officer', primary: 'yes' },
      { name: 'Eve Miller', title: 'Compliance manager', email: 'eve.miller@business.example', phone: '+1 202 555 0101', kind: 'employee' }],
    numbers: { ior_ein: '12-345678900', bond: '123456789' },
  });
  const lately = new Date(Date.now() - 3 * 86_400_000); // not today, which has not begun everywhere
  const at = await apply(carla, 'ctpat', 'importer', {
    no_debt: 'yes', no_security_event: 'yes', officer: 'yes', commitment: 'yes', continuous_bond: 'yes', office: 'yes', entries: '12',
    'last_import-day': '1', 'last_import-month': String(lately.getUTCMonth() + 1), 'last_import-year': String(lately.getUTCFullYear()),
  }, 'President');
  const file = at.replace('/applications/', '/desk/cases/');

  const sam = await staff('Sam Rivera');
  await visit(sam, '/desk?queue=unassigned', 'queue of the office');
  await claim(sam, file);
  await send(sam, '/start');
  await visit(sam, file, 'case');
  await visit(sam, file + '/request', 'request for information');
  await sam.fill('[name=message]', 'We have one question.');
  await sam.locator('form[action$="/request"] textarea[name^="question-"]').first().fill('Which port does the company use most?');
  await send(sam, '/request');
  await visit(sam, file + '/request', 'request sent');

  await visit(carla, '/company', 'home with a request');
  await visit(carla, at + '/request', 'answer a request');
  for (const area of await carla.locator('main textarea').all()) await area.fill('New York, then Newark.');
  if (await carla.locator('[name=attested]').count()) await tick(carla.locator('[name=attested]'));
  await send(carla, '/request', 'Send all answers');
  await visit(carla, '/inbox', 'inbox');
  await carla.locator('main tbody th a').first().click();
  await look(carla, 'letter');

  await pass(sam, file, 'ctpat');
  for (const tab of ['messages', 'notes', 'hours', 'history']) await visit(sam, `${file}/${tab}`, `case ${tab}`);
  await recommend(sam, file, 'ctpat');
  await visit(sam, file + '/decision', 'own recommendation');

  const vera = await staff('Vera Castellanos');
  await visit(vera, '/desk', 'queue of the supervisor');
  await visit(vera, file + '/decision', 'decide');
  await send(vera, '/certify');
  await visit(vera, file, 'case decided');
  await visit(vera, '/desk/search?q=Mendes', 'search');
  await visit(vera, '/desk/changes', 'change notices at the desk');
  await vera.goto(base + file);
  await vera.locator('a[href^="/desk/companies/"]').first().click();
  await look(vera, 'company 360');
  await member(carla, 'ctpat');

  await colleague(carla);
  await europe();
  await overseers();
}

// colleague is invited by the owner, accepts from the first page and acts at once.
async function colleague(carla) {
  await visit(carla, '/company/people', 'people of a company');
  await visit(carla, '/company/people/invite', 'invite a person');
  await fill(carla, 'email', 'mila.horvat@business.example');
  await fill(carla, 'role', 'editor');
  await send(carla, '/invite');
  await look(carla, 'people with an invitation');
  const mila = await person();
  await signIn(mila, 'Business account', 'Mila Horvat');
  await look(mila, 'welcome with an invitation');
  await Promise.all([mila.waitForNavigation(), mila.getByRole('button', { name: /^Accept/ }).click()]);
  expect(new URL(mila.url()).pathname === '/company', 'accepting does not lead to the company');
  await visit(mila, '/company', 'home of a colleague');
  await carla.goto(base + '/company/people');
  await carla.getByRole('link', { name: 'Mila Horvat' }).click();
  await look(carla, 'a person of the company');
  await fill(carla, 'role', 'reader');
  await carla.getByRole('button', { name: 'Save role' }).click();
  await carla.waitForLoadState();
  const refused = await mila.goto(base + '/company/sites/new');
  expect(refused.status() === 404, 'a role that was changed does not hold at once on an open session');
}

// europe is the same way under the Union's rules: accepted first, effective on the fifth day.
async function europe() {
  const tom = await person();
  await register(tom, 'Tom Lindqvist', {
    name: 'Lindqvist Shipping NV', country: 'BE', registration: 'BE-0800.100.300',
    site: { name: 'Head office', activity: 'headquarters', street: 'Kaai 12', city: 'Antwerpen', postcode: '2000', country: 'BE' },
    contacts: [{ name: 'Tom Lindqvist', title: 'Director', email: 'tom.lindqvist@business.example', phone: '+32 3 555 01 00', kind: 'officer', primary: 'yes' },
      { name: 'Eva Peeters', title: 'Compliance manager', email: 'eva.peeters@business.example', phone: '+32 3 555 01 01', kind: 'employee' }],
    numbers: { eori: 'BE0800100300', national_registration: '0800.100.300' },
  }, false);
  await visit(tom, '/applications/new/eu-aeo', 'choose a kind of member eu-aeo');
  await fill(tom, 'entity_type', 'aeoc');
  await send(tom, '/applications/new/eu-aeo');
  await look(tom, 'eligibility eu-aeo');
  const at = new URL(tom.url()).pathname.replace(/\/eligibility$/, '');
  for (const yes of await tom.locator('input[type=radio][value=yes]').all()) await tick(yes);
  for (const no of await tom.locator('fieldset:has(legend:text-matches("revoked or annulled", "i")) input[type=radio][value=no]').all()) await tick(no);
  await send(tom, '/eligibility', 'Save and continue');
  await visit(tom, at + '/agreement', 'agreement eu-aeo');
  for (const box of await tom.locator('input[name^="consent-"]').all()) await tick(box);
  await tom.fill('[name=title]', 'Director');
  await send(tom, '/agreement');
  await tom.goto(base + at + '/agreement');
  await fillIn(tom);
  await visit(tom, at + '/check', 'check eu-aeo');
  await tick(tom.locator('[name=attested]'));
  await send(tom, '/submit');
  await look(tom, 'receipt eu-aeo');
  const file = at.replace('/applications/', '/desk/cases/');
  const lou = await staff('Lou Tanaka');
  await claim(lou, file);
  await send(lou, '/accept');
  await visit(lou, file, 'case eu-aeo');
  await pass(lou, file, 'eu-aeo');
  await recommend(lou, file, 'eu-aeo');
  const mina = await staff('Mina Haddad');
  await visit(mina, file + '/decision', 'decide eu-aeo');
  await send(mina, '/certify');
  await visit(tom, '/company', 'home of a European member');
  const link = await tom.locator('a[href^="/memberships/"]').first().getAttribute('href');
  await visit(tom, link.replace(/\/certificate$/, ''), 'membership eu-aeo');
  expect(/from .*(day|20\d\d)/i.test(await tom.locator('main').innerText()), 'the membership does not say from when it holds');
}

// overseers look at what belongs to the installation: people, offices, agencies, trail, health.
async function overseers() {
  const ada = await staff('Ada Quist');
  for (const [path, name] of [['/admin/people', 'staff'], ['/admin/people/invite', 'invite staff'], ['/admin/offices', 'offices'], ['/admin/offices/new', 'open an office'],
    ['/admin/catalogues', 'catalogues'], ['/admin/catalogues/ctpat/2026.1', 'an edition'], ['/admin/catalogues/ctpat/2026.1/changes', 'changes of an edition'],
    ['/admin/agencies', 'agencies'], ['/admin/agencies/new', 'add an agency'], ['/admin/health', 'health'], ['/audit', 'audit of the administrator']]) await visit(ada, path, name);
  for (const [list, name] of [['/admin/people', 'a member of staff'], ['/admin/offices', 'an office'], ['/admin/agencies', 'an agency']]) {
    await ada.goto(base + list);
    await ada.locator('main tbody th a').last().click();
    await look(ada, name);
  }
  const audra = await staff('Audra Lind');
  await visit(audra, '/audit', 'audit trail');
  await audra.locator('main tbody a').first().click();
  await look(audra, 'an event');
  await visit(audra, '/desk', 'desk of an auditor');
  const henry = await staff('Henry Okafor');
  await visit(henry, '/desk?queue=overdue', 'overdue cases');
  const ingrid = await person();
  await signIn(ingrid, 'Norland Customs account', 'Ingrid Vale');
  for (const [path, name] of [['/agency', 'home of an agency'], ['/agency/people', 'people of an agency'], ['/agency/people/invite', 'invite an officer']]) await visit(ingrid, path, name);
}
