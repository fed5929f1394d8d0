// What membership brings, in figures: a member brings a report, names a column, looks at the
// first rows and has them taken over; it reads its figures, the tables and the numbers beside
// the pictures. Headquarters brings what others meet: a wrong file is refused whole, a good one
// waits for a second person, and the member sees what it is compared with. The companies are the demo's.
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';

import { enter, tick } from './profile.mjs';
import { base, done, expect, look, on, path, press, says, shots, unfold, visit } from './visitor.mjs';

const choose = (page, text) => page.locator('main label', { hasText: text }).first().click();
const csv = (name, rows) => ({ name, mimeType: 'text/csv', buffer: Buffer.from(rows.join('\n')) });

// A day that is past everywhere, and the last month that was over on it.
const yesterday = new Date(Date.now() - 864e5).toISOString().slice(0, 10);
const month = new Date(Date.UTC(Number(yesterday.slice(0, 4)), Number(yesterday.slice(5, 7)) - 2, 1)).toISOString().slice(0, 7);
const american = (day) => `${month.slice(5)}/${day}/${month.slice(0, 4)}`;

// reported brings a report whose days have a heading that the portal does not know.
async function reported(owner) {
  await visit(owner, '/benefits/imports', 'reports of benefits');
  await visit(owner, '/benefits/imports/new', 'bring a report');
  expect((await press(owner, 'Read the report')) !== '', 'a report without a file is not refused');
  await look(owner, 'bring a report, refused');
  await choose(owner, 'ACE entry summary lines');
  await owner.setInputFiles('input[type=file]', csv('walk.csv', ['Entry Number,Line,Filed on,MOT,Port,Country of origin,Value',
    ...Array.from({ length: 25 }, (_, i) => `WLK-00${10001 + i}-${i % 10},1,${american('05')},11,2704,CN,"1,${100 + i}.00"`),
    `WLK-0010001-0,1,${american('05')},11,2704,CN,9`, `WLK-0010099-9,1,${american('05')},by foot,2704,CN,9`]));
  await done(owner, 'Read the report');
  await look(owner, 'columns of a report');
  await says(owner, 'Entry date', 'a column that is missing');
  await owner.locator('main select').nth(2).selectOption('entry_date');
  await done(owner, 'Show the first rows');
  await look(owner, 'first rows of a report');
  await done(owner, 'Take the report over');
  const at = path(owner);
  for (let i = 0; i < 120 && !(await owner.locator('main').textContent()).includes('Taken over'); i++) {
    await owner.waitForTimeout(500);
    await owner.goto(base + at);
  }
  await visit(owner, at, 'a report taken over');
  await says(owner, 'by foot', 'the row that is wrong');
  expect((await (await owner.request.get(base + at + '/problems.csv')).text()).includes('by foot'), 'the problems do not come as a file');
}

// read opens everything that stands beside the pictures of a page, and the files of numbers.
async function read(owner, at, name) {
  await owner.goto(base + at);
  for (const d of await owner.locator('main details').all()) if (!(await d.evaluate((x) => x.open))) await d.locator('summary').first().click();
  await look(owner, name);
  const svg = await owner.$$eval('main svg[role=img]', (list) => list.map((x) => [x.querySelector('title')?.textContent, x.querySelector('desc')?.textContent]));
  expect(svg.every(([title]) => title), `${name}: a picture has no title`);
  for (const href of new Set(await owner.$$eval('main a[href*=".csv"]', (list) => list.map((a) => a.getAttribute('href'))))) {
    const answer = await owner.request.get(new URL(href, base).href);
    expect(answer.ok() && (await answer.text()).includes(','), `${name}: the numbers do not come: ${href}`);
  }
  return svg.length;
}

