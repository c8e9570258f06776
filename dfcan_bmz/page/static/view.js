// Two images on one canvas, with a divider between them; zoom, drag, contrast.

const UNCERTAIN = [[0, 0, 4], [87, 16, 110], [188, 55, 84], [249, 142, 9], [252, 255, 164]]; // "inferno" in five steps
const MOST_ZOOM = 32;

/**
 * @param canvas
 * @returns {show, setContrast, setDivider, zoomBy, reset}
 */
export function createView(canvas) {
  const context = canvas.getContext("2d");
  const state = { left: null, right: null, divider: 0.5, zoom: 1, x: 0, y: 0, low: 0, high: 1 };

  function draw() {
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    const ratio = window.devicePixelRatio || 1;
    if (canvas.width !== width * ratio || canvas.height !== height * ratio) [canvas.width, canvas.height] = [width * ratio, height * ratio];
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    if (!state.left || !state.right) return;
    const { size } = state.right;
    const fit = Math.min(width / size.width, height / size.height) * state.zoom;
    const [left, top] = [width / 2 - state.x * size.width * fit - (size.width * fit) / 2, height / 2 - state.y * size.height * fit - (size.height * fit) / 2];
    const border = state.divider * width;
    context.imageSmoothingEnabled = false;
    for (const [layer, from, to] of [[state.left, 0, border], [state.right, border, width]]) {
      context.save();
      context.beginPath();
      context.rect(from, 0, to - from, height);
      context.clip();
      context.drawImage(layer.bitmap, left, top, size.width * fit, size.height * fit);
      context.restore();
    }
    context.fillStyle = "#ffb000";
    context.fillRect(border - 1, 0, 2, height);
  }

  function painted(layer) {
    if (!layer) return null;
    const { data, width, height } = layer.plane;
    const bitmap = layer.bitmap ?? Object.assign(document.createElement("canvas"), { width, height });
    const pixels = new ImageData(width, height);
    const [low, high] = layer.uncertainty ? [0, 0.25] : [state.low, state.high];
    for (let i = 0; i < data.length; i++) {
      const grey = Math.min(1, Math.max(0, (data[i] - low) / Math.max(high - low, 1e-6)));
      const colour = layer.uncertainty ? inferno(grey) : [255 * grey, 255 * grey, 255 * grey];
      pixels.data.set([...colour, 255], 4 * i);
    }
    bitmap.getContext("2d").putImageData(pixels, 0, 0);
    return { ...layer, bitmap, size: { width, height } };
  }

  function update(change) {
    Object.assign(state, change);
    draw();
  }

  function zoomBy(factor) {
    update({ zoom: Math.min(MOST_ZOOM, Math.max(1, state.zoom * factor)) });
    if (state.zoom === 1) update({ x: 0, y: 0 });
  }

  let grabbed = null;
  canvas.addEventListener("pointerdown", (event) => {
    grabbed = [event.clientX, event.clientY];
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointerup", () => (grabbed = null));
  canvas.addEventListener("pointermove", (event) => {
    if (!grabbed || !state.right) return;
    const fit = Math.min(canvas.clientWidth / state.right.size.width, canvas.clientHeight / state.right.size.height) * state.zoom;
    const moved = (delta, size) => delta / (size * fit);
    const clamp = (value) => Math.min(0.5, Math.max(-0.5, value));
    update({
      x: clamp(state.x - moved(event.clientX - grabbed[0], state.right.size.width)),
      y: clamp(state.y - moved(event.clientY - grabbed[1], state.right.size.height)),
    });
    grabbed = [event.clientX, event.clientY];
  });
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    zoomBy(event.deltaY < 0 ? 1.25 : 0.8);
  }, { passive: false });
  canvas.addEventListener("keydown", (event) => {
    const step = 0.05 / state.zoom;
    const clamp = (value) => Math.min(0.5, Math.max(-0.5, value));
    const actions = {
      "+": () => zoomBy(1.25), "=": () => zoomBy(1.25), "-": () => zoomBy(0.8), 0: () => update({ zoom: 1, x: 0, y: 0 }),
      ArrowLeft: () => update({ x: clamp(state.x - step) }), ArrowRight: () => update({ x: clamp(state.x + step) }),
      ArrowUp: () => update({ y: clamp(state.y - step) }), ArrowDown: () => update({ y: clamp(state.y + step) }),
    };
    if (actions[event.key]) {
      event.preventDefault();
      actions[event.key]();
    }
  });
  new ResizeObserver(draw).observe(canvas);

  return {
    show: (left, right) => update({ left: painted(left), right: painted(right) }),
    setContrast: (low, high) => {
      Object.assign(state, { low, high });
      update({ left: painted(state.left), right: painted(state.right) });
    },
    setDivider: (divider) => update({ divider }),
    zoomBy,
    reset: () => update({ zoom: 1, x: 0, y: 0 }),
  };
}

function inferno(value) {
  const place = value * (UNCERTAIN.length - 1);
  const below = Math.min(UNCERTAIN.length - 2, Math.floor(place));
  return UNCERTAIN[below].map((channel, i) => channel + (UNCERTAIN[below + 1][i] - channel) * (place - below));
}
