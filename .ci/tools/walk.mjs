// Walks the portal in a real browser as people do, and checks every page visited
// with axe and html-validate: node walk.mjs BASE [SCREENSHOTS]. Exits 1 with a list of
// what is wrong.
import { base, browser, count, expect, look, person, problems, signIn } from './visitor.mjs';
import { benefits } from './benefits.mjs';
import { membership } from './membership.mjs';
import { plain } from './plain.mjs';
import { profiles } from './profile.mjs';
import { reciprocity } from './reciprocity.mjs';
import { slice } from './slice.mjs';
import { validation } from './validation.mjs';

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

  await slice();
  await profiles();

  await plain();
  await validation();
  await reciprocity();
  await benefits();
  await membership();
} catch (e) {
  problems.push(String(e));
} finally {
  await browser.close();
}
for (const p of problems) console.error(p);
console.log(`${count.pages} pages looked at, ${problems.length} problems`);
process.exit(problems.length || count.pages < 150 ? 1 : 0);