// baseline has one person of headquarters bring a file and another sign it off.
async function baseline() {
  const hanna = await enter('Customs staff account', 'Hanna Weiss');
  await visit(hanna, '/desk/baselines', 'baselines');
  await visit(hanna, '/desk/baselines/new', 'bring a baseline');
  const bring = async (rows) => {
    await hanna.locator('[name=programme]').selectOption('ctpat');
    await hanna.fill('[name=source]', 'Entries of companies without a membership, counted by the day of entry.');
    await on(hanna, 'as_of', yesterday);
    await hanna.setInputFiles('input[type=file]', csv('walk-cohorts.csv', ['Period,Mode,Port group,Entity type,Shipments,Exams,Companies,Median hold (hours)', ...rows]));
  };
  await bring([`${month},sea,all,importer,1000,2000,40,30`, `${month},balloon,moon,importer,1000,20,40,30`]);
  expect((await press(hanna, 'Read the file')) !== '', 'a wrong file is taken');
  await look(hanna, 'bring a baseline, refused');
  await says(hanna, 'There are more exams than shipments', 'a wrong file');
  await bring([`${month},sea,all,importer,12700,672,71,48.5`, `${month},sea,los_angeles,importer,4400,760,30,50`, `${month},sea,houston,importer,12,1,2,`]);
  await done(hanna, 'Read the file');
  const at = path(hanna);
  await visit(hanna, at, 'a baseline, by who brought it');
  expect(!(await hanna.getByRole('button', { name: 'Sign the file off' }).count()), 'who brought a baseline can sign it off');
  await says(hanna, '1 cohort of fewer than five companies', 'what was left out');

  const henry = await enter('Customs staff account', 'Henry Okafor');
  await visit(henry, at, 'a baseline, by the second person');
  await says(henry, 'far from', 'a rate that is far from the one in force');
  await visit(henry, at + '?show=different', 'cohorts to look at');
  await henry.goto(base + at);
  await done(henry, 'Sign the file off');
  await look(henry, 'a baseline signed off');
  return at;
}

// spoiled is the file of the demo with a mistake in it: the second person refuses it.
async function spoiled() {
  const henry = await enter('Customs staff account', 'Henry Okafor');
  await henry.goto(base + '/desk/baselines');
  await henry.getByRole('link', { name: 'cohorts-revised.csv' }).first().click();
  await henry.waitForLoadState();
  await look(henry, 'a baseline with a mistake');
  await unfold(henry, 'Refuse the file');
  await henry.fill('main details [name=reason]', 'The rates of trucks are almost twice those in force. Count them again.');
  await done(henry, 'Refuse it');
  await look(henry, 'a baseline refused');
  await henry.goto(base + '/desk/baselines');
  await henry.getByRole('link', { name: 'cohorts-draft.csv' }).first().click();
  await henry.waitForLoadState();
  await look(henry, 'a baseline withdrawn');
}

// claimed has a member claim a benefit that it was not given, and the specialist answer.
async function claimed(owner) {
  await owner.goto(base + '/company');
  const member = (await owner.locator('main a[href^="/memberships/"]').first().getAttribute('href')).match(/^\/memberships\/[0-9a-f-]{36}/)[0];
  await visit(owner, member + '/benefits', 'benefits of a membership');
  await visit(owner, member + '/claim', 'claim a benefit');
  expect((await press(owner, 'Make the claim')) !== '', 'an empty claim is not refused');
  await look(owner, 'claim a benefit, refused');
  await tick(owner.locator('[name=benefit][value=fewer_examinations]'));
  await on(owner, 'from', new Date(Date.now() - 5 * 864e5).toISOString().slice(0, 10));
  await owner.fill('[name=place]', '2704 Los Angeles');
  await owner.fill('[name=refs]', 'WLK-0010003-2');
  await owner.fill('[name=happened]', 'Four containers of one ship were examined on one day, all of them ours.');
  await done(owner, 'Make the claim');
  const own = path(owner);
  await visit(owner, own, 'a claim, by its company');
  await visit(owner, '/benefits/claims', 'claims of a company');
  const sam = await enter('Customs staff account', 'Sam Rivera');
  await visit(sam, '/desk/claims', 'claims at the desk');
  const desk = own.replace('/benefits/', '/desk/');
  await sam.goto(base + desk);
  await done(sam, 'Take it in hand');
  await look(sam, 'a claim at the desk');
  await sam.locator('main form[action$="/answer"] [name=answer]').fill('A risk that was new on that day was looked for in all goods of the ship. It had nothing to do with the member.');
  await choose(sam, 'The examination had a cause');
  await done(sam, 'Send the answer');
  await look(sam, 'a claim answered');
  await visit(owner, own, 'a claim answered, by its company');
  await says(owner, 'It was not owed', 'the answer to a claim');
}

// asked is a claim about a benefit abroad: the partner answers what it is asked.
async function asked() {
  const kenji = await enter('Hoshima Customs account', 'Kenji Arai');
  await visit(kenji, '/agency/claims', 'what a partner is asked about claims');
  await kenji.locator('main a[href^="/agency/claims/"]').first().click();
  await kenji.waitForLoadState();
  await look(kenji, 'a claim, by the partner');
  await choose(kenji, 'The benefit was not applied');
  await kenji.fill('[name=done]', 'The number stood in the wrong field. Our brokers have been told.');
  await done(kenji, 'Send the answer');
  await look(kenji, 'a claim answered by the partner');
}

