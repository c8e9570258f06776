// A file to planes of intensities and their calibration.

import { decodePng, fromArrayBuffer } from "./vendor/readers.js";

const MAX_PIXELS = 2 ** 26; // a plane of 8192 x 8192; its prediction at x4 alone would take 4 GB
const MAX_BYTES = 1e9;
const UNIT_UM = { nm: 1e-3, nanometer: 1e-3, um: 1, "\u00b5m": 1, "\u03bcm": 1, micron: 1, micrometer: 1, mm: 1e3, cm: 1e4, inch: 25400 };
const CENTIMETRES = 3; // of the tag ResolutionUnit; inches are what programs write that know no pixel size

/** What is wrong with a file, in words for its owner. */
export class ImageError extends Error {}

/**
 * Read a TIFF or PNG file.
 *
 * @param {File} file
 * @returns {name, planes: [{data, width, height}], pixelUm: {x, y} | null, stepUm: number | null, axis: string, notes: [string]}
 */
export async function readImage(file) {
  if (file.size > MAX_BYTES) {
    throw new ImageError(`${file.name} has ${(file.size / 1e9).toFixed(1)} GB, too much for a browser: take a part of it, or use dfcan-bmz predict or Fiji`);
  }
  const head = new Uint8Array(await file.slice(0, 8).arrayBuffer());
  const magic = String.fromCharCode(...head.slice(0, 4));
  if (["II*\0", "MM\0*", "II+\0", "MM\0+"].includes(magic)) return readTiff(file);
  if (head[0] === 0x89 && magic.slice(1) === "PNG") return readPng(file);
  throw new ImageError(`${file.name} is neither a TIFF nor a PNG file: save it from Fiji with File > Save As > Tiff`);
}

async function readPng(file) {
  let png;
  try {
    png = decodePng(new Uint8Array(await file.arrayBuffer()));
  } catch (error) {
    throw new ImageError(`${file.name} cannot be read (${error.message}): is it complete?`);
  }
  refuseSize(file.name, png.width, png.height);
  const data = png.palette ? grayOfPalette(file.name, png) : grayOfChannels(file.name, png.data, png.channels);
  return { name: file.name, planes: [{ data, width: png.width, height: png.height }], pixelUm: null, stepUm: null, axis: "", notes: [] };
}

function grayOfPalette(name, png) {
  if (png.palette.some(([r, g, b]) => r !== g || g !== b)) throw colour(name);
  const indices = unpacked(png);
  return Float64Array.from(indices, (index) => png.palette[index][0]);
}

function unpacked({ data, width, height, depth }) {
  if (depth >= 8) return data;
  const rowBytes = Math.ceil((width * depth) / 8);
  const perByte = 8 / depth;
  return Uint8Array.from({ length: width * height }, (_, i) => {
    const [y, x] = [Math.floor(i / width), i % width];
    const byte = data[y * rowBytes + Math.floor(x / perByte)];
    return (byte >> (8 - depth * ((x % perByte) + 1))) & (2 ** depth - 1);
  });
}

/** The one channel of grey pixels, alpha dropped; colours are refused. */
function grayOfChannels(name, data, channels) {
  if (channels === 1) return data;
  const colours = channels < 3 ? 1 : 3;
  const result = new data.constructor(data.length / channels);
  for (let i = 0; i < result.length; i++) {
    result[i] = data[i * channels];
    for (let c = 1; c < colours; c++) if (data[i * channels + c] !== result[i]) throw colour(name);
  }
  return result;
}

function colour(name) {
  return new ImageError(`${name} is a colour image, and the network wants intensities: split its channels (Fiji: Image > Color > Split Channels) and take one`);
}

function refuseSize(name, width, height) {
  if (width * height > MAX_PIXELS) {
    throw new ImageError(`${name} has ${width} x ${height} pixels, too many for a browser: crop it, or use dfcan-bmz predict or Fiji`);
  }
  if (Math.min(width, height) < 4) {
    throw new ImageError(`${name} has ${width} x ${height} pixels, too few to predict anything from: take a larger part of the image`);
  }
}

async function readTiff(file) {
  try {
    const tiff = await fromArrayBuffer(await file.arrayBuffer());
    const count = await tiff.getImageCount();
    const pages = [];
    for (let index = 0; index < count; index++) pages.push(await tiff.getImage(index));
    return await imageOfPages(file.name, pages);
  } catch (error) {
    if (error instanceof ImageError) throw error;
    throw new ImageError(`${file.name} cannot be read (${error.message}): open it in Fiji and save it as TIFF`);
  }
}

