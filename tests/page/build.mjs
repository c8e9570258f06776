// Third-party readers as one file beside the page's own: vendor/readers.js, and the licences of what is in it.

import { build } from "esbuild";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const vendor = "../../dfcan_bmz/page/static/vendor";
const result = await build({
  stdin: {
    contents: 'export { fromArrayBuffer } from "geotiff"; export { decode as decodePng } from "fast-png";',
    resolveDir: ".",
  },
  bundle: true,
  minify: true,
  format: "esm",
  platform: "browser",
  metafile: true,
  legalComments: "none",
  outfile: process.argv[2] ?? `${vendor}/readers.js`,
  logLevel: "warning",
});

const packages = new Set(Object.keys(result.metafile.inputs).flatMap((path) => path.match(/node_modules\/((?:@[^/]+\/)?[^/]+)/)?.[1] ?? []));
const texts = [...packages].sort().map((name) => {
  const folder = join("node_modules", name);
  const { version, license } = JSON.parse(readFileSync(join(folder, "package.json")));
  const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
  return `${name} ${version} (${license})\n\n${file ? readFileSync(join(folder, file), "utf8").trim() : "see its own page"}\n`;
});
if (process.argv[2] === undefined) writeFileSync(`${vendor}/LICENSES.txt`, texts.join(`\n${"-".repeat(80)}\n\n`));
