// A validation from the yearly plan to the tier: a plan is made, decided on and adopted, a
// visit at home and one abroad are agreed on across time zones, moved and made, with an
// observer; what was seen is written down, answered, reported and decided on.
import { enter, tick } from './profile.mjs';
import { base, done, expect, look, on, path, press, says, unfold, visit } from './visitor.mjs';

const off = { javaScriptEnabled: false };
const mexico = 'America/Mexico_City';
const reader = 'America/Los_Angeles'; // where the owner's clock is

// clockIn is the day and the hour in a zone, so many minutes from now.
function clockIn(zone, minutes = 0) {
  const text = new Date(Date.now() + minutes * 60_000).toLocaleString('sv-SE', { timeZone: zone });
  return { day: text.slice(0, 10), hour: text.slice(11, 16) };
}

// later is a time of today at a place that has not come yet: from in some minutes to the end of the day.
async function later(page, zone, minutes) {
  const now = clockIn(zone);
  if (now.hour >= '23:57') await page.waitForTimeout(4 * 60_000); // over midnight
  const today = clockIn(zone).day;
  const then = clockIn(zone, minutes);
  return { day: today, from: then.day === today && then.hour < '23:59' ? then.hour : '23:58', to: '23:59' };
}

// span is how a page writes a time of a zone on a wall clock of another.
function span(day, from, to, zone, other) {
  const offset = (x) => new Intl.DateTimeFormat('en', { timeZone: x, timeZoneName: 'longOffset' }).formatToParts(new Date(day + 'T12:00Z'))
    .find((p) => p.type === 'timeZoneName').value.replace('GMT', '').replace(':00', '') || '+0';
  const city = (x) => x.split('/').at(-1).replaceAll('_', ' ');
  const name = (x) => `${city(x)}, UTC${offset(x).replace(/([+-])0?/, (_, sign) => (sign === '-' ? '−' : '+'))}`;
  const move = Number(offset(other)) - Number(offset(zone));
  const moved = (hour) => String(Number(hour.slice(0, 2)) + move).padStart(2, '0') + hour.slice(2);
  return [`${from}–${to} (site time, ${name(zone)})`, `${moved(from)}–${moved(to)} your time (${name(other)})`];
}

// planned makes a plan of the year after next, has the member chosen and every other proposal
// put off, and the plan adopted by somebody else. It returns the address of the line.
async function planned(vera, company) {
  await visit(vera, '/desk/plan', 'yearly plans');
  const year = new Date().getUTCFullYear() + 2;
  await vera.locator('[name=programme]').selectOption('ctpat');
  await vera.fill('[name=year]', String(year));
  await done(vera, 'Make a plan');
  const at = path(vera);
  await visit(vera, at, 'a plan');
  await vera.goto(`${base}${at}?show=all`);
  const line = () => vera.locator('main tbody th a', { hasText: company });
  while (!(await line().count())) await Promise.all([vera.waitForNavigation(), vera.locator('main nav a', { hasText: 'Next' }).click()]);
  const item = await line().first().getAttribute('href');
  await visit(vera, item, 'a line of a plan');
  await vera.locator('[name=decision]').selectOption('chosen');
  await vera.locator('[name=quarter]').selectOption('1');
  await press(vera, 'Decide');
  expect((await vera.title()).startsWith('Error:'), 'a decision without a reason is not refused');
  await look(vera, 'decision of a plan refused');
  await vera.fill('[name=reason]', 'New lanes through two countries.');
  await done(vera, 'Decide');
  await says(vera, 'New lanes through two countries.', 'a decision');

  const henry = await enter('Customs staff account', 'Henry Okafor');
  for (;;) {
    await henry.goto(`${base}${at}?show=undecided`);
    const boxes = await henry.locator('input[name=line]').all();
    if (!boxes.length) break;
    for (const box of boxes) await tick(box);
    await henry.locator('[name=decision]').selectOption('later');
    await henry.fill('[name=reason]', 'Not before the members with new lanes.');
    await done(henry, 'Decide');
  }
  await done(henry, 'Adopt the plan');
  await says(henry, 'Adopted by', 'adopting a plan');
  return item;
}

