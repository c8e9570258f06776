// Whether a plane is like what a model was trained on: the same numbers as dfcan_bmz.evaluation.domain computes.

import { percentiles, scalingOf, normalized } from "./arithmetic.js";

const QUANTILES = Array.from({ length: 10 }, (_, i) => 5 + 10 * i); // percent
const BANDS = 12;
const SMALLEST_PX = 2 * BANDS;
const LARGEST_PX = 1024;
const TOLERANCE = 1.6;
const PIXEL_SIZE_TOLERANCE = 0.1;
const WORDS = {
  brightness: "share of bright and dark pixels (histogram)",
  spectrum: "mix of coarse and fine detail (spectrum)",
  shape: "kind of detail (lines, spots, areas)",
};

/** Why a plane lies outside of what a model has seen: a list of clauses, empty if there is none. */
export function outsideDomain(plane, pixelNm, domain) {
  if (!domain) return [];
  const reasons = [];
  const sizes = domain.pixel_sizes_nm;
  if (pixelNm && sizes.length && !sizes.some((size) => Math.abs(pixelNm / size - 1) <= PIXEL_SIZE_TOLERANCE)) {
    const seen = sizes.length === 1 ? `${sizes[0]}` : `${sizes[0]} to ${sizes.at(-1)}`;
    reasons.push(`its pixels are ${Number(pixelNm.toPrecision(4))} nm, the model was trained on ${seen} nm`);
  }
  const own = fingerprint(plane);
  const seen = domain.fingerprints.map(fromText);
  if (!own || !seen.length) return reasons;
  for (const [kind, distance] of Object.entries(nearest(own, seen))) {
    const ratio = distance / domain.gaps[kind];
    if (ratio > TOLERANCE) reasons.push(reason(kind, own, seen, ratio));
  }
  return reasons;
}

/** {snr, brightness, spectrum, shape} of the middle of a plane; null if it is small or flat. */
export function fingerprint(plane) {
  if (Math.min(plane.width, plane.height) < SMALLEST_PX) return null;
  const middle = middleOf(plane);
  const scaling = scalingOf(middle);
  if (scaling.low === scaling.high) return null;
  const unit = normalized(middle, scaling);
  const clipped = unit.data.map((value) => Math.min(1, Math.max(0, value)));
  return {
    snr: Math.log10(signalToNoise(middle, scaling)),
    brightness: percentiles(clipped, QUANTILES),
    spectrum: powerInBands(unit).map((power) => Math.log10(Math.max(power, 1e-12))),
    shape: shapeOf(unit),
  };
}

function middleOf({ data, width, height }) {
  const [top, left] = [height, width].map((size) => Math.floor(Math.max(0, size - LARGEST_PX) / 2));
  const [bottom, right] = [height, width].map((size) => Math.min(size, Math.floor((size + LARGEST_PX) / 2)));
  const result = new Float64Array((bottom - top) * (right - left));
  for (let y = top; y < bottom; y++) result.set(data.slice(y * width + left, y * width + right), (y - top) * (right - left));
  return { data: result, width: right - left, height: bottom - top };
}

function signalToNoise(plane, { low, high }) {
  const differences = filtered(filtered(plane, [1, -2, 1], 1), [1, -2, 1], 0).data.map(Math.abs).sort();
  const kept = differences.subarray(0, Math.floor(0.9 * differences.length));
  const noise = kept.reduce((sum, value) => sum + value, 0) / kept.length / 0.6573 / 6;
  const ratio = (high - low) / Math.max(noise, (high - low) / 1e5) - 6.18;
  return Math.min(1e4, Math.max(0.1, ratio));
}

/** Correlate along an axis (0: down, 1: across) with a kernel of odd length; borders mirrored. */
function filtered({ data, width, height }, kernel, axis) {
  const result = new Float64Array(data.length);
  const reach = (kernel.length - 1) / 2;
  const [length, step] = axis === 0 ? [height, width] : [width, 1];
  const [lines, lineStep] = axis === 0 ? [width, 1] : [height, width];
  for (let line = 0; line < lines; line++) {
    for (let i = 0; i < length; i++) {
      let sum = 0;
      for (let k = -reach; k <= reach; k++) {
        let at = (((i + k) % (2 * length)) + 2 * length) % (2 * length);
        if (at >= length) at = 2 * length - 1 - at;
        sum += kernel[k + reach] * data[line * lineStep + at * step];
      }
      result[line * lineStep + i * step] = sum;
    }
  }
  return { data: result, width, height };
}

