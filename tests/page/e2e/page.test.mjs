// A visitor in a real browser. SITE is a site by `dfcan-bmz page`, IMAGES holds what they open, OUT gets their downloads.

import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { visit } from "./browser.mjs";

const { SITE, IMAGES, OUT } = process.env;
const DONE = { timeout: 180_000 };
let visitor;

before(async () => {
  visitor = await visit(SITE);
});
after(() => visitor.close());

const message = () => visitor.page.locator("#message").textContent();
const about = () => visitor.page.locator("#about").textContent();

async function open(name) {
  await visitor.page.setInputFiles("#file", join(IMAGES, name));
  await visitor.page.waitForFunction((text) => document.querySelector("#about").textContent.includes(text), name);
  await visitor.page.waitForFunction(() => !document.querySelector("#about").textContent.startsWith("Reading"));
}

async function predict(button) {
  await visitor.page.click(button);
  await visitor.page.waitForFunction(() => /^(Done|Cancelled|This browser|The network)/.test(document.querySelector("#message").textContent), null, DONE);
  assert.match(await message(), /^Done/);
}

async function download(name) {
  const [file] = await Promise.all([visitor.page.waitForEvent("download"), visitor.page.click("#download")]);
  await file.saveAs(join(OUT, name));
}

test("threads are there, though the host sends no headers for them", async () => {
  assert.equal(await visitor.page.evaluate(() => self.crossOriginIsolated), true);
});

test("the model's own sample becomes a prediction of finer sampling", async () => {
  await visitor.page.click("#sample");
  await visitor.page.waitForSelector("#predict:enabled");
  await predict("#predict");
  assert.equal(await visitor.page.locator("#result").isVisible(), true);
  await visitor.page.screenshot({ path: join(OUT, "sample.png"), fullPage: true });
});

test("every plane of a stack is predicted, and downloaded with its calibration", async () => {
  await open("stack.tif");
  assert.match(await about(), /3 planes, 60 nm a pixel/);
  await predict("#predict-all");
  await download("stack.tif");
});

test("intensities of the image are kept on request", async () => {
  await open("odd.png");
  await predict("#predict");
  await visitor.page.check("#keep");
  await download("odd.tif");
  await visitor.page.uncheck("#keep");
});

test("uncertainty comes as a map of its own", async () => {
  await open("small.tif");
  await predict("#uncertainty");
  await visitor.page.selectOption("#right", "uncertainty");
  assert.match(await visitor.page.locator("#legend").textContent(), /eight orientations/);
  await download("small.tif");
  await visitor.page.screenshot({ path: join(OUT, "uncertainty.png"), fullPage: true });
});

for (const [name, words] of [
  ["colour.tif", /colour image/],
  ["colour.png", /colour image/],
  ["constant.tif", /is constant/],
  ["holes.tif", /no numbers/],
  ["tiny.tif", /too few/],
  ["text.tif", /neither a TIFF nor a PNG/],
  ["cut.tif", /cannot be read/],
  ["channels.tif", /2 channels/],
]) {
  test(`${name} is refused in words`, async () => {
    await open(name);
    assert.match(await about(), words);
    assert.equal(await visitor.page.isDisabled("#predict"), true);
  });
}

test("an image unlike the training is predicted with a warning", async () => {
  await open("noise.tif");
  assert.match(await about(), /Unlike what the model was trained on/);
  assert.equal(await visitor.page.isDisabled("#predict"), false);
});

test("a running prediction can be cancelled, and another one started", async () => {
  await open("large.tif");
  // from within the page, at the first tile: who looks in from outside may come when all tiles are done
  await visitor.page.evaluate(() => {
    const message = document.querySelector("#message");
    const watch = new MutationObserver(() => {
      if (!/^Tile/.test(message.textContent)) return;
      watch.disconnect();
      document.querySelector("#cancel").click();
    });
    watch.observe(message, { childList: true, characterData: true, subtree: true });
  });
  await visitor.page.click("#predict");
  await visitor.page.waitForFunction(() => document.querySelector("#message").textContent === "Cancelled.", null, DONE);
  await open("small.tif");
  await predict("#predict");
});

test("everything can be done by keyboard: the controls are reached by Tab, in order", async () => {
  const reached = new Set();
  await visitor.page.focus("#model");
  for (let i = 0; i < 25; i++) {
    reached.add(await visitor.page.evaluate(() => document.activeElement.id));
    await visitor.page.keyboard.press("Tab");
  }
  for (const id of ["model", "file", "sample", "predict", "uncertainty", "left", "right", "view", "divider", "low", "high", "download"]) assert.ok(reached.has(id), id);
});

for (const colorScheme of ["light", "dark"]) {
  test(`it fits a phone, and its text has contrast, in ${colorScheme} mode`, async () => {
    await visitor.page.setViewportSize({ width: 360, height: 740 });
    await visitor.page.emulateMedia({ colorScheme });
    assert.ok((await visitor.page.evaluate(() => document.documentElement.scrollWidth)) <= 360);
    const weakest = await visitor.page.evaluate(() => {
      const parse = (text) => text.match(/[\d.]+/g).map(Number);
      const luminance = (rgb) => rgb.slice(0, 3).map((c) => (c / 255 <= 0.03928 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4)).reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
      const ground = (element) => {
        const rgb = parse(getComputedStyle(element).backgroundColor);
        return rgb.length === 4 && rgb[3] === 0 ? ground(element.parentElement) : rgb;
      };
      return [...document.querySelectorAll("h1, h2, p, label, button:enabled, a, select")].filter((element) => element.offsetParent).map((element) => {
        const [a, b] = [luminance(parse(getComputedStyle(element).color)), luminance(ground(element))];
        return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
      }).reduce((least, ratio) => Math.min(least, ratio), 21);
    });
    assert.ok(weakest >= 4.5, `contrast ${weakest}`);
  });
}

test("nothing was asked of any other host, and the page met no error", () => {
  assert.deepEqual([...new Set(visitor.requests.map((url) => new URL(url).protocol === "blob:" ? visitor.address : `${new URL(url).origin}/`))], [visitor.address]);
  assert.deepEqual(visitor.problems, []);
});
