// Links that open no door, and what every page promises: words, a policy, no other origin, little weight.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { shoot } from './harness/artefacts.mjs';
import { launch, open, PHONE } from './harness/chromium.mjs';
import { exchange, Server } from './harness/server.mjs';
import { signIn } from './harness/visit.mjs';
import { until } from './harness/wait.mjs';

let server, browser;

before(async () => {
  [server, browser] = await Promise.all([Server.start(), launch()]);
}, { timeout: 60_000 });

after(async () => {
  await browser?.close();
  await server?.stop();
});

// Opens a link that must answer `status` and say `words`.
async function closed(url, status, words, name) {
  const page = await open(browser, undefined, { viewport: PHONE });
  const response = await page.goto(url);
  assert.equal(response.status(), status);
  await page.getByRole('heading', { name: words }).waitFor();
  assert.deepEqual([...page.origins], [server.base]);
  assert.match(response.headers()['content-security-policy'] ?? '', /default-src 'self'/);
  await shoot(page, name);
  await page.context().close();
}

test('an unknown invite', () => closed(`${server.base}/v/NoSuchInviteAtAll`, 404, 'We do not know this link', 'closed-unknown'));

test('an invite with a broken token', async () => {
  for (const token of ['%00', '..%2F..%2Fetc', 'x'.repeat(4000), '%F0%9F%98%80', '<script>']) {
    const { status } = await exchange(`${server.base}/v/${token}`);
    assert.ok(status === 404 || status === 400 || status === 414, `${token.slice(0, 20)}: ${status}`);
  }
  assert.equal((await exchange(`${server.base}/readyz`)).status, 200);
});

test('a revoked invite', async () => {
  const { id } = await server.visit();
  const invite = await server.invite(id);
  const page = await open(browser, invite.url, { viewport: PHONE });
  await page.getByRole('button', { name: 'Come in' }).waitFor();
  await server.api('DELETE', `/api/v1/visits/${id}/invites/${invite.id}`);
  await closed(invite.url, 410, 'This link no longer opens the door', 'closed-revoked');
  await page.context().close();
});

test('a guest whose invite is revoked is asked out at once', async () => {
  const { id } = await server.visit();
  const invite = await server.invite(id);
  const page = await open(browser, invite.url, { viewport: PHONE });
  await page.getByRole('button', { name: 'Come in' }).click();
  await page.getByRole('button', { name: 'Go in' }).click();
  await page.getByText('will be right with you').waitFor();
  await server.api('DELETE', `/api/v1/visits/${id}/invites/${invite.id}`);
  await page.getByText('The door is closed').or(page.getByText('no longer opens the door')).first().waitFor();
  await shoot(page, 'visit-expelled');
  await page.context().close();
});

test('an invite to a visit that has ended', async () => {
  const { id } = await server.visit();
  const invite = await server.invite(id);
  await server.api('POST', `/api/v1/visits/${id}/start`);
  await server.api('POST', `/api/v1/visits/${id}/end`);
  await closed(invite.url, 410, 'This visit is over', 'closed-ended');
});

test('an invite that has run out', async () => {
  const { id } = await server.visit();
  const expires = new Date(Date.now() + 2000).toISOString().replace(/\.\d+/, '');
  const invite = await server.invite(id, { name: 'Sam Carter', expires_at: expires });
  await until(async () => (await exchange(invite.url)).status === 410, { what: 'the invite to run out', within: 5000, every: 100 });
  await closed(invite.url, 410, 'This link has run out', 'closed-expired');
});

test('a walkthrough that is not there', () =>
  closed(`${server.base}/w/no-such-film`, 404, 'This walkthrough is not here', 'closed-walkthrough'));

test('every page has a policy, stays with us and is found by name', async () => {
  const { id } = await server.visit();
  const invite = await server.invite(id);
  for (const [where, frames] of [['/', "'none'"], [new URL(invite.url).pathname, "'none'"], ['/w/no-such-film', "'none'"], ['/w/no-such-film/embed', '*']]) {
    const { headers, text } = await exchange(server.base + where);
    const policy = headers['content-security-policy'] ?? '';
    assert.match(policy, /default-src 'self'/, where);
    assert.ok(policy.includes(`frame-ancestors ${frames}`), `${where}: ${policy}`);
    // the console alone runs a WebAssembly program: it cuts the rep out of the camera's picture
    const unsafe = [...policy.matchAll(/script-src([^;]*)/g)].flatMap((m) => m[1].match(/'[^']*unsafe[^']*'/g) ?? []);
    assert.deepEqual(unsafe, where === '/' ? ["'wasm-unsafe-eval'"] : [], `${where}: ${policy}`);
    assert.ok(!/https?:\/\/(?!localhost)/.test(policy), `${where}: ${policy}`);
    assert.match(headers['cache-control'] ?? '', /no-store/, where);
    assert.match(text, /<title>[^<]+<\/title>/, where);
  }
});

test('the console and the customer\'s page ask no other origin', async () => {
  const rep = await signIn(server, browser);
  await rep.getByRole('link', { name: 'Walkthroughs' }).click();
  await rep.getByRole('heading', { name: 'Walkthroughs', exact: true }).waitFor();
  assert.deepEqual([...rep.origins], [server.base]);
  assert.deepEqual(rep.complaints, []);
  await rep.context().close();
});

test('the customer\'s page weighs at most 150 KB of script', async (t) => {
  const { id } = await server.visit();
  const invite = await server.invite(id);
  const page = await open(browser, undefined, { viewport: PHONE });
  const scripts = [];
  page.on('response', (response) => {
    if (response.request().resourceType() === 'script') scripts.push(response.body());
  });
  await page.goto(invite.url);
  await page.getByRole('button', { name: 'Come in' }).click();
  await page.getByRole('button', { name: 'Go in' }).click();
  await page.getByText('will be right with you').waitFor();
  const bytes = (await Promise.all(scripts)).reduce((sum, body) => sum + gzipSync(body).length, 0);
  t.diagnostic(`${scripts.length} scripts, ${(bytes / 1024).toFixed(1)} KB gzip'd`);
  assert.ok(scripts.length > 0 && bytes <= 150 * 1024, `${bytes} bytes`);
  assert.deepEqual([...page.origins], [server.base]);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});