// opened opens the validation of a line, with a visit at home and one abroad.
async function opened(sam, item, where) {
  await sam.goto(base + item);
  await done(sam, 'Open the validation');
  await Promise.all([sam.waitForNavigation(), sam.locator('main a[href^="/desk/validations/"]').first().click()]);
  const at = path(sam);
  await visit(sam, at, 'validation planned');
  await visit(sam, at + '/edit', 'change a validation');
  await sam.locator('[name=lead]').selectOption({ label: 'Sam Rivera' });
  await done(sam, 'Save');
  await visit(sam, at + '/visits/new', 'add a visit');
  await tick(sam.locator('[name=kind][value=foreign]'));
  await unfold(sam, 'Another place');
  for (const [name, value] of Object.entries({ place: where, party: 'Industrias Norte', address: 'Calle 5, Toluca', lat: '19.2826', lon: '-99.6557', days: '1' })) await sam.fill(`[name=${name}]`, value);
  for (const [name, value] of [['country', 'MX'], ['zone', mexico]]) await sam.locator(`select[name=${name}]`).selectOption(value, { force: true });
  await sam.fill('[name=agenda]', 'Gate, packing, seals.');
  await done(sam, 'Save');
  await sam.goto(base + at);
  const links = await sam.$$eval('main tbody th a[href^="/desk/visits/"]', (list) => list.map((a) => [a.textContent, a.getAttribute('href')]));
  const [abroad] = links.filter(([name]) => name === where).map(([, href]) => href);
  const [home] = links.filter(([name]) => name !== where).map(([, href]) => href);
  return { at, home, abroad };
}

// staffed lets one of the officers lead a visit.
async function staffed(sam, at, lead) {
  await visit(sam, at + '/team', 'team of a visit');
  const list = sam.locator('[name=lead]');
  await list.selectOption(await list.locator('option', { hasText: lead }).first().getAttribute('value'));
  for (const box of await sam.locator('input[name=members]:checked').all()) await sam.locator(`label[for="${await box.getAttribute('id')}"]`).click();
  await done(sam, 'Save the team');
}

// booked presses a button that books the team, with the next officer where one is busy.
async function booked(sam, at, officers, book) {
  for (const lead of officers) {
    await sam.goto(base + at);
    const refused = await book();
    if (!/no longer free/.test(refused)) return refused;
    await staffed(sam, at, lead);
  }
  throw new Error(`nobody is free for the visit ${at}`);
}

// agree books the visit abroad: the company cannot at the offered times and suggests one that
// is too soon, agrees to less notice, and has it confirmed.
async function agree(sam, owner, plain, desk, own) {
  await visit(sam, desk, 'visit to book');
  const from = clockIn(mexico).day;
  await visit(sam, `${desk}/offer?from=${from}&to=${clockIn(mexico, 75 * 24 * 60).day}`, 'offer times');
  const text = await sam.locator('#refused').textContent();
  expect(/notice/.test(text) && /(holiday|weekend|works? on|day off)/i.test(text), `the search does not say why days are refused: ${text.slice(0, 400)}`);
  const codes = await sam.$$eval('input[name=slots]', (list) => list.map((x) => x.value));
  expect(codes.length > 4, `only ${codes.length} times are found`);
  for (const code of codes.slice(0, 6)) await tick(sam.locator(`input[name=slots][value="${code}"]`));
  await press(sam, 'Send the offer');
  expect((await sam.title()).startsWith('Error:'), 'six times are offered');
  for (const code of codes.slice(3, 6)) await sam.locator(`label[for="${await sam.locator(`input[name=slots][value="${code}"]`).getAttribute('id')}"]`).click();
  await sam.fill('[name=note]', 'We come with two people.');
  await done(sam, 'Send the offer');
  await look(sam, 'visit with an offer');

  await plain.goto(base + own);
  const [day, hours] = [codes[0].slice(0, 10), codes[0].split('/').map((x) => x.slice(11, 16))];
  for (const x of span(day, ...hours, mexico, reader)) await says(plain, x, 'an offer in two time zones');
  const said = ['no', 'if_needed', 'no'];
  for (const [i, group] of (await plain.locator('fieldset:has(input[name^="slot-"])').all()).entries()) await tick(group.locator(`input[value=${said[i]}]`));
  const soon = clockIn(mexico, 3 * 24 * 60).day;
  await on(plain, 'suggest-1-day', soon);
  await plain.fill('[name="suggest-1-from"]', '10:00');
  await plain.fill('[name="suggest-1-to"]', '16:00');
  await plain.fill('[name="suggest-1-note"]', 'The manager of the plant is there.');
  await done(plain, 'Send the answer');
  await says(plain, 'Your answer is sent', 'answering without JavaScript');

  const suggested = () => press(sam, /^Confirm/, sam.locator('main tr', { hasText: 'Suggested by the company' }));
  await sam.goto(base + desk);
  await look(sam, 'visit with an answer');
  await says(sam, 'The manager of the plant is there.', 'a suggestion');
  expect(/too soon/.test(await suggested()), 'a visit within the notice is not refused');
  await shorten(owner, own);
  await booked(sam, desk, ['Miguel Santos', 'Vera Castellanos', 'Ana Ruiz'], suggested);
  await says(sam, span(soon, '10:00', '16:00', mexico, reader)[0], 'a booked visit');
  return soon;
}

