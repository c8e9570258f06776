// JupyterLab in Chromium, its cells by their sections: what they show, and what happens when they are run.

import { chromium } from "playwright-core";

/** {page, close, cell}; `lab` is the address of a server that exposes its application. */
export async function openNotebook(lab) {
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu"] });
  const page = await browser.newPage({ viewport: { width: 1300, height: 1000 } });
  await page.goto(lab);
  await page.waitForFunction(() => window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel?.status === "idle", null, { timeout: 60_000 });
  /** Run the code cell that calls `text`, and wait until it has ended: {output, kinds, folded}. */
  const run = (text) => page.evaluate(async (text) => {
    const panel = window.jupyterapp.shell.currentWidget;
    const index = panel.content.widgets.findIndex((cell) => cell.model.type === "code" && cell.model.sharedModel.getSource().includes(text));
    if (index < 0) throw new Error(`no cell has ${text}`);
    panel.content.activeCellIndex = index;
    await window.jupyterapp.commands.execute("notebook:run-cell");
    const cell = panel.content.widgets[index];
    const outputs = cell.model.outputs.toJSON();
    const told = outputs.map((output) => [output.text ?? output.data?.["text/html"] ?? output.ename ?? ""].flat().join("")).join("");
    return { output: told, kinds: outputs.flatMap((output) => Object.keys(output.data ?? {})), folded: cell.inputHidden };
  }, text);
  /** Enter a value into a field of a form that has been run, as a person does. */
  const fill = async (name, value) => {
    const row = page.locator(".widget-inline-hbox", { has: page.locator(`.widget-label:text-is("${name}")`) }).last();
    if (typeof value === "boolean") await page.locator(".widget-checkbox", { hasText: name }).last().locator("input").setChecked(value);
    else await row.locator("input").fill(String(value)), await row.locator("input").press("Tab");
  };
  return { page, run, fill, close: () => browser.close() };
}
