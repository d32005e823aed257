// A product from its name to its model and images, by two reps at once; a walkthrough that is about it.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import AxeBuilder from '@axe-core/playwright';
import { shoot } from './harness/artefacts.mjs';
import { launch, open, PHONE } from './harness/chromium.mjs';
import { writeFilm } from './harness/pattern.mjs';
import { exchange, ROOT, Server } from './harness/server.mjs';
import { signIn } from './harness/visit.mjs';

const LAMP = path.join(ROOT, 'assets/sample/lamp.glb');
const PICTURE = path.join(ROOT, 'assets/screenshots/visit.jpg');
let folder, server, browser, page;

const card = (name, on = page) => on.locator('pl-product-list li', { hasText: name });
const axe = async (on) => (await new AxeBuilder({ page: on }).analyze()).violations.map(({ id, nodes }) => `${id}: ${nodes.map((n) => n.target.flat().join(' ')).join('; ')}`);
const product = async (name) => (await server.api('GET', '/api/v1/products')).find((p) => p.name === name);

before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'parlour-e2e-'));
  [server, browser] = await Promise.all([Server.start(), launch()]);
  page = await signIn(server, browser);
  await page.getByRole('link', { name: 'Products' }).click();
}, { timeout: 60_000 });

after(async () => {
  await browser?.close();
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

test('a product is made, sized, given its model and images, and shown', async () => {
  await page.getByRole('heading', { name: 'No products yet' }).waitFor();
  await shoot(page, 'console-products-empty');
  await page.getByRole('button', { name: 'Add a product' }).click();
  await page.getByRole('button', { name: 'Add it' }).click();
  await page.getByText('Give it a name.').waitFor();
  await page.getByLabel('Name').fill('Arc floor lamp');
  await page.getByLabel('In a sentence or two').fill('A reading lamp <b>that turns</b>.');
  await page.getByLabel('Width').fill('792');
  await page.getByRole('button', { name: 'Add it' }).click();
  await page.getByText('Give all three edges').waitFor();
  await page.getByLabel('Height').fill('1 426,0');
  await page.getByLabel('Depth').fill('379');
  await page.getByLabel('What is good about it').fill('Turns all the way round\n\nSolid oak');
  await page.getByLabel('Where it leads').fill('javascript:alert(1)');
  await page.getByRole('button', { name: 'Add it' }).click();
  await page.getByText('Give a whole address').waitFor();
  await page.getByLabel('Button for customers').fill('Order one');
  await page.getByLabel('Where it leads').fill('https://lumen.example/arc');
  await shoot(page, 'console-product-new');
  await page.getByRole('button', { name: 'Add it' }).click();
  await page.getByText('Saved.').waitFor();
  await page.locator('pl-product-sheet input#model').setInputFiles(LAMP);
  await page.getByRole('button', { name: 'Replace the model' }).waitFor();
  await page.locator('pl-product-sheet input#images').setInputFiles(PICTURE);
  await page.getByAltText('Image 1 of Arc floor lamp').waitFor();
  await shoot(page, 'console-product');
  assert.deepEqual(await axe(page), []);
  const made = await product('Arc floor lamp');
  assert.deepEqual(made.size_mm, { w: 792, h: 1426, d: 379 });
  assert.deepEqual(made.claims, ['Turns all the way round', 'Solid oak']);
  assert.deepEqual(made.call_to_action, { label: 'Order one', url: 'https://lumen.example/arc' });
  assert.equal((await exchange(server.base + made.model)).headers['content-type'], 'model/gltf-binary');
  // The model is in the sheet's version: saving goes on without a stumble.
  await page.getByLabel('In a sentence or two').fill('A reading lamp that turns.');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByText('Saved.').waitFor();
  await page.getByRole('button', { name: 'Close' }).click();
  await card('Arc floor lamp').getByText('3D model').waitFor();
  await shoot(page, 'console-products');
  assert.deepEqual(await axe(page), []);
});

test('what is no model is refused in words, on the page', async () => {
  const wrong = path.join(folder, 'chair.glb');
  await writeFile(wrong, 'not a model');
  await card('Arc floor lamp').getByRole('button').click();
  await page.locator('pl-product-sheet input#model').setInputFiles(wrong);
  await page.getByText('This is no binary glTF file (.glb).').waitFor();
  await shoot(page, 'console-product-refused');
  await page.locator('pl-product-sheet pl-uploads').getByRole('button').last().click();
  await page.getByRole('button', { name: 'Close' }).click();
  assert.ok((await product('Arc floor lamp')).model);
});

test('two reps who edit the same product: the second is told, and loses nothing', async () => {
  const other = await signIn(server, browser);
  await other.evaluate(() => { location.hash = '#/products'; });
  await card('Arc floor lamp').getByRole('button').click();
  await card('Arc floor lamp', other).getByRole('button').click();
  await page.getByLabel('Name').fill('Arc, in brass');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByText('Saved.').waitFor();
  await other.getByLabel('In a sentence or two').fill('Words of the other rep.');
  await other.getByRole('button', { name: 'Save', exact: true }).click();
  await other.getByText('Somebody else has changed this meanwhile').waitFor();
  assert.equal(await other.getByLabel('In a sentence or two').inputValue(), 'Words of the other rep.');
  await shoot(other, 'console-product-changed');
  assert.equal((await product('Arc, in brass')).summary, 'A reading lamp that turns.');
  await other.getByRole('button', { name: 'Show theirs' }).click();
  await other.locator('pl-product-sheet').getByRole('heading', { name: 'Arc, in brass' }).waitFor();
  await other.getByLabel('In a sentence or two').fill('Both of us.');
  await other.getByRole('button', { name: 'Save', exact: true }).click();
  await other.getByText('Saved.').waitFor();
  assert.equal((await product('Arc, in brass')).summary, 'Both of us.');
  await other.context().close();
  await page.getByRole('button', { name: 'Close' }).click();
});

test('a walkthrough is about it, and its page says how large it is', { timeout: 120_000 }, async () => {
  const film = path.join(folder, 'film.mp4');
  await writeFilm(film, { width: 320, height: 180, seconds: 2 });
  const slug = await server.publish(film, 'The lamp');
  await page.evaluate(() => { location.hash = '#/walkthroughs'; });
  await page.locator('li.film', { hasText: 'The lamp' }).getByRole('button', { name: 'More about The lamp' }).click();
  await page.getByLabel('It is about').selectOption({ label: 'Arc, in brass' });
  await assert.doesNotReject(async () => {
    for (let n = 0; n < 50 && !(await server.api('GET', '/api/v1/walkthroughs'))[0].product; n++) await page.waitForTimeout(100);
  });
  await shoot(page, 'console-walkthrough-about');
  const visitor = await open(browser, `${server.base}/w/${slug}`, { viewport: PHONE });
  await visitor.getByText('Both of us.').waitFor();
  await visitor.getByText('79 × 38 × 143 cm').waitFor();
  assert.deepEqual(visitor.complaints, []);
  await shoot(visitor, 'walkthrough-product');
  await visitor.context().close();
  await page.getByLabel('It is about').selectOption({ label: 'No product' });
  await page.getByRole('button', { name: 'Close' }).click();
  for (let n = 0; n < 50 && (await server.api('GET', '/api/v1/walkthroughs'))[0].product; n++) await page.waitForTimeout(100);
  assert.equal((await server.api('GET', '/api/v1/walkthroughs'))[0].product, null);
  assert.deepEqual(page.complaints.filter((c) => !/422|412/.test(c)), []);
  assert.deepEqual([...page.origins], [server.base]);
});
