import assert from "node:assert/strict";
import { test } from "node:test";
import { ImageError, readImage } from "../../../dfcan_bmz/page/static/read.js";
import { readNpy } from "../../../dfcan_bmz/page/static/npy.js";
import { tiffOf } from "../../../dfcan_bmz/page/static/write.js";

const plane = (width, height, start = 0) => ({ data: Float32Array.from({ length: width * height }, (_, i) => start + i / 8), width, height });
const named = (blob, name = "x.tif") => Object.assign(blob, { name });

test("what is written is read again, calibration and all", async () => {
  const planes = [plane(7, 5), plane(7, 5, 100)];
  const written = tiffOf(planes, { pixelUm: { x: 0.03, y: 0.04 }, stepUm: 0.2, axis: "slices" }, "Predicted, not measured");
  const read = await readImage(named(written));
  assert.deepEqual(read.planes.map(({ data }) => [...data]), planes.map(({ data }) => [...data]));
  assert.ok(Math.abs(read.pixelUm.x - 0.03) < 1e-6 && Math.abs(read.pixelUm.y - 0.04) < 1e-6);
  assert.equal(read.stepUm, 0.2);
  assert.equal(read.axis, "slices");
});

test("an unknown pixel size stays unknown", async () => {
  const read = await readImage(named(tiffOf([plane(6, 6)], { pixelUm: null, stepUm: null, axis: "" }, "")));
  assert.equal(read.pixelUm, null);
});

test("other files, and cut ones, are refused by name", async () => {
  const whole = await tiffOf([plane(64, 64)], { pixelUm: null, stepUm: null, axis: "" }, "").arrayBuffer();
  for (const content of ["", "no image", whole.slice(0, 2000)]) {
    await assert.rejects(readImage(named(new Blob([content]))), (error) => error instanceof ImageError && error.message.startsWith("x.tif"));
  }
});

test("NumPy arrays of either header version are read", () => {
  for (const version of [1, 2]) {
    const text = "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2, 2, 1), }\n";
    const header = version === 1 ? [text.length, 0] : [text.length, 0, 0, 0];
    const bytes = [0x93, ..."NUMPY".split("").map((letter) => letter.charCodeAt(0)), version, 0, ...header, ...new TextEncoder().encode(text)];
    const values = new Uint8Array(new Float32Array([1, 2, 3, 4]).buffer);
    assert.deepEqual(readNpy(new Uint8Array([...bytes, ...values]).buffer), { shape: [1, 2, 2, 1], data: new Float32Array([1, 2, 3, 4]) });
  }
});
