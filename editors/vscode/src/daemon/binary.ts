// Where the `opensession` binary is, and running it for what only it can do: naming the socket, starting the daemon.

import { execFile } from "node:child_process";
import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { delimiter, join } from "node:path";

const NAME = "opensession";
/** Naming the socket is a matter of milliseconds; starting a daemon that recovers a database is not. */
const PATH_PATIENCE_MS = 5_000;
const START_PATIENCE_MS = 30_000;
const OUTPUT_BYTES_MOST = 1 << 20;

/** Files that may be the binary, the likeliest first. A path that the user set is the only one. */
export function candidates(configured: string, env: NodeJS.ProcessEnv, home: string): string[] {
  const set = configured.trim();
  if (set !== "") {
    return [set.startsWith("~/") ? join(home, set.slice(2)) : set];
  }
  const onPath = (env["PATH"] ?? "").split(delimiter).filter((folder) => folder.startsWith("/"));
  const usual = [join(home, ".cargo/bin"), join(home, ".local/bin"), "/usr/local/bin", "/opt/homebrew/bin", "/usr/bin"];
  return [...new Set([...onPath, ...usual])].map((folder) => join(folder, NAME));
}

/** The first candidate that is an executable file. */
export async function findBinary(files: readonly string[]): Promise<string | undefined> {
  for (const file of files) {
    try {
      await access(file, constants.X_OK);
      if ((await stat(file)).isFile()) return file;
    } catch {
      // It is not there: the next one.
    }
  }
  return undefined;
}

/** The binary ended with an error; the message is its last words. */
export class BinaryError extends Error {}

export function socketPath(binary: string): Promise<string> {
  return run(binary, ["daemon", "path"], PATH_PATIENCE_MS).then((output) => output.trim());
}

export function startDaemon(binary: string): Promise<string> {
  return run(binary, ["daemon", "start"], START_PATIENCE_MS);
}

export function restartDaemon(binary: string): Promise<string> {
  return run(binary, ["daemon", "restart"], START_PATIENCE_MS);
}

export function daemonLog(binary: string): Promise<string> {
  return run(binary, ["daemon", "logs"], PATH_PATIENCE_MS);
}

function run(binary: string, words: string[], timeout: number): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(binary, words, { timeout, maxBuffer: OUTPUT_BYTES_MOST }, (error, stdout, stderr) => {
      if (error === null) {
        resolve(stdout);
      } else {
        reject(new BinaryError(stderr.trim() === "" ? error.message : lastWords(stderr), { cause: error }));
      }
    });
  });
}

/** What the binary said last without its marks: the daemon's own words where it tells them. */
export function lastWords(stderr: string): string {
  const own = /^\s*its last words: (.*)$/m.exec(stderr)?.[1];
  return (own ?? stderr).replace(/^(error|hint): /gm, "").replace(/\s+/g, " ").trim();
}
