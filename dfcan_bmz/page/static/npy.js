// Arrays in NumPy's own format: float32, little-endian, in C order, which is what bundles hold.

/** {shape, data: Float32Array} */
export function readNpy(buffer) {
  const view = new DataView(buffer);
  const long = view.getUint8(6) > 1;
  const length = long ? view.getUint32(8, true) : view.getUint16(8, true);
  const start = long ? 12 : 10;
  const header = new TextDecoder("latin1").decode(new Uint8Array(buffer, start, length));
  if (!header.includes("'<f4'") || header.includes("'fortran_order': True")) throw new Error(`unexpected array: ${header.trim()}`);
  const shape = header.match(/'shape': \(([^)]*)\)/)[1].split(",").filter((size) => size.trim()).map(Number);
  return { shape, data: new Float32Array(buffer.slice(start + length)) };
}
