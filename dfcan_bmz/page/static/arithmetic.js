// The arithmetic of `dfcan-bmz predict`: percentiles, tiles, halo, mirrored borders. A plane is {data, width, height}.

const LOW_PERCENTILE = 0.1;
const HIGH_PERCENTILE = 99.9;
const EPS = 1e-6; // the value that bioimageio.core uses whatever a description says

/** Linear percentiles of numbers, as numpy.percentile has them. */
export function percentiles(data, percents) {
  const sorted = Float64Array.from(data).sort();
  return percents.map((percent) => {
    const place = (percent / 100) * (sorted.length - 1);
    const below = sorted[Math.floor(place)];
    const above = sorted[Math.ceil(place)];
    return below + (above - below) * (place - Math.floor(place));
  });
}

/** Percentiles 0.1 and 99.9 of a plane, in its units. */
export function scalingOf(plane) {
  const [low, high] = percentiles(plane.data, [LOW_PERCENTILE, HIGH_PERCENTILE]);
  return { low, high };
}

/** Map `low` to 0 and `high` to (nearly) 1 without clipping. */
export function normalized(plane, { low, high }) {
  const data = new Float32Array(plane.data.length);
  const span = high - low + EPS;
  for (let i = 0; i < data.length; i++) data[i] = (plane.data[i] - low) / span;
  return { ...plane, data };
}

/** Map 0..1 back to `low`..`high`. */
export function restored(plane, { low, high }) {
  return { ...plane, data: plane.data.map((value) => value * (high - low + EPS) + low) };
}

/** Along one axis: where each tile begins to read (halo included), and which pixels it keeps. */
export function spans(length, tile, halo) {
  const inner = tile - 2 * halo;
  const starts = [];
  for (let start = 0; start < length; start += inner) starts.push(Math.max(0, Math.min(start, length - inner)));
  return starts.map((from, i) => ({ readsFrom: from - halo, from, to: starts[i + 1] ?? length }));
}

/** Index of a pixel beyond the border, mirrored as numpy's mode "symmetric" has it. */
function mirrored(index, length) {
  const within = ((index % (2 * length)) + 2 * length) % (2 * length);
  return within < length ? within : 2 * length - 1 - within;
}

/** The tile that begins at (top, left) of a plane, (tile, tile). */
export function tileAt(plane, top, left, tile) {
  const data = new Float32Array(tile * tile);
  for (let y = 0; y < tile; y++) {
    const row = mirrored(top + y, plane.height) * plane.width;
    for (let x = 0; x < tile; x++) data[y * tile + x] = plane.data[row + mirrored(left + x, plane.width)];
  }
  return data;
}

/** How many tiles a plane takes. */
export function countTiles(plane, { tile, halo }) {
  return spans(plane.height, tile, halo).length * spans(plane.width, tile, halo).length;
}

/**
 * Super-resolve a plane, tile by tile.
 *
 * @param plane LR plane in any units.
 * @param model {tile, halo, scale}, in LR pixels.
 * @param network (Float32Array of tile x tile) => Promise of Float32Array of (scale tile) x (scale tile).
 * @param onTile called after each tile; what it throws ends the prediction.
 * @returns plane of scale times the sides, in [0, 1].
 */
export async function predictPlane(plane, model, network, onTile = () => {}) {
  const { tile, halo, scale: s } = model;
  const unit = normalized(plane, scalingOf(plane));
  const width = s * plane.width;
  const data = new Float32Array(width * s * plane.height);
  for (const y of spans(plane.height, tile, halo)) {
    for (const x of spans(plane.width, tile, halo)) {
      const predicted = await network(tileAt(unit, y.readsFrom, x.readsFrom, tile));
      for (let row = s * y.from; row < s * y.to; row++) {
        const source = (row - s * y.readsFrom) * s * tile - s * x.readsFrom;
        for (let column = s * x.from; column < s * x.to; column++) {
          data[row * width + column] = Math.min(1, Math.max(0, predicted[source + column]));
        }
      }
      onTile();
    }
  }
  return { data, width, height: s * plane.height };
}

/** A plane turned by 90 degrees, counter-clockwise as numpy.rot90. */
export function turned(plane) {
  const { data, width, height } = plane;
  const result = new data.constructor(data.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) result[(width - 1 - x) * height + y] = data[y * width + x];
  }
  return { data: result, width: height, height: width };
}

/** A plane mirrored left to right. */
export function flipped(plane) {
  const { data, width, height } = plane;
  const result = new data.constructor(data.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) result[y * width + width - 1 - x] = data[y * width + x];
  }
  return { ...plane, data: result };
}

/** The prediction of a plane, and the standard deviation of those of its eight orientations, each turned back. */
export async function overOrientations(plane, predict) {
  const predictions = [];
  let current = plane;
  for (let turns = 0; turns < 4; turns++) {
    for (const flip of [false, true]) {
      let predicted = await predict(flip ? flipped(current) : current);
      if (flip) predicted = flipped(predicted);
      for (let back = 0; back < (4 - turns) % 4; back++) predicted = turned(predicted);
      predictions.push(predicted);
    }
    current = turned(current);
  }
  const spread = new Float32Array(predictions[0].data.length);
  for (let i = 0; i < spread.length; i++) {
    const mean = predictions.reduce((sum, { data }) => sum + data[i], 0) / 8;
    spread[i] = Math.sqrt(predictions.reduce((sum, { data }) => sum + (data[i] - mean) ** 2, 0) / 8);
  }
  return { prediction: predictions[0], spread: { ...predictions[0], data: spread } };
}

/** Enlarge by cubic convolution (Keys 1981, a = -0.5), pixel areas aligned, borders as Pillow has them. */
export function bicubic(plane, scale) {
  return turnedThrice(enlargedRows(turned(enlargedRows(plane, scale)), scale));
}

function turnedThrice(plane) {
  return turned(turned(turned(plane)));
}

function cubic(distance) {
  const x = Math.abs(distance);
  if (x < 1) return 1.5 * x ** 3 - 2.5 * x ** 2 + 1;
  return x < 2 ? -0.5 * x ** 3 + 2.5 * x ** 2 - 4 * x + 2 : 0;
}

function enlargedRows({ data, width, height }, scale) {
  const columns = Array.from({ length: scale * width }, (_, column) => {
    const centre = (column + 0.5) / scale;
    const from = Math.max(0, Math.trunc(centre - 2 + 0.5));
    const to = Math.min(width, Math.trunc(centre + 2 + 0.5));
    const weights = [];
    for (let x = from; x < to; x++) weights.push(cubic(x + 0.5 - centre));
    const sum = weights.reduce((total, weight) => total + weight, 0);
    return { from, weights: weights.map((weight) => weight / sum) };
  });
  const result = new Float32Array(scale * width * height);
  for (let y = 0; y < height; y++) {
    columns.forEach(({ from, weights }, column) => {
      let value = 0;
      for (let i = 0; i < weights.length; i++) value += weights[i] * data[y * width + from + i];
      result[y * scale * width + column] = value;
    });
  }
  return { data: result, width: scale * width, height };
}