// costs has a member say what an examination and membership cost it.
async function costs(owner) {
  await visit(owner, '/benefits/costs', 'costs of a company');
  await visit(owner, '/benefits/costs/exams/new', 'cost of an examination');
  await owner.fill('[name=per_exam]', 'much');
  expect((await press(owner, 'Save')) !== '', 'a wrong amount is taken');
  await look(owner, 'cost of an examination, refused');
  await owner.fill('[name=from_month]', month);
  await owner.fill('[name=currency]', 'USD');
  await owner.fill('[name=per_exam]', '512.50');
  await done(owner, 'Save');
  await visit(owner, '/benefits/costs/years/new', 'cost of membership');
  await owner.goto(base + '/benefits/costs');
  await says(owner, '512.50 USD', 'the cost that was entered');
}

// reportOf keeps the one page for the management, and takes it as PDF and as numbers.
async function reportOf(owner, what) {
  await visit(owner, '/benefits/reports/new?months=24', 'report for the management, draft, ' + what);
  await done(owner, 'Keep this report');
  const at = path(owner);
  await look(owner, 'report for the management, ' + what);
  const sheets = (pdf) => pdf.toString('latin1').match(/\/Type \/Page\b/g)?.length;
  expect(sheets(await owner.pdf({ preferCSSPageSize: true })) === 1, 'the page of the report does not print on one page');
  const link = owner.locator('main a[href$="/report.pdf"]');
  for (let i = 0; i < 240 && !(await link.count()); i++) {
    await owner.waitForTimeout(500);
    await owner.goto(base + at);
  }
  const pdf = await (await owner.request.get(base + at + '/report.pdf')).body();
  expect(sheets(pdf) === 1, `the report for the management has ${sheets(pdf)} pages as PDF`);
  if (shots) writeFileSync(`${shots}/report-${what.replace(/\W+/g, '-')}.pdf`, pdf);
  const numbers = await (await owner.request.get(base + at + '/report.json')).body();
  await says(owner, createHash('sha256').update(numbers).digest('hex'), 'the hash of the numbers');
}

// above is what headquarters sees of all members: groups, and benefits that members do not see.
async function above() {
  const hanna = await enter('Customs staff account', 'Hanna Weiss');
  await read(hanna, '/desk/headquarters/benefits', 'benefits of members');
  await says(hanna, 'Who report', 'how many members report');
  await visit(hanna, '/desk/claims/numbers', 'numbers of claims');
  await visit(hanna, '/desk/claims/gaps', 'benefits that members do not see');
  await hanna.locator('main a[href^="/desk/claims/gaps/"]').first().click();
  await hanna.waitForLoadState();
  await look(hanna, 'a benefit that members do not see');
}

export async function benefits() {
  const owner = await enter('Business account', 'Bluewater Home Goods');
  await visit(owner, '/benefits', 'benefits in figures');
  await reported(owner);
  expect(await read(owner, '/benefits?months=24', 'benefits over two years'), 'the figures have no picture');
  await says(owner, 'walk.csv', 'the report behind the figures');
  const file = (await baseline()).replace('/desk/', '/benefits/');
  await owner.goto(base + '/benefits?months=24');
  expect(await owner.locator(`main a[href="${file}"]`).count(), 'the figures do not lead to the baseline that was just signed');
  await visit(owner, file, 'a baseline, by a member');
  await says(owner, 'Entries of companies without a membership', 'where the numbers of others come from');
  await spoiled();
  await claimed(owner);
  await asked();
  await above();
  await costs(owner);
  await reportOf(owner, 'a member that fares better');
  await visit(owner, '/benefits/reports', 'reports for the management');

  // Members whose figures say something else: one that does not fare better, one with too little
  // to tell, and one that crosses the border.
  for (const [company, name] of [['Silverline Consolidators', 'benefits of a member that fares worse'], ['Granite Peak Exports', 'benefits of a member with few shipments'], ['Rio Vista Transport', 'benefits of a carrier'], ['Noordzee Logistiek', 'benefits of a member in the union']]) {
    const other = await enter('Business account', company);
    await read(other, '/benefits?months=24', name);
    if (company.startsWith('Granite')) await says(other, 'Not enough data', 'too few shipments');
    if (company.startsWith('Silverline')) {
      await reportOf(other, 'a member that fares worse');
      await says(other, 'examined more often than those of others', 'a report that does not favor membership');
    }
  }
}
