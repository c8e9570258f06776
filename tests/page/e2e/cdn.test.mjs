// A site whose runtime comes from a content delivery network, here played by the package that npm installed.

import assert from "node:assert/strict";
import { test } from "node:test";
import { visit } from "./browser.mjs";

test("the runtime comes from the network, and nothing else does", async () => {
  const visitor = await visit(process.env.CDN_SITE, { fetched: "node_modules/onnxruntime-web/dist" });
  try {
    await visitor.page.click("#sample");
    await visitor.page.waitForSelector("#predict:enabled");
    await visitor.page.click("#predict");
    await visitor.page.waitForFunction(() => /^(Done|This browser|The network)/.test(document.querySelector("#message").textContent), null, { timeout: 180_000 });
    assert.match(await visitor.page.locator("#message").textContent(), /^Done/);
    const elsewhere = visitor.requests.filter((url) => !url.startsWith(visitor.address) && !url.startsWith("blob:"));
    assert.ok(elsewhere.length > 0 && elsewhere.every((url) => /\/npm\/onnxruntime-web@[\d.]+\/dist\/ort[\w.-]+\.(mjs|wasm)$/.test(url)), elsewhere.join(" "));
    assert.deepEqual(visitor.problems, []);
  } finally {
    await visitor.close();
  }
});
