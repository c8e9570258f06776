// A static server for a site, and a browser on it that notes every request and every message of the page.

import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { chromium } from "playwright-core";

const TYPES = { ".html": "text/html", ".js": "text/javascript", ".mjs": "text/javascript", ".css": "text/css", ".json": "application/json", ".wasm": "application/wasm", ".png": "image/png" };
const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

/** {page, requests, problems, close}; `fetched` answers requests to other hosts by a folder of files. */
export async function visit(site, { executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium", fetched = null, ...options } = {}) {
  const server = createServer(async (request, response) => {
    const path = new URL(request.url, "http://localhost").pathname.replace(/\/$/, "/index.html");
    try {
      const body = await readFile(join(site, decodeURIComponent(path)));
      response.writeHead(200, { "Content-Type": TYPES[extname(path)] ?? "application/octet-stream" }).end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = `http://localhost:${server.address().port}/`;
  const browser = await chromium.launch({ executablePath, args: FLAGS });
  const context = await browser.newContext({ acceptDownloads: true, ...options });
  const [requests, problems] = [[], []];
  context.on("request", (request) => requests.push(request.url()));
  context.on("weberror", (error) => problems.push(String(error.error())));
  if (fetched) {
    await context.route((url) => url.host !== new URL(address).host, async (route) => {
      const name = new URL(route.request().url()).pathname.split("/").at(-1);
      const headers = { "Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin", "Content-Type": TYPES[extname(name)] };
      await route.fulfill({ body: await readFile(join(fetched, name)), headers });
    });
  }
  const page = await context.newPage();
  page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
  await page.goto(address);
  await page.waitForFunction(() => document.querySelector("#card p"));
  const close = async () => {
    await browser.close();
    server.close();
  };
  return { page, address, requests, problems, close };
}
