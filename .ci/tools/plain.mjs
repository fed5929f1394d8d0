// The security profile without JavaScript: two people of a company answer, upload, meet a
// conflict, assign and use the table, by forms and links alone.
import { writeFileSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { enter, tick } from './profile.mjs';
import { base, expect } from './visitor.mjs';

const off = { javaScriptEnabled: false };

// press sends a form by the button of that name, and waits for the answer.
async function press(page, name, within = page.locator('main')) {
  await Promise.all([page.waitForNavigation(), within.getByRole('button', { name, exact: true }).first().click()]);
}

// follow opens what a link of the page leads to.
async function follow(page, link) {
  await Promise.all([page.waitForNavigation(), link.click()]);
}

const question = (page, id) => page.locator(`#question-${id.replaceAll('.', '-')}`);
const says = async (page, text, why) => expect((await page.locator('main').innerText()).includes(text), `without JavaScript: ${why}: no "${text}" at ${page.url()}`);

// fromHome opens the profile that waits on the company's home, and one of its criteria.
async function fromHome(page, criterion) {
  await page.goto(base + '/company');
  await follow(page, page.locator('main a[href^="/profiles/"]').first());
  const at = new URL(page.url()).pathname.match(/^\/profiles\/[0-9a-f-]{36}/)[0];
  if (new URL(page.url()).pathname !== at) await page.goto(base + at);
  await follow(page, page.locator(`main a[href="${at}/criteria/${criterion}"]`).first());
  return at;
}

// answer gives several kinds of answers; some are asked for only after saving.
async function answer(page) {
  const late = ['12.2.c', '12.2.d'];
  for (const id of late) expect(!(await question(page, id).count()), `${id} is asked before its condition holds`);
  for (const id of ['12.2.a', '12.2.b']) await tick(question(page, id).locator('input[value=yes]'));
  await press(page, 'Save and next');
  await says(page, 'Your answer brings up more questions below.', 'saving a yes');
  for (const id of late) expect(await question(page, id).count(), `${id} is not asked though its condition holds`);
  for (const n of [0, 3]) await tick(question(page, '12.2.c').locator('input[type=checkbox]').nth(n));
  const day = question(page, '12.2.d');
  await day.getByLabel('Day').fill('3');
  await day.getByLabel('Month').selectOption('9');
  await day.getByLabel('Year').fill('2026');
  await Promise.all([page.waitForNavigation(), day.getByLabel('Year').press('Enter')]);
  await says(page, '12.2 is saved. It still needs evidence.', 'saving by the Enter key');
  expect(/\/criteria\/12\.\d+#main$/.test(page.url()) && !page.url().includes('/12.2#'), `Enter leads to ${page.url()}`);
}

// upload sends a file by its form, and attaches it to another criterion from the library.
async function upload(page, at) {
  await page.goto(base + at + '/criteria/12.2');
  const file = join(mkdtempSync(join(tmpdir(), 'walk-')), 'plain-training.csv');
  writeFileSync(file, 'date,topic,people\n2026-09-03,Hidden compartments,14\n');
  await page.locator('form.tt-upload input[type=file]').setInputFiles(file);
  await press(page, 'Upload');
  await says(page, 'plain-training.csv is in your library.', 'uploading a file');
  expect(await page.locator('.tt-evidence__list').getByText('plain-training.csv').count(), 'the uploaded file is not attached to its criterion');
  await says(page, 'Ready', 'a criterion with answers and evidence');
  await page.goto(base + at + '/criteria/12.8');
  await follow(page, page.getByRole('link', { name: 'Choose from the library' }));
  await tick(page.getByRole('checkbox', { name: 'plain-training' }));
  await press(page, 'Attach');
  expect(new URL(page.url()).pathname === at + '/criteria/12.8' && (await page.locator('.tt-evidence__list').getByText('plain-training.csv').count()),
    'choosing from the library does not lead back to the criterion with the file');
}

// conflict has both change one text, the editor a little later, who then combines the two.
async function conflict(editor, owner, at) {
  const page = base + at + '/criteria/7.27';
  await editor.goto(page);
  await tick(question(editor, '7.27.a').locator('input[value=yes]'));
  await press(editor, 'Save and stay');
  for (const x of [editor, owner]) await x.goto(page);
  const field = (x) => question(x, '7.27.b').locator('textarea');
  await field(owner).fill('The owner looks into every discrepancy.');
  await press(owner, 'Save and stay');
  await field(editor).fill('The editor looks into every discrepancy.');
  await press(editor, 'Save and stay');
  await says(editor, 'changed by a colleague meanwhile', 'a conflict');
  await says(editor, 'The owner looks into every discrepancy.', "a conflict shows the other's text");
  await press(editor, 'Save what I chose');
  expect((await editor.title()).startsWith('Error:'), 'a conflict without a choice is not refused');
  await tick(editor.locator('main input[type=radio][value=combined]'));
  await editor.locator('main .tt-reveal textarea').first().fill('Owner and editor look into every discrepancy.');
  await press(editor, 'Save what I chose');
  await owner.goto(page);
  expect((await field(owner).inputValue()) === 'Owner and editor look into every discrepancy.', 'the combined text is not kept');
  await follow(owner, question(owner, '7.27.b').locator('a[data-history]'));
  for (const x of ['The owner looks', 'The editor looks', 'Owner and editor look']) await says(owner, x, 'the history of an answer');
}

// assign gives a criterion to a colleague, with a day.
async function assign(page, at) {
  await page.goto(base + at + '/criteria/7.37');
  await follow(page, page.getByRole('link', { name: 'Assign this criterion' }));
  const person = page.locator('select[name=person] option', { hasText: 'Contributor' }).first();
  const name = (await person.innerText()).replace(/ \(.*/, '');
  await page.locator('select[name=person]').selectOption(await person.getAttribute('value'));
  await page.fill('[name=due_on-day]', '1');
  await page.selectOption('[name=due_on-month]', '3');
  await page.fill('[name=due_on-year]', String(new Date().getUTCFullYear() + 1));
  await press(page, 'Assign');
  await says(page, '1 criterion is assigned.', 'assigning');
  await page.goto(base + at + '/criteria/7.37');
  await says(page, `Assigned to ${name} until 1 March`, 'a criterion that is assigned');
}

// table answers in the table of a section.
async function table(page, at) {
  await page.goto(base + at);
  await follow(page, page.getByRole('link', { name: 'Table', exact: true }));
  await page.locator('select[name=section]').selectOption({ label: 'Education and training' });
  await press(page, 'Show');
  const row = () => page.locator('#question-12-4-a');
  await tick(row().locator('input[value=yes]'));
  await press(page, 'Save and stay');
  await says(page, '1 answer is saved.', 'saving the table');
  expect(await row().locator('input[value=yes]').isChecked(), 'the table does not keep an answer');
}

export async function plain() {
  const editor = await enter('Business account', 'Kestrel Robotics', 'Editor', off);
  const owner = await enter('Business account', 'Kestrel Robotics', 'Owner', off);
  const at = await fromHome(editor, '12.2');
  await answer(editor);
  await upload(editor, at);
  await conflict(editor, owner, at);
  await assign(editor, at);
  await table(editor, at);
}