// shorten agrees to a visit before the end of the notice.
async function shorten(owner, own) {
  await owner.goto(base + own);
  await unfold(owner, 'Agree to less notice');
  await owner.locator('form[action$="/short-notice"] [name=text]').fill('We agree to an earlier visit.');
  await tick(owner.locator('[name=accepted]'));
  await done(owner, 'Agree', owner.locator('form[action$="/short-notice"]'));
}

// moved moves the visit abroad to today, with a reason, and finds both times and the invitation.
async function moved(sam, owner, desk, own, was) {
  await visit(sam, desk + '/move', 'move a visit');
  const at = await later(sam, mexico, 5);
  await on(sam, 'day', at.day);
  await sam.fill('[name=from]', at.from);
  await sam.fill('[name=to]', at.to);
  await sam.fill('[name=agreed_with]', 'The owner, by telephone');
  await press(sam, 'Move the visit');
  expect((await sam.title()).startsWith('Error:'), 'a visit is moved without a reason');
  await sam.fill('[name=reason]', 'The plant stops its machines for a week.');
  await done(sam, 'Move the visit');
  await look(sam, 'visit booked');
  await visit(owner, own, 'own visit booked');
  await visit(owner, own + '/ask', 'ask for another time');
  await owner.goto(base + own);
  for (const page of [sam, owner]) {
    const times = await page.locator('#times').textContent();
    for (const x of [at.from + '–', '10:00–16:00', 'stops its machines']) expect(times.includes(x), `the history of the time lacks ${x}: ${times}`);
  }
  const id = desk.split('/').at(-1);
  const mails = (await (await sam.request.get(base + '/dev/mail')).text()).replace(/\r?\n[ \t]/g, '');
  const parts = mails.split('BEGIN:VCALENDAR').filter((x) => x.includes(id));
  for (const x of [/SEQUENCE:1\b/, /METHOD:REQUEST/, /BEGIN:VTIMEZONE/]) expect(parts.some((p) => x.test(p)), `no invitation in the outbox has ${x}`);
  expect(was !== at.day, 'the visit is not moved to another day');
}

// atHome books the visit at home for today: the company has agreed to less notice.
async function atHome(sam, owner, desk, own, zone) {
  await shorten(owner, own);
  await sam.goto(base + desk + '/offer');
  await unfold(sam, 'Enter a time yourself');
  const at = await later(sam, zone, 4);
  await on(sam, 'other-day', at.day);
  await sam.fill('[name="other-from"]', at.from);
  await sam.fill('[name="other-to"]', at.to);
  await done(sam, 'Send the offer');
  await owner.goto(base + own);
  await look(owner, 'own visit with an offer');
  await tick(owner.locator('input[name^="slot-"][value=yes]').first());
  await done(owner, 'Send the answer');
  await booked(sam, desk, ['Sam Rivera', 'Vera Castellanos'], () => press(sam, /^Confirm/));
}

