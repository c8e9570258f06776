// The page: what a visitor does, and what they see of it.

import { bicubic, normalized, restored, scalingOf } from "./arithmetic.js";
import { outsideDomain } from "./domain.js";
import { ImageError, readImage } from "./read.js";
import { createView } from "./view.js";
import { tiffOf } from "./write.js";

const NAMES = { input: "Image, as it is", bicubic: "Bicubic interpolation", prediction: "Prediction", uncertainty: "Uncertainty" };
const at = (id) => document.getElementById(id);
const runtime = new URL(document.body.dataset.runtime, location.href).href;
const view = createView(at("view"));

let models = [];
let model = null;
let image = null; // what readImage returned
let results = new Map(); // number of a plane to {prediction, spread}
let worker = null;
let busy = false;

await threads();
await start();

/** Threads need two headers; where the host does not send them, a service worker does, from the next loading on. */
async function threads() {
  if (self.crossOriginIsolated || !("serviceWorker" in navigator) || !self.isSecureContext) return;
  const registered = await navigator.serviceWorker.register("sw.js").catch(() => null);
  if (!registered || sessionStorage.getItem("reloaded")) return;
  await navigator.serviceWorker.ready;
  sessionStorage.setItem("reloaded", "yes");
  location.reload();
  await new Promise(() => {}); // nothing more in this loading
}

