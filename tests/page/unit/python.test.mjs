// The same numbers as the Python package: PYTHON is a JSON file of planes and of what the package makes of them.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { bicubic, scalingOf } from "../../../dfcan_bmz/page/static/arithmetic.js";
import { fingerprint, outsideDomain } from "../../../dfcan_bmz/page/static/domain.js";

const cases = process.env.PYTHON ? JSON.parse(readFileSync(process.env.PYTHON)) : [];

test("the package's numbers are there to compare with", { skip: process.env.PYTHON ? false : "PYTHON is not set" }, () => {
  assert.ok(cases.length > 0);
});

cases.forEach((expected, i) => {
  const plane = { data: Float32Array.from(expected.data), width: expected.width, height: expected.height };
  const close = (numbers, others, tolerance) => {
    assert.equal(numbers.length, others.length);
    numbers.forEach((value, k) => assert.ok(Math.abs(value - others[k]) <= tolerance, `${value} is not ${others[k]}`));
  };

  test(`plane ${i}: percentiles, bicubic interpolation, fingerprint and reasons`, () => {
    const { low, high } = scalingOf(plane);
    close([low, high], expected.scaling, 1e-9);
    close([...bicubic(plane, 2).data], expected.bicubic, 1e-4 * (high - low));
    const { snr, brightness, spectrum, shape } = fingerprint(plane);
    close([snr, ...brightness, ...spectrum, ...shape], expected.fingerprint, 1e-5);
    assert.deepEqual(outsideDomain(plane, expected.pixel_size_nm, expected.domain), expected.reasons);
  });
});