// prepared has the company say who receives the team, and let another authority watch.
async function prepared(sam, owner, home, abroad) {
  await owner.goto(base + abroad.own);
  await owner.fill('[name=hosts]', 'Elena Cruz, plant manager, +52 55 5555 0100');
  await owner.fill('[name=host_languages]', 'Spanish, English');
  await owner.fill('[name=safety]', 'Safety shoes and a helmet in the yard.');
  await owner.fill('[name=access]', 'Gate 3, passports.');
  await done(owner, 'Save');
  await owner.goto(base + home.own);
  await unfold(owner, 'It is ready');
  await done(owner, 'Mark as ready');
  await says(owner, 'Ready', 'a document');

  await sam.goto(base + abroad.desk);
  await unfold(sam, 'Ask for another document');
  await sam.fill('[name=name]', 'Visitor log of last month');
  await done(sam, 'Ask for it');
  await unfold(sam, 'Ask for an observer');
  await sam.locator('[name=agency]').selectOption({ label: 'Norland Customs' });
  await sam.fill('[name=purpose]', 'Mutual recognition: how seals are checked.');
  await done(sam, 'Ask the company');
  await says(sam, 'Safety shoes', 'what the company said');
  const olaf = await enter('Norland Customs account', 'Olaf Brandt');
  const seen = abroad.desk.replace('/desk/', '/agency/');
  expect((await olaf.goto(base + seen)).status() === 404, 'an observer sees a visit before the company consents');
  await owner.goto(base + abroad.own);
  await done(owner, /^Consent/);
  await visit(olaf, '/agency/visits', 'visits to observe');
  await visit(olaf, seen, 'a visit to observe');
  const text = await olaf.locator('main').textContent();
  for (const x of ['Elena', 'Safety shoes', 'Calle 5', 'Miguel']) expect(!text.includes(x), `an observer reads ${x}`);
  await olaf.fill('[name=text]', 'Seals are checked as at home.');
  await done(olaf, 'Save the conclusion');
}

// carriedOut begins and ends a visit.
async function carriedOut(sam, at) {
  await sam.goto(base + at);
  await done(sam, 'The visit begins');
  await look(sam, 'visit under way');
}

// chosen takes the criteria that the portal proposes for a visit.
async function chosen(sam, at) {
  await visit(sam, at + '/criteria', 'criteria of a visit to choose');
  await visit(sam, at + '/criteria/choose', 'choose criteria');
  await done(sam, 'Save the choice');
  await visit(sam, at + '/criteria', 'criteria of a visit');
  await visit(sam, at + '/workbook', 'workbook');
}

// verified looks at some criteria of a visit, keeps a paper from the yard and logs the hours.
async function verified(sam, at) {
  await sam.goto(base + at + '/criteria');
  const links = await sam.$$eval('main tbody th a', (list) => list.map((a) => a.getAttribute('href')));
  for (const [i, link] of links.slice(0, 3).entries()) {
    await visit(sam, link, 'a criterion of a visit');
    for (const box of await sam.locator('[name=methods]').all()) await tick(box);
    const list = sam.locator('input[type=checkbox][name^="ticks-"]');
    if (await list.count()) await tick(list.first());
    await tick(sam.locator(`[name=result][value=${i ? 'verified' : 'not_verified'}]`));
    await sam.fill('[name=note]', 'Seen in the yard and in the log of the gate.');
    await done(sam, 'Save');
  }
  await visit(sam, at + '/files', 'files of a visit');
  await sam.fill('[name=caption]', 'Log of the gate, page 12');
  await sam.locator('main input[type=file]').setInputFiles({ name: 'gate-log-12.csv', mimeType: 'text/csv', buffer: Buffer.from('date,seal\n2026-11-02,\n') });
  await done(sam, 'Add the file');
  await says(sam, 'gate-log-12.csv', 'a file of a visit');
  await look(sam, 'files of a visit with one');
  await visit(sam, at + '/hours', 'hours of a visit');
  await on(sam, 'day', clockIn(mexico).day);
  await sam.fill('[name=hours]', '6');
  await sam.locator('[name=activity]').selectOption({ index: 1 });
  await done(sam, 'Log the time');
  await says(sam, '6 h', 'the hours of a visit');
}

