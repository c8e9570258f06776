// A stack of float32 planes to a TIFF that Fiji opens with its calibration.

const SHORT = 3, LONG = 4, ASCII = 2, RATIONAL = 5, BYTE = 1;
const SIZES = { [BYTE]: 1, [ASCII]: 1, [SHORT]: 2, [LONG]: 4, [RATIONAL]: 8 };

/**
 * @param planes [{data: Float32Array, width, height}], all of one size.
 * @param calibration {pixelUm: {x, y} | null, stepUm: number | null, axis: "slices" | "frames" | "images" | ""}.
 * @param info text that Fiji shows under Image > Show Info.
 * @returns {Blob}
 */
export function tiffOf(planes, { pixelUm, stepUm, axis }, info) {
  const { width, height } = planes[0];
  const description = imagejDescription(planes.length, { pixelUm, stepUm, axis });
  const metadata = imagejMetadata(info);
  const pageTags = (index) => [
    [256, LONG, [width]],
    [257, LONG, [height]],
    [258, SHORT, [32]],
    [259, SHORT, [1]],
    [262, SHORT, [1]],
    ...(index === 0 ? [[270, ASCII, [...new TextEncoder().encode(description), 0]]] : []),
    [273, LONG, [0]], // replaced when the place of the pixels is known
    [277, SHORT, [1]],
    [278, LONG, [height]],
    [279, LONG, [4 * width * height]],
    ...(pixelUm ? [[282, RATIONAL, [rational(1 / pixelUm.x)]], [283, RATIONAL, [rational(1 / pixelUm.y)]], [296, SHORT, [1]]] : []),
    [339, SHORT, [3]],
    ...(index === 0 ? [[50838, LONG, metadata.counts], [50839, BYTE, metadata.bytes]] : []),
  ];
  const pages = planes.map((_, index) => pageTags(index));
  const headerSize = pages.reduce((total, tags) => total + directorySize(tags), 8);
  const header = new DataView(new ArrayBuffer(headerSize));
  header.setUint16(0, 0x4949);
  header.setUint16(2, 42, true);
  header.setUint32(4, 8, true);
  let place = 8;
  pages.forEach((tags, index) => {
    tags.find(([tag]) => tag === 273)[2] = [headerSize + index * 4 * width * height];
    const next = place + directorySize(tags);
    writeDirectory(header, place, tags, index + 1 < pages.length ? next : 0);
    place = next;
  });
  return new Blob([header.buffer, ...planes.map(({ data }) => littleEndian(data))], { type: "image/tiff" });
}

function imagejDescription(count, { pixelUm, stepUm, axis }) {
  const lines = ["ImageJ=1.54f", `images=${count}`];
  if (count > 1) lines.push(axis === "frames" ? `frames=${count}` : `slices=${count}`);
  if (pixelUm) lines.push("unit=micron");
  if (pixelUm && stepUm && count > 1) lines.push(`spacing=${stepUm}`);
  return [...lines, "loop=false", "min=0.0", "max=1.0", ""].join("\n");
}

/** ImageJ's private tags 50838 and 50839 with one text, its "Info" property. */
function imagejMetadata(info) {
  const bytes = new DataView(new ArrayBuffer(12 + 2 * info.length));
  [..."IJIJ"].reverse().forEach((letter, i) => bytes.setUint8(i, letter.charCodeAt(0)));
  [..."info"].reverse().forEach((letter, i) => bytes.setUint8(4 + i, letter.charCodeAt(0)));
  bytes.setUint32(8, 1, true);
  for (let i = 0; i < info.length; i++) bytes.setUint16(12 + 2 * i, info.charCodeAt(i), true);
  return { counts: [12, 2 * info.length], bytes: [...new Uint8Array(bytes.buffer)] };
}

function rational(value) {
  return [Math.round(value * 1e6), 1e6];
}

function directorySize(tags) {
  return 2 + 12 * tags.length + 4 + tags.reduce((total, tag) => total + outside(tag), 0);
}

/** Bytes of a tag's values that do not fit into its entry, padded to whole words. */
function outside([, type, values]) {
  const size = SIZES[type] * values.length;
  return size > 4 ? size + (size % 2) : 0;
}

function writeDirectory(view, start, tags, next) {
  view.setUint16(start, tags.length, true);
  let place = start + 2 + 12 * tags.length + 4;
  tags.forEach(([tag, type, values], index) => {
    const entry = start + 2 + 12 * index;
    view.setUint16(entry, tag, true);
    view.setUint16(entry + 2, type, true);
    view.setUint32(entry + 4, values.length, true);
    const inside = outside([tag, type, values]) === 0;
    writeValues(view, inside ? entry + 8 : place, type, values);
    if (!inside) {
      view.setUint32(entry + 8, place, true);
      place += outside([tag, type, values]);
    }
  });
  view.setUint32(start + 2 + 12 * tags.length, next, true);
}

function writeValues(view, start, type, values) {
  values.forEach((value, i) => {
    const at = start + i * SIZES[type];
    if (type === SHORT) view.setUint16(at, value, true);
    else if (type === LONG) view.setUint32(at, value, true);
    else if (type === RATIONAL) value.forEach((part, k) => view.setUint32(at + 4 * k, part, true));
    else view.setUint8(at, value);
  });
}

function littleEndian(data) {
  const view = new DataView(new ArrayBuffer(4 * data.length));
  data.forEach((value, i) => view.setFloat32(4 * i, value, true));
  return view.buffer;
}