async function imageOfPages(name, pages) {
  const first = pages[0];
  const same = pages.filter((page) => page.getWidth() === first.getWidth() && page.getHeight() === first.getHeight());
  const notes = same.length < pages.length ? [`${pages.length - same.length} pages of another size are left out (a preview or a pyramid)`] : [];
  refuseSize(name, first.getWidth(), first.getHeight());
  const description = String((await first.fileDirectory.loadValue("ImageDescription")) ?? "");
  const text = imagejText(description);
  const channels = Number(text.channels ?? description.match(/SizeC="(\d+)"/)?.[1] ?? 1);
  if (channels > 1) {
    throw new ImageError(`${name} has ${channels} channels, and the network takes one: split them (Fiji: Image > Color > Split Channels)`);
  }
  const planes = [];
  for (const page of same) planes.push(await planeOf(name, page, text));
  const axis = Number(text.slices ?? 1) > 1 ? "slices" : Number(text.frames ?? 1) > 1 ? "frames" : "images";
  return { name, planes, axis, notes, ...(await calibration(first, description, text)) };
}

/** Intensities of a page: stored numbers by photometric interpretation, palette and ImageJ's value calibration. */
async function planeOf(name, page, text) {
  const [width, height] = [page.getWidth(), page.getHeight()];
  const photometric = page.fileDirectory.getValue("PhotometricInterpretation");
  const samples = page.getSamplesPerPixel();
  const raster = await page.readRasters({ interleave: true });
  let data = grayOfChannels(name, raster, samples);
  if (photometric === 0) {
    const white = 2 ** page.getBitsPerSample() - 1;
    if (page.getSampleFormat() === 1) data = Float64Array.from(data, (value) => white - value);
  } else if (photometric === 3) {
    data = throughColorMap(name, data, await page.fileDirectory.loadValue("ColorMap"));
  } else if (![1, 2].includes(photometric)) {
    throw colour(name);
  }
  if (text.cf === "0" && text.c0 !== undefined && text.c1 !== undefined) {
    const [c0, c1] = [Number(text.c0), Number(text.c1)];
    if (Number.isFinite(c0) && Number.isFinite(c1) && c1 !== 0) data = Float64Array.from(data, (value) => c0 + c1 * value);
  }
  return { data, width, height };
}

function throughColorMap(name, data, map) {
  const size = map.length / 3;
  for (let i = 0; i < size; i++) if (map[i] !== map[size + i] || map[i] !== map[2 * size + i]) throw colour(name);
  return Float64Array.from(data, (index) => map[index]);
}

/** key=value lines of ImageJ's description; empty for files of others. */
function imagejText(description) {
  if (!description.startsWith("ImageJ=")) return {};
  return Object.fromEntries(description.split("\n").filter((line) => line.includes("=")).map((line) => line.split(/=(.*)/s).slice(0, 2)));
}

async function calibration(page, description, text) {
  if (description.includes("<OME")) return omeCalibration(description);
  const unit = text.unit ? UNIT_UM[text.unit.replace("\\u00B5", "\u00b5").toLowerCase()] : centimetres(page);
  const per = async (tag) => {
    const value = await page.fileDirectory.loadValue(tag);
    return value && value.length === 2 ? value[0] / value[1] : NaN;
  };
  const [x, y] = [unit / (await per("XResolution")), unit / (await per("YResolution"))];
  const known = [x, y].every((size) => Number.isFinite(size) && size > 0);
  const step = Number(text.spacing) * unit;
  return { pixelUm: known ? { x, y } : null, stepUm: known && Number.isFinite(step) && step > 0 ? step : null };
}

function centimetres(page) {
  return page.fileDirectory.getValue("ResolutionUnit") === CENTIMETRES ? UNIT_UM.cm : NaN;
}

function omeCalibration(description) {
  const size = (axis) => {
    const value = Number(description.match(new RegExp(`PhysicalSize${axis}="([^"]+)"`))?.[1]);
    const unit = description.match(new RegExp(`PhysicalSize${axis}Unit="([^"]+)"`))?.[1] ?? "um";
    return value > 0 ? value * (UNIT_UM[unit.toLowerCase()] ?? NaN) : NaN;
  };
  const [x, y, z] = [size("X"), size("Y"), size("Z")];
  return { pixelUm: x > 0 && y > 0 ? { x, y } : null, stepUm: z > 0 ? z : null };
}