// found writes three findings: one to act on, one to think about and one to praise.
async function found(sam, at, place) {
  const list = [
    { kind: 'action_required', title: 'Seal numbers are not recorded', facts: 'Of twelve containers in the yard, five had no seal number in the log.', wanted: 'Record every seal number at the gate.', visit: place },
    { kind: 'recommendation', title: 'Visitor badges look like those of staff', facts: 'Visitors wear the same blue badge as everybody else.' },
    { kind: 'best_practice', title: 'Drivers are known by photograph', facts: 'The gate compares each driver with the photograph that the carrier sent the day before.' }, // not all elements are shown: no reason for the highest tier
  ];
  for (const [i, { kind, visit: where, ...texts }] of list.entries()) {
    await visit(sam, at + '/findings/new', 'new finding');
    if (!i) {
      await press(sam, 'Save the draft');
      expect((await sam.title()).startsWith('Error:'), 'an empty finding is not refused');
      await look(sam, 'new finding refused');
    }
    await tick(sam.locator(`[name=kind][value=${kind}]`));
    const criterion = sam.locator('select[name=criterion]');
    await criterion.selectOption(await criterion.locator('option').nth(10 + 5 * i).getAttribute('value'), { force: true });
    if (where) await sam.locator('[name=visit]').selectOption(await sam.locator('[name=visit] option', { hasText: where }).getAttribute('value'));
    for (const [name, text] of Object.entries(texts)) await sam.fill(`[name=${name}]`, text);
    if (kind === 'action_required') await sam.locator('[name=cause]').selectOption({ index: 1 });
    if (kind === 'best_practice') {
      await unfold(sam, 'What shows a best practice');
      await sam.locator('textarea[name^="element-"]').first().fill('The manager pays for the system and looks at it every week.');
    }
    await done(sam, 'Save the draft');
  }
  await look(sam, 'a finding in draft');
  for (const [to, name] of [['/desk/findings', 'findings'], ['/desk/findings/failures', 'common failures']]) await visit(sam, to, name);
}

// reported assembles the report, has the company comment and a supervisor approve it, and issues it.
async function reported(sam, vera, owner, at) {
  const page = at + '/report';
  const own = page.replace('/desk', '');
  await visit(sam, page, 'report to begin');
  await done(sam, 'Assemble the report');
  await visit(sam, page, 'report in draft');
  const empty = await sam.$$eval('textarea[name^="text-"]', (list) => list.filter((x) => !x.value.trim()).map((x) => x.name));
  const first = await sam.locator('textarea[name^="text-"]').first().getAttribute('name');
  for (const name of new Set([first, ...empty])) {
    const form = sam.locator('form', { has: sam.locator(`[name="${name}"]`) });
    const text = form.locator('textarea');
    await text.fill((await text.inputValue()) + '\nWe thank the company for its openness.');
    await done(sam, /^Save/, form);
  }
  await tick(sam.locator('[name=outcome][value=tier_awarded]'));
  await sam.locator('form[action$="/propose"] [name=reason]').fill('The measures are in place but for the seals.');
  await done(sam, 'Save the proposal');
  await done(sam, 'Share the draft for comments');
  await visit(owner, own, 'own report in draft');
  await owner.fill('[name=comment]', 'The log of the yard is kept by a carrier.');
  await done(owner, 'Send the comments');
  await sam.goto(base + page);
  await says(sam, 'kept by a carrier', 'a comment');
  await done(sam, 'Go on with the report');
  await done(sam, 'Submit for approval');
  await look(sam, 'report submitted');
  await visit(vera, page, 'report to approve');
  await vera.locator('form[action$="/return"] [name=reason]').fill('Say how many containers were looked at.');
  await done(vera, 'Return to the writer');
  await sam.goto(base + page);
  await says(sam, 'how many containers', 'a report that was returned');
  await done(sam, 'Submit for approval');
  await vera.goto(base + page);
  await done(vera, 'Approve');
  await sam.goto(base + page);
  await done(sam, 'Issue the report');
  await look(sam, 'report issued');
  await visit(owner, own, 'own report');
  await visit(owner, await owner.locator('a[href*="/report/editions/"]').first().getAttribute('href'), 'an edition of a report');
}

// answered has the company answer what it must with proof, without JavaScript, and the
// specialist accept it.
async function answered(sam, owner, plain) {
  await visit(owner, '/findings', 'own findings');
  await plain.goto(base + '/findings');
  await Promise.all([plain.waitForNavigation(), plain.locator('main tbody th a', { hasText: 'Seal numbers' }).first().click()]);
  const own = path(plain);
  await visit(owner, own, 'own finding');
  await plain.fill('[name=answer]', 'The gate writes every seal number into the log since Monday. The yard manager looks at it each evening.');
  await unfold(plain, 'Proof from your library');
  await tick(plain.locator('[name=proof]').first());
  await done(plain, 'Send the answer');
  await says(plain, 'each evening', 'answering a finding without JavaScript');
  await visit(sam, '/desk' + own, 'a finding that was answered');
  await sam.locator('form[action$="/accept"] textarea').fill('The log shows every number.');
  await done(sam, 'Accept');
  await says(sam, 'Accepted', 'accepting');
}

