// Bundles the extension into dist/, or with --test its tests into out/test/.
import { readdirSync } from "node:fs";
import { build } from "esbuild";

const common = { bundle: true, platform: "node", target: "node20", logLevel: "warning" };

if (process.argv.includes("--test")) {
  const tests = readdirSync("test").filter((name) => name.endsWith(".test.ts"));
  await build({
    ...common,
    entryPoints: tests.map((name) => `test/${name}`),
    outdir: "out/test",
    format: "cjs",
    outExtension: { ".js": ".cjs" },
    alias: { vscode: "./test/vscode.ts" },
    // The editor of the tests lacks what they do not come to.
    logOverride: { "import-is-undefined": "silent" },
  });
} else {
  await build({
    ...common,
    entryPoints: ["src/extension.ts"],
    outfile: "dist/extension.js",
    format: "cjs",
    external: ["vscode"],
    minify: true,
    sourcemap: true,
  });
}
