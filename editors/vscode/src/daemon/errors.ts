// What a failed question says. Answers of JSON-RPC are known by their form: the library loads with the first connection.

/** An answer's code for a request that was taken back. */
const REQUEST_CANCELLED = -32_800;

/** What an error says, with the daemon's hint. */
export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const hint = (error as { data?: { hint?: unknown } | null }).data?.hint;
  return typeof hint === "string" ? `${error.message} (${hint})` : error.message;
}

/** Whether a request ended because it was taken back. */
export function isCancelled(error: unknown): boolean {
  return (error as { code?: unknown } | undefined)?.code === REQUEST_CANCELLED;
}
