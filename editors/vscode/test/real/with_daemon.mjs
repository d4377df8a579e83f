// node with_daemon.mjs BINARY COMMAND…: runs a command in a home of its own with two sessions and a daemon, which
// OPENSESSION_BIN names to it.
import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { resolve } from "node:path";
import { makeHome } from "./home.mjs";

const [binary, command, ...words] = process.argv.slice(2);
if (command === undefined) {
  console.error("usage: node with_daemon.mjs BINARY COMMAND…");
  process.exit(2);
}
const home = makeHome(resolve(binary));
home.install();
let status = 1;
try {
  home.opensession("daemon", "start");
  home.opensession("rpc", "index/refresh");
  const env = { ...process.env, ...home.env, PATH: `${home.env.HOME}/.local/bin:${process.env.PATH}`, OPENSESSION_BIN: resolve(binary) };
  status = spawnSync(command, words, { env, stdio: "inherit" }).status ?? 1;
} finally {
  home.opensession("daemon", "stop");
  rmSync(home.root, { recursive: true, force: true });
}
process.exit(status);
