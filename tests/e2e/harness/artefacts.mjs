// Screenshots of what the tests saw, for people to look at (tests/e2e/artefacts, not committed).
import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import path from 'node:path';
import { DESK, PHONE } from './chromium.mjs';

const FOLDER = fileURLToPath(new URL('../artefacts/', import.meta.url));

// `pose`: what must be done again after the window has another size, such as hovering.
export async function shoot(page, name, pose = async () => undefined) {
  await mkdir(FOLDER, { recursive: true });
  const before = page.viewportSize();
  for (const size of [PHONE, DESK]) {
    await page.setViewportSize(size);
    await pose();
    await page.screenshot({ path: path.join(FOLDER, `${name}-${size.width}x${size.height}.png`) });
  }
  await page.setViewportSize(before);
}
