// A real VS Code (code-server) in a real browser (Chromium), driven by keyboard.
import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";

const PATIENCE_MS = 30_000;
const BROWSER = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"];
const SETTINGS = {
  "workbench.startupEditor": "none",
  "workbench.tips.enabled": false,
  "telemetry.telemetryLevel": "off",
  "editor.minimap.enabled": false,
  "chat.commandCenter.enabled": false,
  "workbench.secondarySideBar.defaultVisibility": "hidden",
  "workbench.colorTheme": "Default Light Modern",
  "window.commandCenter": false,
  "security.workspace.trust.enabled": false,
  "terminal.integrated.gpuAcceleration": "off",
  "opensession.trace": "messages",
};

export class Editor {
  static async start({ parts, chromium, vsix, home, pictures, playwright, settings = {}, size = { width: 1280, height: 800 } }) {
    const port = await freePort();
    const [data, extensions] = [join(home.root, "code-data"), join(home.root, "code-extensions")];
    mkdirSync(join(data, "User"), { recursive: true });
    const terminal = { "terminal.integrated.env.linux": { PATH: home.env.PATH } };
    writeFileSync(join(data, "User/settings.json"), JSON.stringify({ ...SETTINGS, ...terminal, ...settings }));
    const config = join(home.root, "code-server.yaml");
    writeFileSync(config, "");
    const server = (...words) =>
      spawn(parts.node, [parts.codeServer, "--config", config, "--user-data-dir", data, "--extensions-dir", extensions, ...words], {
        env: home.env,
        stdio: ["ignore", "pipe", "pipe"],
      });
    await ended(server("--install-extension", vsix));
    const flags = ["--disable-telemetry", "--disable-update-check", "--disable-workspace-trust", "--disable-getting-started-override"];
    const process = server("--bind-addr", `127.0.0.1:${port}`, "--auth", "none", ...flags, home.app);
    await said(process, "HTTP server listening");
    const browser = await playwright.chromium.launch({ executablePath: chromium, args: [...BROWSER, "--disable-component-update", "--disable-sync"] });
    const context = await browser.newContext({ viewport: size, permissions: ["clipboard-read", "clipboard-write"] });
    const page = await context.newPage();
    const editor = new Editor(process, browser, page, pictures);
    await page.goto(`http://127.0.0.1:${port}/?folder=${encodeURIComponent(home.app)}`);
    await editor.see(".monaco-workbench .statusbar");
    return editor;
  }

  constructor(process, browser, page, pictures) {
    Object.assign(this, { process, browser, page, pictures });
  }

  async stop() {
    await this.browser.close();
    this.process.kill("SIGTERM");
    await new Promise((resolve) => this.process.once("exit", resolve));
  }

  /** Waits until something that `selector` finds is visible, with `text` in it. */
  async see(selector, text) {
    let place = this.page.locator(selector);
    if (text !== undefined) place = place.filter({ hasText: text });
    await place.first().waitFor({ state: "visible", timeout: PATIENCE_MS });
    return place.first();
  }

  /** Whether something that `selector` finds becomes visible at once. */
  soon(selector) {
    const shown = this.page.locator(selector).first().waitFor({ state: "visible", timeout: 2_000 });
    return shown.then(
      () => true,
      () => false,
    );
  }

  async gone(selector, text) {
    const place = this.page.locator(selector).filter({ hasText: text });
    await place.first().waitFor({ state: "hidden", timeout: PATIENCE_MS });
  }

  press(...keys) {
    return keys.reduce((before, key) => before.then(() => this.page.keyboard.press(key)), Promise.resolve());
  }

  type(text) {
    return this.page.keyboard.type(text, { delay: 15 });
  }

  /** Runs a command from the palette. */
  async run(title) {
    for (let trial = 0; ; trial += 1) {
      try {
        await this.press("F1");
        await this.page.locator(".quick-input-widget input[type=text]").fill(`>${title}`, { timeout: 3_000 });
        const chosen = this.page.locator(".quick-input-list .monaco-list-row.focused").filter({ hasText: title });
        await chosen.first().waitFor({ state: "visible", timeout: 5_000 });
        return await this.press("Enter");
      } catch (error) {
        // The workbench does not listen yet, or the list before it was just about to close.
        if (trial === 5) throw error;
        await this.press("Escape");
      }
    }
  }

  /** Runs a command that asks with a list, and waits until it is there. */
  async ask(title, list) {
    await this.run(title);
    await this.see(".quick-input-widget .quick-input-title", list);
    await this.see(".quick-input-widget input[type=text]:focus");
  }

  /** Rows of the open list. */
  rows() {
    return this.page.locator(".quick-input-list .monaco-list-row").allInnerTexts();
  }

  async row(text) {
    return this.see(".quick-input-list .monaco-list-row", text);
  }

  /** The text of the editor that is in front, as far as it is drawn. */
  async text() {
    const lines = await this.page.locator(".editor-group-container.active .monaco-editor .view-lines").first().innerText();
    return lines.replaceAll("\u00a0", " ");
  }

  async until(what, condition) {
    const end = Date.now() + PATIENCE_MS;
    while (!(await condition())) {
      if (Date.now() > end) throw new Error(`never: ${what}`);
      await this.page.waitForTimeout(50);
    }
  }

  async picture(name) {
    // Lists fade in and out.
    await this.page.waitForTimeout(250);
    return this.page.screenshot({ path: join(this.pictures, `${name}.png`) });
  }

  /** Milliseconds in the browser from the next `key` until `condition`, a function of the page, holds at a frame. */
  async timed(key, condition, argument) {
    await this.page.evaluate(
      ([source, given]) => {
        const holds = new Function(`return (${source})`)();
        window.opensessionTook = new Promise((resolve) => {
          window.addEventListener(
            "keydown",
            () => {
              const began = performance.now();
              const look = () => (holds(given) ? resolve(performance.now() - began) : requestAnimationFrame(look));
              requestAnimationFrame(look);
            },
            { capture: true, once: true },
          );
        });
      },
      [condition.toString(), argument],
    );
    await this.press(key);
    return this.page.evaluate(() => window.opensessionTook);
  }
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

function ended(process) {
  return new Promise((resolve, reject) => {
    let words = "";
    process.stderr.on("data", (piece) => (words += piece));
    process.stdout.resume();
    process.once("exit", (code) => (code === 0 ? resolve() : reject(new Error(`code-server ended with ${code}: ${words}`))));
  });
}

function said(process, words) {
  return new Promise((resolve, reject) => {
    let all = "";
    process.stderr.on("data", (piece) => (all += piece));
    process.stdout.on("data", (piece) => {
      all += piece;
      if (all.includes(words)) resolve();
    });
    process.once("exit", (code) => reject(new Error(`code-server ended with ${code}: ${all}`)));
  });
}
