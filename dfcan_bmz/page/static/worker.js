// The network, in a thread of its own: the page stays awake while it computes.

import { countTiles, overOrientations, predictPlane } from "./arithmetic.js";
import { readNpy } from "./npy.js";

const AGREES = 1e-3; // largest difference from the model's own test output that a processor's rounding explains
const MOST_THREADS = 8;

let opened = null; // {id, network, provider, difference}

self.onmessage = async ({ data: message }) => {
  try {
    if (opened?.id !== message.model.id) opened = await open(message.model, message.runtime);
    self.postMessage({ type: "opened", provider: opened.provider, difference: opened.difference });
    self.postMessage({ type: "result", ...(await predict(message)) });
  } catch (error) {
    self.postMessage({ type: "error", message: error.message });
  }
};

/** Load a model where the browser computes fastest, and hold it against its own test tensors. */
async function open(model, runtime) {
  const weights = new Uint8Array(await (await fetched(model.weights)).arrayBuffer());
  const failures = [];
  for (const provider of self.navigator.gpu ? ["webgpu", "wasm"] : ["wasm"]) {
    try {
      const network = await networkOf(weights, provider, runtime);
      const difference = await differenceFromTest(model, network);
      if (difference <= AGREES) return { id: model.id, network, provider, difference };
      failures.push(`${provider} differs from the model's test output by ${difference.toPrecision(2)}`);
    } catch (error) {
      failures.push(`${provider}: ${error.message}`);
    }
  }
  throw new Error(`This browser cannot run the model (${failures.join("; ")}): try another browser, or dfcan-bmz predict`);
}

async function networkOf(weights, provider, runtime) {
  const ort = await import(`${runtime}${provider === "webgpu" ? "ort.webgpu.min.mjs" : "ort.wasm.min.mjs"}`);
  ort.env.wasm.wasmPaths = runtime;
  ort.env.wasm.numThreads = self.crossOriginIsolated ? Math.min(self.navigator.hardwareConcurrency || 1, MOST_THREADS) : 1;
  const session = await ort.InferenceSession.create(weights, { executionProviders: [provider], graphOptimizationLevel: "all" });
  const [input, output] = [session.inputNames[0], session.outputNames[0]];
  return async (tile) => {
    const side = Math.sqrt(tile.length);
    const results = await session.run({ [input]: new ort.Tensor("float32", tile, [1, side, side, 1]) });
    const data = await results[output].getData();
    results[output].dispose();
    return data;
  };
}

async function differenceFromTest(model, network) {
  const [input, expected] = await Promise.all(
    [model.test_input, model.test_output].map(async (path) => readNpy(await (await fetched(path)).arrayBuffer())),
  );
  const side = input.shape[1];
  const plane = { data: input.data, width: side, height: side };
  const { data } = await predictPlane(plane, { tile: side, halo: 0, scale: model.scale }, network);
  return data.reduce((largest, value, i) => Math.max(largest, Math.abs(value - expected.data[i])), 0);
}

async function predict({ model, planes, uncertainty }) {
  const orientations = uncertainty ? 8 : 1;
  const total = orientations * planes.reduce((sum, plane) => sum + countTiles(plane, model), 0);
  let done = 0;
  const onTile = () => {
    done += 1;
    self.postMessage({ type: "progress", done, total });
  };
  const one = (plane) => predictPlane(plane, model, opened.network, onTile);
  const predictions = [];
  const spreads = [];
  for (const plane of planes) {
    if (uncertainty) {
      const { spread, prediction } = await overOrientations(plane, one);
      predictions.push(prediction);
      spreads.push(spread);
    } else {
      predictions.push(await one(plane));
    }
  }
  return { predictions, spreads };
}

async function fetched(path) {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path} is missing from this site (${response.status}): write the page again`);
  return response;
}