/** Gaussian of a derivative order (0, 1 or 2), cut at 4 sigma, as scipy.ndimage has it. */
function gaussian(sigma, order) {
  const reach = Math.trunc(4 * sigma + 0.5);
  const places = Array.from({ length: 2 * reach + 1 }, (_, i) => i - reach);
  const weights = places.map((x) => Math.exp((-0.5 * x * x) / sigma ** 2));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  const factor = { 0: () => 1, 1: (x) => x / sigma ** 2, 2: (x) => (x * x) / sigma ** 4 - 1 / sigma ** 2 }[order];
  return weights.map((weight, i) => (weight / sum) * factor(places[i]));
}

function blurred(plane, sigma, [down, across] = [0, 0]) {
  return filtered(filtered(plane, gaussian(sigma, down), 0), gaussian(sigma, across), 1);
}

function shapeOf(unit) {
  return [1, 2].flatMap((sigma) => {
    const slopeY = blurred(unit, sigma, [1, 0]).data;
    const slopeX = blurred(unit, sigma, [0, 1]).data;
    const product = (a, b) => blurred({ ...unit, data: a.map((value, i) => value * b[i]) }, 2 * sigma).data;
    const [yy, xx, xy] = [product(slopeY, slopeY), product(slopeX, slopeX), product(slopeY, slopeX)];
    let [coherent, all, squares, fourths] = [0, 0, 0, 0];
    const [down, across] = [blurred(unit, sigma, [2, 0]).data, blurred(unit, sigma, [0, 2]).data];
    for (let i = 0; i < yy.length; i++) {
      coherent += Math.hypot(yy[i] - xx[i], 2 * xy[i]);
      all += yy[i] + xx[i];
      const square = (down[i] + across[i]) ** 2;
      squares += square / yy.length;
      fourths += square ** 2 / yy.length;
    }
    return [coherent / Math.max(all, 1e-12), fourths ** 0.25 / Math.max(squares ** 0.5, 1e-6)];
  });
}

/** Mean power of the normalised plane in bands of equal width up to Nyquist, under a Hann window. */
function powerInBands({ data, width, height }) {
  const hann = (length) => Array.from({ length }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / length));
  const [down, across] = [hann(height), hann(width)];
  const window = Float64Array.from(data, (_, i) => down[Math.floor(i / width)] * across[i % width]);
  let [weighted, weights, energy] = [0, 0, 0];
  data.forEach((value, i) => {
    weighted += value * window[i];
    weights += window[i];
    energy += window[i] ** 2;
  });
  const re = Float64Array.from(data, (value, i) => (value - weighted / weights) * window[i]);
  const im = new Float64Array(re.length);
  transformed(re, im, width, height);
  const rings = Math.floor(Math.min(width, height) / 2);
  const [sums, counts] = [new Float64Array(rings), new Float64Array(rings)];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [v, u] = [Math.min(y, height - y) / height, Math.min(x, width - x) / width];
      const ring = roundHalfToEven((hypotenuse(v, u) / 0.5) * rings);
      if (ring >= rings) continue;
      // numpy's rfft2 counts the frequencies above 0 twice, the one at Nyquist too, which the whole plane has once
      const weight = 2 * x === width ? 2 : 1;
      sums[ring] += weight * (re[y * width + x] ** 2 + im[y * width + x] ** 2);
      counts[ring] += weight;
    }
  }
  const bands = Array.from({ length: BANDS }, () => ({ sum: 0, count: 0 }));
  sums.forEach((sum, ring) => {
    const band = bands[Math.min(BANDS - 1, Math.floor((ring / rings) * BANDS))];
    band.sum += sum / Math.max(counts[ring], 1) / energy;
    band.count += 1;
  });
  return bands.map(({ sum, count }) => sum / count);
}

/** Correctly rounded (Borges 2019), as numpy.hypot and unlike Math.hypot: rings of 3-4-5 triangles end at exact halves. */
function hypotenuse(one, other) {
  const [x, y] = [Math.max(one, other), Math.min(one, other)];
  const h = Math.sqrt(x * x + y * y);
  if (h === 0) return 0;
  const delta = h <= 2 * y ? h - y : h - x;
  const error = h <= 2 * y
    ? x * (2 * delta - x) + (delta - 2 * (x - y)) * delta
    : 2 * delta * (x - 2 * y) + (4 * delta - y) * y + delta * delta;
  return h - error / (2 * h);
}

