import assert from "node:assert/strict";
import { test } from "node:test";
import { bicubic, flipped, overOrientations, percentiles, predictPlane, restored, scalingOf, normalized, spans, turned } from "../../../dfcan_bmz/page/static/arithmetic.js";

const ramp = (width, height) => ({ data: Float32Array.from({ length: width * height }, (_, i) => (i * 7919) % 1000), width, height });
const model = (scale, tile = 16, halo = 3) => ({ scale, tile, halo });

/** A network that repeats pixels: what it predicts shows where each tile was put. */
const repeating = (scale) => async (tile) => {
  const side = Math.sqrt(tile.length);
  return Float32Array.from({ length: tile.length * scale ** 2 }, (_, i) => tile[Math.floor(Math.floor(i / (scale * side)) / scale) * side + Math.floor((i % (scale * side)) / scale)]);
};

test("percentiles are linear between the two nearest pixels", () => {
  assert.deepEqual(percentiles([4, 1, 2, 3], [0, 50, 100]), [1, 2.5, 4]);
  assert.deepEqual(percentiles([10, 20], [25]), [12.5]);
});

test("what tiles keep covers an axis exactly once", () => {
  for (let length = 1; length < 100; length++) {
    const kept = spans(length, 16, 3).flatMap(({ from, to }) => Array.from({ length: to - from }, (_, i) => from + i));
    assert.deepEqual(kept, Array.from({ length }, (_, i) => i));
  }
});

test("a plane of any size comes back enlarged with every pixel in its place", async () => {
  for (const [width, height, scale] of [[1, 1, 2], [5, 40, 2], [16, 16, 3], [37, 61, 4], [100, 9, 2]]) {
    const plane = ramp(width, height);
    const { data, ...size } = await predictPlane(plane, model(scale), repeating(scale));
    assert.deepEqual(size, { width: scale * width, height: scale * height });
    const unit = normalized(plane, scalingOf(plane));
    data.forEach((value, i) => {
      const [y, x] = [Math.floor(i / (scale * width)), i % (scale * width)];
      assert.equal(value, Math.min(1, Math.max(0, unit.data[Math.floor(y / scale) * width + Math.floor(x / scale)])));
    });
  }
});

test("intensities come back from 0..1", () => {
  const plane = ramp(9, 7);
  const scaling = scalingOf(plane);
  restored(normalized(plane, scaling), scaling).data.forEach((value, i) => assert.ok(Math.abs(value - plane.data[i]) < 1e-3));
});

test("four turns and two flips are none", () => {
  const plane = ramp(5, 3);
  assert.deepEqual(turned(turned(turned(turned(plane)))), plane);
  assert.deepEqual(flipped(flipped(plane)), plane);
  assert.deepEqual([...turned({ data: new Float32Array([1, 2, 3, 4]), width: 2, height: 2 }).data], [2, 4, 1, 3]); // numpy.rot90
});

test("a network that treats all orientations alike has no spread, another one has", async () => {
  const plane = ramp(21, 34);
  const even = await overOrientations(plane, (turnedPlane) => predictPlane(turnedPlane, model(2), repeating(2)));
  assert.ok(even.spread.data.every((value) => value < 1e-3));
  const lopsided = async (tile) => (await repeating(2)(tile)).map((value, i) => (i % 8 < 4 ? value : value / 2));
  const odd = await overOrientations(plane, (turnedPlane) => predictPlane(turnedPlane, model(2), lopsided));
  assert.ok(odd.spread.data.some((value) => value > 0.1));
  assert.deepEqual(odd.prediction, await predictPlane(plane, model(2), lopsided));
});

test("bicubic interpolation keeps a constant, and the sum of an impulse far from the border", () => {
  assert.ok(bicubic({ data: new Float32Array(35).fill(3), width: 5, height: 7 }, 3).data.every((value) => Math.abs(value - 3) < 1e-6));
  const impulse = { data: new Float32Array(121), width: 11, height: 11 };
  impulse.data[60] = 1;
  assert.ok(Math.abs(bicubic(impulse, 2).data.reduce((sum, value) => sum + value, 0) - 4) < 1e-5);
});
