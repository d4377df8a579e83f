// What of the editor's interface the pure parts use, for tests.

export const l10n = {
  t: (message: string, ...values: unknown[]): string =>
    message.replace(/\{(\d+)\}/g, (_, index: string) => String(values[Number(index)])),
};
export const env = { language: "en" };