function roundHalfToEven(value) {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

/** Discrete Fourier transform in place, along the rows and then along the columns. */
function transformed(re, im, width, height) {
  const along = (length, lines, step, lineStep) => {
    const transform = fourierOf(length);
    const [lineRe, lineIm] = [new Float64Array(length), new Float64Array(length)];
    for (let line = 0; line < lines; line++) {
      for (let i = 0; i < length; i++) [lineRe[i], lineIm[i]] = [re[line * lineStep + i * step], im[line * lineStep + i * step]];
      const [outRe, outIm] = transform(lineRe, lineIm);
      for (let i = 0; i < length; i++) [re[line * lineStep + i * step], im[line * lineStep + i * step]] = [outRe[i], outIm[i]];
    }
  };
  along(width, height, 1, width);
  along(height, width, width, 1);
}

/** A transform of any length n (Bluestein 1970): a convolution with a chirp, by transforms of a power of two. */
function fourierOf(n) {
  const size = 2 ** Math.ceil(Math.log2(2 * n - 1));
  const chirp = Array.from({ length: n }, (_, k) => (Math.PI * ((k * k) % (2 * n))) / n);
  const [kernelRe, kernelIm] = [new Float64Array(size), new Float64Array(size)];
  chirp.forEach((angle, k) => {
    for (const at of [k, (size - k) % size]) [kernelRe[at], kernelIm[at]] = [Math.cos(angle), Math.sin(angle)];
  });
  radix2(kernelRe, kernelIm);
  const times = (a, b, c, d) => [a * c - b * d, a * d + b * c];
  return (re, im) => {
    const [aRe, aIm] = [new Float64Array(size), new Float64Array(size)];
    for (let k = 0; k < n; k++) [aRe[k], aIm[k]] = times(re[k], im[k], Math.cos(chirp[k]), -Math.sin(chirp[k]));
    radix2(aRe, aIm);
    // the inverse transform is the conjugate of the transform of the conjugate, over its length
    for (let k = 0; k < size; k++) {
      const [productRe, productIm] = times(aRe[k], aIm[k], kernelRe[k], kernelIm[k]);
      [aRe[k], aIm[k]] = [productRe, -productIm];
    }
    radix2(aRe, aIm);
    const [outRe, outIm] = [new Float64Array(n), new Float64Array(n)];
    for (let k = 0; k < n; k++) {
      [outRe[k], outIm[k]] = times(aRe[k] / size, -aIm[k] / size, Math.cos(chirp[k]), -Math.sin(chirp[k]));
    }
    return [outRe, outIm];
  };
}

/** In-place transform of a power of two (Cooley and Tukey 1965). */
function radix2(re, im) {
  const n = re.length;
  for (let i = 1, j = 0; i < n; i++) {
    let bit = n >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) [re[i], re[j], im[i], im[j]] = [re[j], re[i], im[j], im[i]];
  }
  for (let length = 2; length <= n; length *= 2) {
    const half = length / 2;
    for (let k = 0; k < half; k++) {
      const [cos, sin] = [Math.cos((-2 * Math.PI * k) / length), Math.sin((-2 * Math.PI * k) / length)];
      for (let start = k; start < n; start += length) {
        const other = start + half;
        const [tRe, tIm] = [cos * re[other] - sin * im[other], cos * im[other] + sin * re[other]];
        [re[other], im[other]] = [re[start] - tRe, im[start] - tIm];
        [re[start], im[start]] = [re[start] + tRe, im[start] + tIm];
      }
    }
  }
}

function nearest(one, others) {
  const mean = (a, b, difference) => a.reduce((sum, value, i) => sum + difference(value - b[i]), 0) / a.length;
  const smallest = (distance) => Math.min(...others.map(distance));
  return {
    "signal-to-noise": smallest((other) => Math.abs(other.snr - one.snr)),
    brightness: smallest((other) => mean(other.brightness, one.brightness, Math.abs)),
    spectrum: smallest((other) => Math.sqrt(mean(other.spectrum, one.spectrum, (x) => x * x))),
    shape: smallest((other) => mean(other.shape, one.shape, Math.abs)),
  };
}

function reason(kind, own, seen, ratio) {
  if (kind !== "signal-to-noise") return `its ${WORDS[kind]} lies ${ratio.toFixed(1)} times as far from all training images as those from one another`;
  const ratios = seen.map((one) => 10 ** one.snr);
  const [low, high] = [Math.min(...ratios), Math.max(...ratios)].map((value) => Number(value.toPrecision(3)));
  return `its signal-to-noise ratio is ${Number((10 ** own.snr).toPrecision(3))}, the model was trained on ${low} to ${high}`;
}

function fromText(text) {
  const values = text.split(" ").map(Number);
  return { snr: values[0], brightness: values.slice(1, 11), spectrum: values.slice(11, 23), shape: values.slice(23) };
}