// closed decides what follows, and finds the tier on the membership and its certificate.
async function closed(sam, owner, at) {
  await visit(sam, at + '/report', 'report to close');
  await tick(sam.locator('form[action$="/close"] [name=outcome][value=tier_awarded]'));
  await sam.locator('form[action$="/close"] [name=reason]').fill('Everything that was required is done.');
  await done(sam, 'Close the validation');
  await visit(sam, at, 'validation closed');
  await visit(owner, '/company', 'home of a validated member');
  const link = (await owner.locator('a[href^="/memberships/"]').first().getAttribute('href')).replace(/\/certificate$/, '');
  for (const [to, name] of [[link, 'membership with a tier'], [link + '/certificate', 'certificate with a tier']]) {
    await visit(owner, to, name);
    await says(owner, 'Tier 2', name);
  }
}

// rooms are the pages around a validation that no step of it leads to.
async function rooms(sam, at, near) {
  for (const [to, name] of [['/desk/validations', 'queue of validations'], ['/desk/validations?queue=office', 'validations of the office'], [at + '/near', 'also due nearby'],
    ['/desk/plan/due', 'members by their day'], ['/desk/visits/map', 'map of visits'], [`/desk/visits/trip?stop=visit:${near}`, 'a journey'],
    ['/desk/officers', 'officers'], ['/desk/calendar', 'calendar'], ['/desk/calendar/capacity', 'capacity'], ['/me/calendar', 'feeds']]) await visit(sam, to, name);
  await sam.goto(base + '/desk/calendar');
  for (const href of await sam.$$eval('main a[href*="/desk/calendar?"]', (list) => [...new Map(list.map((a) => [new URL(a.href).searchParams.get('view'), a.getAttribute('href')])).entries()])) {
    if (href[0]) await visit(sam, href[1], 'calendar ' + href[0]);
  }
  await sam.goto(base + '/desk/officers');
  await sam.locator('main tbody th a').first().click();
  await look(sam, 'an officer');
}

// validation walks all of it with the owner of a member whose office is Harbor City.
export async function validation(company = { person: 'Carla Mendes', name: 'Mendes Trading' }) {
  const vera = await enter('Customs staff account', 'Vera Castellanos');
  const item = await planned(vera, company.name);
  const sam = await enter('Customs staff account', 'Sam Rivera');
  const v = await opened(sam, item, 'Planta Toluca');
  const id = (href) => href.split('/').at(-1);
  const home = { desk: v.home, own: '/visits/' + id(v.home) };
  const abroad = { desk: v.abroad, own: '/visits/' + id(v.abroad) };
  await staffed(sam, home.desk, 'Ana Ruiz');
  await staffed(sam, abroad.desk, 'Rosa Delgado');
  await visit(sam, v.at + '/notify', 'notify a company');
  await sam.fill('[name=notice]', 'We want to see how goods are packed and sealed.');
  await done(sam, 'Notify the company');
  await look(sam, 'validation notified');

  const plain = await enter('Business account', company.person, 'Owner', off);
  await plain.goto(base + '/me');
  await plain.locator('select[name=zone]').selectOption(reader);
  await done(plain, 'Save time zone');
  const owner = await enter('Business account', company.person);
  for (const [to, name] of [['/validations', 'own validations'], [v.at.replace('/desk', ''), 'own validation'], [abroad.own, 'own visit']]) await visit(owner, to, name);
  const was = await agree(sam, owner, plain, abroad.desk, abroad.own);
  await moved(sam, owner, abroad.desk, abroad.own, was);
  await atHome(sam, owner, home.desk, home.own, 'America/New_York');
  await prepared(sam, owner, home, abroad);
  await rooms(sam, v.at, id(abroad.desk));
  await chosen(sam, abroad.desk);
  for (const x of [home, abroad]) await carriedOut(sam, x.desk);
  await verified(sam, abroad.desk);
  for (const x of [home, abroad]) {
    await sam.goto(base + x.desk);
    await done(sam, 'The visit is over');
  }
  await visit(sam, v.at, 'validation with its visits done');
  await says(sam, 'Visits done', 'the visits');
  await found(sam, v.at, 'Planta Toluca');
  await reported(sam, vera, owner, v.at);
  await answered(sam, owner, plain);
  await closed(sam, owner, v.at);
}
