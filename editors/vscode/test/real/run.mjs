// npm run test:real: the extension in a real VS Code, driven by keyboard in a real browser, against the real daemon.
//
//   OPENSESSION_BIN           the binary; else target/debug/opensession of this repository
//   OPENSESSION_VSCODE_PARTS  a folder with `npm install code-server@4.139.1 playwright-core node@24` (Node 22 or newer)
//   OPENSESSION_CHROMIUM      the browser; else /usr/bin/chromium
//   OPENSESSION_PICTURES      where pictures are put; else out/pictures
//   OPENSESSION_CORPUS_M      a home with many sessions: figures are measured in it, and nothing else is done
// Where a part is missing it says so and passes; with OPENSESSION_TESTS_REQUIRE_PARTS=1 it fails.
import { existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { Editor } from "./editor.mjs";
import { makeHome } from "./home.mjs";
import { measure } from "./measure.mjs";
import { steps } from "./steps.mjs";

const { env } = process;
const folder = resolve(env.OPENSESSION_VSCODE_PARTS ?? "../../target/parts/vscode");
const binary = resolve(env.OPENSESSION_BIN ?? "../../target/debug/opensession");
const chromium = env.OPENSESSION_CHROMIUM ?? "/usr/bin/chromium";
const codeServer = join(folder, "node_modules/code-server/out/node/entry.js");
const ownNode = join(folder, "node_modules/.bin/node");
const parts = { codeServer, node: existsSync(ownNode) ? ownNode : process.execPath };
const vsix = readdirSync(".").find((name) => name.endsWith(".vsix"));
const missing = [
  [binary, "the binary (cargo build)"],
  [chromium, "chromium"],
  [codeServer, "code-server (OPENSESSION_VSCODE_PARTS)"],
  [join(folder, "node_modules/playwright-core"), "playwright-core (OPENSESSION_VSCODE_PARTS)"],
  [vsix ?? "no.vsix", "the package (npm run package)"],
].filter(([file]) => !existsSync(file));

if (missing.length > 0) {
  console.log(`skipped: not found: ${missing.map(([, what]) => what).join(", ")}`);
  process.exit(env.OPENSESSION_TESTS_REQUIRE_PARTS === "1" ? 1 : 0);
}

const pictures = resolve(env.OPENSESSION_PICTURES ?? "out/pictures");
mkdirSync(pictures, { recursive: true });
const playwright = createRequire(join(folder, "node_modules/"))("playwright-core");
const corpus = env.OPENSESSION_CORPUS_M;
const home = makeHome(binary, corpus);
// The corpus is of other repositories than the workspace.
const settings = corpus === undefined ? {} : { "opensession.scope": "all" };
let editor;
let failed = false;
try {
  if (corpus !== undefined) {
    home.install();
    home.opensession("daemon", "start");
    home.opensession("rpc", "index/refresh");
  }
  editor = await Editor.start({ parts, chromium, vsix: resolve(vsix), home, pictures, playwright, settings });
  if (corpus === undefined) {
    for (const [name, step] of Object.entries(steps)) {
      const began = Date.now();
      try {
        await step(editor, home);
        console.log(`ok  ${name}  ${((Date.now() - began) / 1000).toFixed(1)}s`);
      } catch (error) {
        // The next step may show more.
        failed = true;
        console.log(`not ok  ${name}  ${error.stack}`);
        await editor.picture(`failure-${name.replace(/[^a-z]+/gi, "-")}`);
        await editor.press("Escape", "Escape");
      }
    }
  } else {
    await measure(editor, home);
  }
} catch (error) {
  failed = true;
  console.error(error);
  await editor?.picture("failure");
} finally {
  await editor?.stop();
  try {
    home.opensession("daemon", "stop");
  } catch {
    // It did not run.
  }
  if (failed || env.OPENSESSION_KEEP === "1") console.log(`kept: ${home.root}`);
  else rmSync(home.root, { recursive: true, force: true });
}
process.exit(failed ? 1 : 0);
