// What the notebook promises to a person who presses play in the right order, and in wrong ones.

import assert from "node:assert/strict";
import { test } from "node:test";
import { openNotebook } from "./lab.mjs";

const FORMS = ["Training_source =", "Use_Data_augmentation =", "Use_pretrained_model =", "Continue_training ="];

test("cells in wrong orders and in the right one", async () => {
  const { page, run, fill, close } = await openNotebook(process.env.LAB);
  try {
    const early = await run("training.start()");
    assert.equal(early.output, "Run section 1 first.\n");
    assert.equal(early.folded, true, "the code is folded");
    assert.match((await run("find_spec")).output, /^dfcan_bmz /);
    assert.match((await run("training.start()")).output, /run section 3\.2 first: its form asks for model_path/);
    assert.match((await run("data.make_example()")).output, /run section 3\.1 first/);
    for (const form of FORMS) assert.ok((await run(form)).kinds.includes("application/vnd.jupyter.widget-view+json"), form);
    for (const form of ["Use_the_current_trained_model =", "Predict_with_the_current_trained_model ="]) await run(form);
    assert.match((await run("quality.show_losses()")).output, /run section 4\.2 first: models\/dfcan_model is not trained yet/);
    assert.match((await run("sharing.download_predictions()")).output, /run section 6\.1 first/);

    // the right order, with the small set and network that the server's folder brings along
    await fill("Training_source", "pairs/lr");
    await fill("Training_target", "pairs/hr");
    await fill("number_of_epochs", 1);
    await fill("Use_Default_Advanced_Parameters", false);
    await fill("source_patch_size", 16);
    await fill("model_name", "first");
    const trained = await run("training.start()");
    assert.match(trained.output, /models\/first: the best epoch is 1 of 1/);
    assert.match(trained.output, /no GPU here, so a small network is trained.*model_size: published chooses it|parameters, on gpu/s);

    // a refused second start keeps curves and log
    const refused = await run("training.start()");
    assert.match(refused.output, /epoch +1 +loss/);
    assert.match(refused.output, /models\/first is trained already, and is kept/);
    assert.doesNotMatch(refused.output, /--/);
    assert.ok(refused.kinds.includes("image/png"));

    // continuing under a new name says what to untick
    await fill("Continue_training", true);
    await fill("model_name", "second");
    assert.match((await run("training.start()")).output, /untick Continue_training.*models has first/s);

    // "Start training" reads the forms as they are
    await fill("Continue_training", false);
    assert.match((await run("training.start()")).output, /models\/second: the best epoch is 1 of 1/);

    // the verdict stands first, in one block
    await run("Source_QC_folder =");
    await fill("Source_QC_folder", "pairs/lr");
    await fill("Target_QC_folder", "pairs/hr");
    const judged = await run("quality.measure()");
    assert.equal(judged.kinds.filter((kind) => kind === "text/html").length, 1);
    assert.match(judged.output, /<h3>How good is second\?<\/h3><p><b>DFCAN /);
    await page.screenshot({ path: process.env.PICTURE });
  } finally {
    await close();
  }
});
