// A module of the web client as one script, to be evaluated in a page: its exports become `window[name]`.
import { createRequire } from 'node:module';
import path from 'node:path';
import { ROOT } from './server.mjs';

const { build } = createRequire(path.join(ROOT, 'web-client/package.json'))('esbuild');

export async function bundle(file, name) {
  const { outputFiles } = await build({
    entryPoints: [path.join(ROOT, 'web-client/src', file)],
    bundle: true, write: false, format: 'iife', globalName: 'exported', footer: { js: `window.${name} = exported;` }, target: 'es2021', logLevel: 'error',
  });
  return outputFiles[0].text;
}