async function start() {
  models = await (await fetch("models.json")).json();
  at("model").replaceChildren(...models.map(({ id, name }) => new Option(name, id)));
  at("model").addEventListener("change", chooseModel);
  at("file").addEventListener("change", () => at("file").files[0] && openFile(at("file").files[0]));
  at("sample").addEventListener("click", openSample);
  at("plane").addEventListener("input", showPlane);
  at("predict").addEventListener("click", () => predict([planeNumber()], false));
  at("predict-all").addEventListener("click", () => predict([...image.planes.keys()], false));
  at("uncertainty").addEventListener("click", () => predict([planeNumber()], true));
  at("cancel").addEventListener("click", cancel);
  for (const id of ["left", "right"]) at(id).addEventListener("change", showResult);
  for (const id of ["low", "high"]) at(id).addEventListener("input", contrast);
  at("divider").addEventListener("input", () => view.setDivider(at("divider").value / 100));
  at("zoom-in").addEventListener("click", () => view.zoomBy(1.5));
  at("zoom-out").addEventListener("click", () => view.zoomBy(1 / 1.5));
  at("zoom-reset").addEventListener("click", view.reset);
  at("keep").addEventListener("change", offerDownload);
  const drop = at("drop");
  drop.addEventListener("dragover", (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
  drop.addEventListener("dragleave", () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    if (event.dataTransfer.files[0]) openFile(event.dataTransfer.files[0]);
  });
  chooseModel();
}

function chooseModel() {
  model = models.find(({ id }) => id === at("model").value);
  const cover = Object.assign(new Image(), { src: model.cover, alt: `Example of ${model.name}` });
  const sizes = `${model.scale} times as many pixels a side; ${(model.bytes / 1e6).toFixed(1)} MB; ${model.license}`;
  at("card").replaceChildren(cover, paragraph(model.description), paragraph(sizes, "faint"), paragraph(`${model.authors.join(", ")}. ${model.cite.join(" ")}`, "faint"));
  at("keep-note").textContent = model.target === "own" ? "(approximate for this model)" : "";
  forgetResults();
  if (image) describeImage();
}

function paragraph(text, kind = "") {
  return Object.assign(document.createElement("p"), { textContent: text, className: kind });
}

async function openSample() {
  const blob = await (await fetch(model.sample)).blob();
  await openFile(new File([blob], `sample of ${model.id}.tif`));
}

async function openFile(file) {
  if (busy) return say("Cancel the running prediction first.");
  forgetResults();
  image = null;
  enable();
  at("about").replaceChildren(`Reading ${file.name} ...`);
  try {
    const read = await readImage(file);
    refuseUnpredictable(read);
    image = read;
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
    at("about").replaceChildren(paragraph(error.message, "warning"));
    return undefined;
  }
  at("planes").hidden = image.planes.length === 1;
  Object.assign(at("plane"), { max: image.planes.length, value: 1 });
  describeImage();
  return showPlane();
}

function refuseUnpredictable({ name, planes }) {
  const usable = planes.some(({ data }) => {
    const { low, high } = scalingOf({ data });
    return low < high && data.every(Number.isFinite);
  });
  if (!usable) throw new ImageError(`${name} is constant or has pixels that are no numbers: there is nothing to predict`);
}

function describeImage() {
  const { planes, pixelUm, name, notes } = image;
  const [{ width, height }] = planes;
  const pixels = pixelUm ? `, ${Number((1000 * pixelUm.x).toPrecision(4))} nm a pixel` : ", pixel size unknown";
  const lines = [paragraph(`${name}: ${width} x ${height} pixels${planes.length > 1 ? `, ${planes.length} planes` : ""}${pixels}.`)];
  lines.push(...notes.map((note) => paragraph(note, "faint")));
  if (Math.min(width, height) < model.tile / 2) lines.push(paragraph(`It is smaller than half a tile of the network (${model.tile} px): there is little to predict from.`, "warning"));
  const reasons = outsideDomain(planes[planeNumber()], pixelUm ? 1000 * pixelUm.x : null, model.domain);
  if (reasons.length) lines.push(paragraph(`Unlike what the model was trained on: ${reasons.join("; ")}. Do not trust its prediction without a measurement.`, "warning"));
  at("about").replaceChildren(...lines);
  enable();
}

function planeNumber() {
  return Number(at("plane").value) - 1;
}

function showPlane() {
  at("plane-number").textContent = `${planeNumber() + 1} of ${image.planes.length}`;
  showResult();
}

function enable() {
  at("predict").disabled = at("uncertainty").disabled = busy || !image;
  at("predict-all").hidden = busy || !image || image.planes.length === 1;
  at("cancel").hidden = !busy;
  at("progress").hidden = !busy;
  at("model").disabled = busy;
}

function say(text, kind = "") {
  at("message").className = kind;
  at("message").textContent = text;
}

function predict(numbers, uncertainty) {
  const flat = (number) => {
    const { low, high } = scalingOf(image.planes[number]);
    return low === high || !image.planes[number].data.every(Number.isFinite);
  };
  const usable = numbers.filter((number) => !flat(number));
  if (!usable.length) return say(`Plane ${numbers[0] + 1} is constant or has pixels that are no numbers: choose another one.`, "warning");
  worker ??= new Worker("worker.js", { type: "module" });
  const begun = { at: performance.now(), first: null };
  worker.onmessage = ({ data: message }) => ({
    opened: () => say(`Runs by ${message.provider === "webgpu" ? "WebGPU" : "WebAssembly"}, ${message.difference.toPrecision(1)} from the model's own test output.`),
    progress: () => progress(message, begun),
    result: () => finish(usable, message, numbers.length - usable.length, begun),
    error: () => fail(message.message),
  })[message.type]();
  worker.onerror = (event) => fail(`The network stopped (${event.message || "out of memory?"}): try a smaller part of the image.`);
  busy = true;
  at("progress").removeAttribute("value");
  say("Loading the model ...");
  enable();
  worker.postMessage({ model: absolute(model), runtime, planes: usable.map((number) => image.planes[number]), uncertainty });
  return undefined;
}

function absolute(entry) {
  const full = (path) => new URL(path, location.href).href;
  return { ...entry, weights: full(entry.weights), test_input: full(entry.test_input), test_output: full(entry.test_output) };
}

function progress({ done, total }, begun) {
  begun.first ??= { at: performance.now(), done };
  at("progress").value = done / total;
  const seconds = ((performance.now() - begun.first.at) / 1000 / Math.max(1, done - begun.first.done)) * (total - done);
  const left = done - begun.first.done >= 2 ? `, ${seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} min`} left` : "";
  say(`Tile ${done} of ${total}${left}`);
}

function finish(numbers, { predictions, spreads }, left, begun) {
  numbers.forEach((number, i) => results.set(number, { prediction: predictions[i], spread: spreads[i] ?? results.get(number)?.spread }));
  const seconds = ((performance.now() - begun.at) / 1000).toFixed(1);
  stop(`Done in ${seconds} s${left ? `; ${left} planes are constant or hold pixels that are no numbers, and are left out` : ""}.`);
  showResult();
}

function stop(text, kind = "") {
  busy = false;
  say(text, kind);
  enable();
}

function cancel() {
  endWorker();
  stop("Cancelled.");
}

function fail(text) {
  endWorker();
  stop(text, "warning");
}

/** The thread answers nothing while it computes: the next prediction begins with a new one. */
function endWorker() {
  worker?.terminate();
  worker = null;
}

function forgetResults() {
  results = new Map();
  at("result").hidden = true;
  say("");
}

function showResult() {
  const result = image && results.get(planeNumber());
  at("result").hidden = !result;
  if (!result) return;
  const kinds = result.spread ? Object.keys(NAMES) : Object.keys(NAMES).filter((kind) => kind !== "uncertainty");
  for (const [id, preferred] of [["left", "bicubic"], ["right", "prediction"]]) {
    const before = at(id).value;
    at(id).replaceChildren(...kinds.map((kind) => new Option(NAMES[kind], kind)));
    at(id).value = kinds.includes(before) ? before : preferred;
  }
  view.show(layer(at("left").value), layer(at("right").value));
  at("legend").textContent = [at("left").value, at("right").value].includes("uncertainty")
    ? "Uncertainty: standard deviation between the eight orientations of the image; black 0, yellow 0.25 of the range. Where it is high, the network invents; where it is low, it may still be wrong."
    : "";
  offerDownload();
}

function layer(kind) {
  const plane = image.planes[planeNumber()];
  const { prediction, spread } = results.get(planeNumber());
  if (kind === "prediction") return { plane: prediction };
  if (kind === "uncertainty") return { plane: spread, uncertainty: true };
  const unit = normalized(plane, scalingOf(plane));
  return { plane: kind === "bicubic" ? bicubic(unit, model.scale) : repeated(unit, model.scale) };
}

function repeated({ data, width, height }, scale) {
  const result = new Float32Array(data.length * scale * scale);
  for (let i = 0; i < result.length; i++) {
    const [y, x] = [Math.floor(i / (width * scale)), i % (width * scale)];
    result[i] = data[Math.floor(y / scale) * width + Math.floor(x / scale)];
  }
  return { data: result, width: width * scale, height: height * scale };
}

function contrast() {
  view.setContrast(at("low").value / 100, at("high").value / 100);
}

function offerDownload() {
  const numbers = [...results.keys()].sort((a, b) => a - b);
  const keep = at("keep").checked;
  const scalings = numbers.map((number) => scalingOf(image.planes[number]));
  const planes = numbers.map((number, i) => (keep ? restored(results.get(number).prediction, scalings[i]) : results.get(number).prediction));
  const { pixelUm, stepUm, axis } = image;
  const finer = pixelUm && { x: pixelUm.x / model.scale, y: pixelUm.y / model.scale };
  const meaning = keep ? `the input's${model.target === "own" ? ", approximate: the targets of the training had units of their own" : ""}` : "0..1 between the percentiles 0.1 and 99.9 of a plane";
  const info = [
    `Predicted, not measured: super-resolved x${model.scale} in a browser by a page of dfcan-bmz`,
    `Model: ${model.name}, sha256 ${model.sha256}`,
    `Intensities: ${meaning}`,
    `Source: ${image.name}${image.planes.length > 1 ? `, planes ${numbers.map((number) => number + 1).join(", ")}` : ""}`,
    `Percentiles 0.1 and 99.9 of its planes: ${scalings.map(({ low, high }) => `${Number(low.toPrecision(6))} to ${Number(high.toPrecision(6))}`).join("; ")}`,
  ];
  URL.revokeObjectURL(at("download").href);
  at("download").href = URL.createObjectURL(tiffOf(planes, { pixelUm: finer, stepUm, axis }, info.join("\n")));
  at("download").download = `${image.name.replace(/\.[^.]+$/, "")}_predicted.tif`;
}
